//! How much memory the system's allocator may keep (docs/decisions/0017).
//!
//! Source: `mallopt(3)`, `M_MMAP_THRESHOLD` and `M_TRIM_THRESHOLD`; `malloc_trim(3)`.

use std::{fs, io, thread, time::Duration};

/// Allocations of this size or more return to the system as soon as they are freed: decoded images of more
/// than two megapixels.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const MAPPED_FROM: libc::c_int = 8 << 20;

/// How much may stay free at the end of each of the allocator's arenas, mapped for smaller images. `malloc_trim`
/// returns it only of the first arena.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const KEPT: libc::c_int = 8 << 20;

/// How long to wait between trims: the shorter time while a trim returns enough to be worth it.
const WAIT: Duration = Duration::from_secs(10);
const LONGEST_WAIT: Duration = Duration::from_mins(1);
const ENOUGH_BYTES: u64 = 8 << 20;

/// Returns large allocations to the system at once. By default glibc raises its threshold to the size that was freed
/// last, up to 32 MiB, and then keeps such memory in each of its arenas, up to eight for each core: here it has one.
/// To be called before there are threads; does nothing with other allocators.
pub fn return_large_allocations() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[expect(unsafe_code, reason = "mallopt is a C function")]
    // SAFETY: it takes two numbers and touches no memory of ours; with one thread there is no concurrent
    // allocation.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, MAPPED_FROM);
        libc::mallopt(libc::M_TRIM_THRESHOLD, KEPT);
        libc::mallopt(libc::M_ARENA_MAX, arenas());
    }
}

/// As many as there are cores, and at least two.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn arenas() -> libc::c_int {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    libc::c_int::try_from(cores).unwrap_or(libc::c_int::MAX).max(2)
}

/// Returns other free memory within a minute, by a thread of its own: glibc never returns it while it is between two
/// allocations in use. Does nothing with other allocators.
///
/// # Errors
/// If the system cannot create a thread.
pub fn return_free_memory() -> io::Result<()> {
    if cfg!(not(all(target_os = "linux", target_env = "gnu"))) {
        return Ok(());
    }
    thread::Builder::new().name("memory".to_owned()).spawn(trim_periodically).map(drop)
}

fn trim_periodically() {
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
    #[expect(unsafe_code, reason = "malloc_trim is a C function")]
    // SAFETY: it takes a number, and locks each arena while it returns its free pages.
    unsafe {
        libc::malloc_trim(0);
    }
}

/// Resident memory of this process; `None` where the system has no such file.
fn resident_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let kilobytes =
        status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?.trim().strip_suffix(" kB")?;
    Some(kilobytes.parse::<u64>().ok()? * 1024)
}

#[cfg(all(test, target_os = "linux", target_env = "gnu"))]
mod tests {
    use std::sync::{Mutex, PoisonError};

    use super::*;

    /// The tests measure one process.
    static ALONE: Mutex<()> = Mutex::new(());

    #[test]
    fn free_memory_of_threads_that_ended_is_returned() {
        const THREADS: usize = 12;
        let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        return_large_allocations();
        let before = resident_bytes().unwrap();
        let mut peak = 0;
        thread::scope(|scope| {
            // All of them at once, so that each has memory of its own.
            let images: Vec<_> = (0..THREADS)
                .map(|_| scope.spawn(|| (0..6).map(|_| vec![1_u8; 4 << 20]).collect::<Vec<_>>()))
                .collect();
            let images: Vec<_> = images.into_iter().map(|thread| thread.join().unwrap()).collect();
            peak = resident_bytes().unwrap();
            drop(images);
        });
        trim();
        let (after, used) = (resident_bytes().unwrap(), THREADS as u64 * (24 << 20));
        assert!(peak > before + used / 2, "{peak}");
        assert!(after < before + used / 4, "{after} of {peak} stay, {before} before");
    }

    #[test]
    fn free_memory_between_allocations_is_returned() {
        let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
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
