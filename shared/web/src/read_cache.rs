//! Reads of users that are kept in memory while they are current.

use std::hash::Hash;

use domain::Error;
use quick_cache::{Weighter, sync::Cache};

use crate::SharedReads;

/// What was read from a store, kept until its [generation](domain::UserStore::generation) changes: then an
/// entry is read again when it is needed. Nothing is kept of a store without a generation: there, requests that
/// wait at the same time share a read.
pub struct ReadCache<K, V: Clone> {
    kept: Cache<K, Entry<V>, Weight<K, V>>,
    shared: SharedReads<K, Result<V, Error>>,
}

#[derive(Clone)]
struct Entry<V> {
    value: V,
    /// That of the store before `value` was read.
    generation: u64,
}

/// Overhead of an entry.
const ENTRY_BYTES: usize = 128;

impl<K: Eq + Hash + Clone + Send + 'static, V: Clone + Send + Sync + 'static> ReadCache<K, V> {
    /// At most `max_bytes` of entries; `bytes_of` returns the size of one, `typical_bytes` on average.
    pub fn new(max_bytes: u64, typical_bytes: u64, bytes_of: fn(&K, &V) -> usize) -> Self {
        let entries = usize::try_from(max_bytes / typical_bytes).unwrap_or(usize::MAX).max(1);
        let kept = Cache::with_weighter(entries, max_bytes, Weight(bytes_of));
        Self { kept, shared: SharedReads::default() }
    }

    /// The value that was kept for `key` under this generation, or else what `read` returns. Without a generation, what
    /// a read returns that begins after this call.
    ///
    /// The generation must be taken before this call: one that is taken after a read may count a write that the read
    /// missed.
    ///
    /// # Errors
    /// Those of the read. They are not kept.
    pub async fn get_or_read<F>(
        &self,
        generation: Option<u64>,
        key: &K,
        read: impl FnOnce() -> F,
    ) -> Result<V, Error>
    where
        F: Future<Output = Result<V, Error>> + Send + 'static,
    {
        let Some(generation) = generation else { return self.shared.get(key, read()).await };
        if let Some(entry) = self.kept.get(key).filter(|entry| entry.generation == generation) {
            return Ok(entry.value);
        }
        let value = read().await?;
        self.kept.insert(key.clone(), Entry { value: value.clone(), generation });
        Ok(value)
    }
}

/// Returns the bytes of an entry.
struct Weight<K, V>(fn(&K, &V) -> usize);

impl<K, V> Clone for Weight<K, V> {
    fn clone(&self) -> Self {
        Self(self.0)
    }
}

impl<K, V> Weighter<K, Entry<V>> for Weight<K, V> {
    fn weight(&self, key: &K, entry: &Entry<V>) -> u64 {
        ((self.0)(key, &entry.value) + ENTRY_BYTES) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache(max_bytes: u64) -> ReadCache<u32, Vec<u8>> {
        ReadCache::new(max_bytes, 1024, |_, value| value.len())
    }

    async fn get(
        cache: &ReadCache<u32, Vec<u8>>,
        generation: Option<u64>,
        read: Result<&'static str, Error>,
    ) -> Result<Vec<u8>, Error> {
        let read = || async { read.map(|text| text.as_bytes().to_vec()) };
        cache.get_or_read(generation, &1, read).await
    }

    #[tokio::test]
    async fn a_read_is_kept_for_its_generation_and_never_without_one() {
        let cache = cache(1 << 20);
        for (generation, read, expected) in [
            (None, "a", "a"),
            (Some(7), "b", "b"),
            (Some(7), "c", "b"),
            (None, "d", "d"),
            (Some(8), "e", "e"),
            (Some(7), "f", "f"),
            (Some(8), "g", "g"),
        ] {
            let found = get(&cache, generation, Ok(read)).await.unwrap();
            assert_eq!(found, expected.as_bytes(), "{generation:?} {read}");
        }
    }

    #[tokio::test]
    async fn an_error_is_not_kept() {
        let cache = cache(1 << 20);
        for generation in [Some(7), None] {
            assert!(matches!(get(&cache, generation, Err(Error::Throttled)).await, Err(Error::Throttled)));
            assert_eq!(get(&cache, generation, Ok("a")).await.unwrap(), b"a");
        }
    }

    #[tokio::test]
    async fn its_memory_is_bounded() {
        for max_bytes in [0, 64 << 10, 1 << 20] {
            let cache = cache(max_bytes);
            for key in 0..10_000 {
                let read = || async { Ok(vec![0; 1000]) };
                cache.get_or_read(Some(7), &key, read).await.unwrap();
            }
            assert!(cache.kept.weight() <= max_bytes, "{} of {max_bytes}", cache.kept.weight());
            assert_eq!(cache.kept.is_empty(), max_bytes == 0);
        }
    }
}
