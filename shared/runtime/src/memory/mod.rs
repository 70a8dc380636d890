//! How the memory of a process is divided: all bounds together fit its limit.

mod cache;
mod cgroup;

use std::fs;

pub use cache::CachePlan;

const MIB: u64 = 1 << 20;

/// Memory besides images and cache if the process has no limit: as in the chart, whose limit is 320 MiB.
const OVERHEAD: u64 = 96 * MIB;

/// Maximum memory of a connection besides its bodies: buffers of [`crate::serve::MAX_BUFFER_BYTES`], the
/// request, and what waits for it.
const CONNECTION_BYTES: u64 = 32 * 1024;

/// The parts of a form besides its image.
const FORM_BYTES: usize = 1 << 20;

/// Bounds of a process besides the settings for image memory and cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryPlan {
    /// For the image in one request.
    pub image_bytes: usize,
    /// For all uploads, from the first byte until they are stored.
    pub upload_bytes: usize,
    /// For all pieces of images that are being sent.
    pub download_bytes: usize,
    /// Maximum concurrent connections.
    pub connections: usize,
}

impl MemoryPlan {
    /// Divides `limit_bytes`, of which image work and the cache take these. A third of the rest is for
    /// uploads, of at most `max_upload_bytes` each, a third for connections, a sixth for downloads; the last
    /// sixth is for the process itself.
    pub fn new(limit_bytes: Option<u64>, work_bytes: u64, cache_bytes: u64, max_upload_bytes: usize) -> Self {
        let overhead = limit_bytes.map_or(OVERHEAD, |limit| limit.saturating_sub(work_bytes + cache_bytes));
        let bytes = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
        Self {
            image_bytes: max_upload_bytes,
            // At least the largest image; above the maximum the cores are the limit.
            upload_bytes: bytes((overhead / 3).min(128 * MIB)).max(max_upload_bytes + FORM_BYTES),
            download_bytes: bytes((overhead / 6).clamp(8 * MIB, 128 * MIB)),
            connections: bytes((overhead / 3 / CONNECTION_BYTES).clamp(64, 10_000)),
        }
    }

    /// Whether the limit is too small for these settings.
    pub fn is_tight(limit_bytes: Option<u64>, image_bytes: u64, cache_bytes: u64) -> bool {
        limit_bytes.is_some_and(|limit| limit < image_bytes + cache_bytes + OVERHEAD)
    }
}

/// The memory limit of this process, if its container has one.
pub fn limit_bytes() -> Option<u64> {
    let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
    let files = cgroup::limit_files(&groups);
    files.iter().filter_map(|file| cgroup::limit(&fs::read_to_string(file).ok()?)).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_bounds_together_fit_the_limit() {
        for (limit, image, cache) in [(320, 160, 64), (1024, 160, 64), (4096, 512, 256), (512, 160, 0)] {
            let plan = MemoryPlan::new(Some(limit * MIB), image * MIB, cache * MIB, 16 << 20);
            let overhead = plan.upload_bytes as u64
                + plan.download_bytes as u64
                + plan.connections as u64 * CONNECTION_BYTES;
            assert!((image + cache + 16) * MIB + overhead <= limit * MIB, "{limit}: {plan:?}");
            assert!(!MemoryPlan::is_tight(Some(limit * MIB), image * MIB, cache * MIB), "{limit}");
        }
    }

    #[test]
    fn without_a_limit_the_plan_is_that_of_the_chart() {
        let plan = MemoryPlan::new(None, 160 * MIB, 64 * MIB, 16 << 20);
        assert_eq!((plan.upload_bytes, plan.download_bytes), (32 << 20, 16 << 20));
        assert_eq!((plan.image_bytes, plan.connections), (16 << 20, 1024));
        assert_eq!(plan, MemoryPlan::new(Some(320 * MIB), 160 * MIB, 64 * MIB, 16 << 20));
        assert_eq!(MemoryPlan::new(None, 1024 * MIB, 0, 16 << 20), plan);
    }

    #[test]
    fn the_largest_image_that_may_be_set_can_be_received() {
        let max = domain::Image::MAX_BYTES;
        let plan = MemoryPlan::new(None, 160 * MIB, 64 * MIB, max);
        assert!(plan.upload_bytes > max, "{plan:?}");
    }

    #[test]
    fn a_limit_that_is_too_small_still_serves_and_is_noticed() {
        let plan = MemoryPlan::new(Some(64 * MIB), 160 * MIB, 64 * MIB, 8 << 20);
        assert_eq!((plan.upload_bytes, plan.download_bytes, plan.connections), (9 << 20, 8 << 20, 64));
        assert!(MemoryPlan::is_tight(Some(319 * MIB), 160 * MIB, 64 * MIB));
    }
}
