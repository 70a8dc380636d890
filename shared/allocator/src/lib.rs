//! How much memory the system's allocator may keep (docs/decisions/0017).

/// Memory of an allocation from here on is the system's again as soon as it is freed: images of more than two megapixels, decoded.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const MAPPED_FROM: libc::c_int = 8 << 20;

/// What may stay free at the end of each of the allocator's arenas, so that smaller images find pages that are there.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const KEPT: libc::c_int = 32 << 20;

/// Gives large memory back at once. By itself glibc raises its limit to whatever was freed last, up to 32 MiB, and then keeps such
/// memory in each of its arenas, one for each thread. To be called before there are threads; does nothing with other allocators.
///
/// Source: mallopt(3), `M_MMAP_THRESHOLD` and `M_TRIM_THRESHOLD`.
pub fn give_back_large_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[expect(unsafe_code, reason = "glibc is asked by a function of C")]
    // SAFETY: it takes two numbers and touches no memory of ours; while there is one thread nobody allocates beside it.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, MAPPED_FROM);
        libc::mallopt(libc::M_TRIM_THRESHOLD, KEPT);
    }
}
