//! How much memory the system's allocator may keep (docs/decisions/0017).
//!
//! Source: mallopt(3), `M_MMAP_THRESHOLD` and `M_TRIM_THRESHOLD`; malloc_trim(3).

use std::{fs, io, thread, time::Duration};

/// Memory of an allocation from here on is the system's again as soon as it is freed: images of more than two megapixels, decoded.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const MAPPED_FROM: libc::c_int = 8 << 20;

/// What may stay free at the end of each of the allocator's arenas, so that smaller images find pages that are there.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const KEPT: libc::c_int = 32 << 20;

/// How long to wait before free memory is returned again: the shorter as long as there is enough of it to be worth the while.
const WAIT: Duration = Duration::from_secs(10);
const LONGEST_WAIT: Duration = Duration::from_secs(60);
const ENOUGH_BYTES: u64 = 8 << 20;

/// Returns large allocations to the system as soon as they are freed, and smaller ones within a minute.
///
/// By itself glibc raises its limit to whatever was freed last, up to 32 MiB, and then keeps such memory in each of its arenas, one
/// for each thread; and free memory between two allocations that are in use stays for good. To be called before there are threads;
/// does nothing with other allocators.
///
/// # Errors
/// Where the system has no thread left.
pub fn return_memory() -> io::Result<()> {
    if cfg!(not(all(target_os = "linux", target_env = "gnu"))) {
        return Ok(());
    }
    limit_kept();
    thread::Builder::new().name("memory".to_owned()).spawn(trim_again_and_again).map(drop)
}

fn limit_kept() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[expect(unsafe_code, reason = "glibc is set by a function of C")]
    // SAFETY: it takes two numbers and touches no memory of ours; while there is one thread nothing is allocated meanwhile.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, MAPPED_FROM);
        libc::mallopt(libc::M_TRIM_THRESHOLD, KEPT);
    }
}

fn trim_again_and_again() {
    let mut wait = WAIT;
    loop {
        thread::sleep(wait);
        let before = resident_bytes();
        trim();
        let returned = before.unwrap_or(0).saturating_sub(resident_bytes().unwrap_or(0));
        wait = if returned < ENOUGH_BYTES { LONGEST_WAIT.min(2 * wait) } else { WAIT };
    }
}

/// Returns every free page, also between allocations that are in use.
fn trim() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[expect(unsafe_code, reason = "glibc is asked by a function of C")]
    // SAFETY: it takes a number, and locks each arena while it returns what is free there.
    unsafe {
        libc::malloc_trim(0);
    }
}

/// The memory of this process; none where the system has no such file.
fn resident_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let kilobytes =
        status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?.trim().strip_suffix(" kB")?;
    Some(kilobytes.parse::<u64>().ok()? * 1024)
}

#[cfg(all(test, target_os = "linux", target_env = "gnu"))]
mod tests {
    use super::*;

    #[test]
    fn free_memory_between_allocations_is_returned() {
        let mut small: Vec<_> = (0..100_000).map(|_| vec![1_u8; 1000]).collect();
        let full = resident_bytes().unwrap();
        let mut number = 0;
        small.retain(|_| {
            number += 1;
            number % 100 == 0
        });
        trim();
        let trimmed = resident_bytes().unwrap();
        assert!(trimmed + (80 << 20) < full, "{trimmed} of {full}");
        assert_eq!(small.len(), 1000);
    }
}
