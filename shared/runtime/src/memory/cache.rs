//! How the memory for caches is divided.

/// The parts of `ROSTER_CACHE_BYTES`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CachePlan {
    /// For pictures as they are served.
    pub picture_bytes: u64,
    /// For renditions made on demand.
    pub rendition_bytes: u64,
    /// For encoded pages of users.
    pub page_bytes: u64,
    /// For what pictures need to know of users.
    pub user_bytes: u64,
}

impl CachePlan {
    /// An eighth of `cache_bytes` is for renditions, a sixteenth each for pages and for users: of the default
    /// that is 200 pages of 100 users, and some 19,000 users. Nothing is for these two if the store `is_shared`: others
    /// write to it, so no page and no user is kept.
    pub const fn new(cache_bytes: u64, is_shared: bool) -> Self {
        let rendition_bytes = cache_bytes / 8;
        let page_bytes = if is_shared { 0 } else { cache_bytes / 16 };
        let user_bytes = page_bytes;
        let picture_bytes = cache_bytes - rendition_bytes - page_bytes - user_bytes;
        Self { picture_bytes, rendition_bytes, page_bytes, user_bytes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_are_the_whole() {
        for cache_bytes in [0, 1, 1 << 20, 64 << 20, u64::MAX] {
            for is_shared in [false, true] {
                let CachePlan { picture_bytes, rendition_bytes, page_bytes, user_bytes } =
                    CachePlan::new(cache_bytes, is_shared);
                assert_eq!(picture_bytes + rendition_bytes + page_bytes + user_bytes, cache_bytes);
                assert!(!is_shared || page_bytes + user_bytes == 0, "kept for nothing");
            }
        }
    }
}
