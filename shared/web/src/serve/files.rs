//! How many files, connections among them, this process may have open.

/// Raises the limit to the most that the system allows this process; returns what it is then. Shells and services begin with 1,024 for
/// programs that use `select`, and this is none.
pub fn raise_file_limit() -> usize {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

        let limit = getrlimit(Resource::Nofile);
        let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
        let current = if setrlimit(Resource::Nofile, raised).is_ok() { limit.maximum } else { limit.current };
        // None is no limit.
        current.and_then(|files| usize::try_from(files).ok()).unwrap_or(usize::MAX)
    }
    #[cfg(not(target_os = "linux"))]
    256
}
