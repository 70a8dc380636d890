//! One `serve` per file.

use std::{
    fs::{File, TryLockError},
    io::{self, Read as _, Seek as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use super::file::sibling;
use crate::sqlite::open_error::OpenError;

/// Locks out every other `serve`. The system releases it when the file is closed, however the process ends.
///
/// The lock file stays: removing it would let two processes hold locks on two files of one name.
#[derive(Debug)]
pub(super) struct ServeLock(File);

impl Drop for ServeLock {
    /// A child process that is just being started has the file open too, until it runs its own program.
    fn drop(&mut self) {
        let _ = self.0.unlock();
    }
}

impl ServeLock {
    pub(super) fn take(database: &Path) -> Result<Self, OpenError> {
        let path = sibling(database, "-lock");
        let failed = |why| OpenError::Io { file: path.clone(), why };
        let mut file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(OpenError::InUse { file: database.to_owned(), pid: holder(&mut file) });
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        sign(&mut file).map_err(failed)?;
        Ok(Self(file))
    }
}

fn holder(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

fn sign(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())
}
