//! All that table and bucket hold, page by page.
//!
//! Objects come in the order of their keys, items in the table's own: neither is held against a list of the other. Of each page
//! of objects their users are asked for, of each page of users their objects.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use async_trait::async_trait;
use domain::{
    AvatarKey, Error, Finding, Inventory, RenditionKey, Shelf, Size, Swept, Timestamp, UploadId, UserId,
};
use tokio::{sync::Semaphore, task::JoinSet};

use super::{
    calls::Calls,
    item::{self, SENTINEL},
    store::Store,
};

/// Items in a page, whose objects are then asked for.
const USERS: usize = 200;

/// How many users' objects are asked for at once.
const AT_ONCE: usize = 16;

/// Objects that S3 removes in one call.
const REMOVED: usize = 1000;

/// Each standard size as WebP and in one more format.
const RENDITIONS: usize = 2 * Size::STANDARD.len();

#[async_trait]
impl Inventory for Store {
    async fn walk(&self, of: Shelf, after: Option<&str>, before: Timestamp) -> Result<Swept, Error> {
        let calls = self.calls().await?;
        match of {
            Shelf::Avatars => {
                let upload =
                    |key: &str| key.parse().ok().map(|AvatarKey { user, upload, .. }| (user, upload));
                objects(calls, "avatars/", after, before, upload, Finding::UnreferencedAvatar).await
            }
            Shelf::Renditions => {
                let upload =
                    |key: &str| key.parse().ok().map(|RenditionKey { user, upload, .. }| (user, upload));
                objects(calls, "renditions/", after, before, upload, Finding::UnreferencedRendition).await
            }
            Shelf::Users => users(calls, after, before).await,
        }
    }

    async fn remove(&self, findings: &[Finding]) -> Result<(), Error> {
        let key = |finding: &Finding| match finding {
            Finding::UnreferencedAvatar(key) | Finding::UnreferencedRendition(key) => Some(key.clone()),
            Finding::MissingImage(_) | Finding::MissingRenditions(_) => None,
        };
        let keys: Vec<_> = findings.iter().filter_map(key).collect();
        let bucket = self.calls().await?.bucket()?;
        for some in keys.chunks(REMOVED) {
            bucket.delete(some.to_vec()).await?;
        }
        Ok(())
    }
}

/// A page of objects: those older than `before` whose upload no user has. An object whose key is not Roster's is another
/// program's, and left alone.
async fn objects(
    calls: &Calls,
    prefix: &str,
    after: Option<&str>,
    before: Timestamp,
    upload: impl Fn(&str) -> Option<(UserId, UploadId)>,
    finding: fn(String) -> Finding,
) -> Result<Swept, Error> {
    let listed = calls.bucket()?.list(prefix, after).await?;
    let looked_at = listed.objects.len() as u64;
    let old = listed.objects.into_iter().filter(|(_, put_at)| *put_at < before);
    let old: Vec<_> = old.filter_map(|(key, _)| upload(&key).map(|upload| (key, upload))).collect();
    let owners: BTreeSet<_> = old.iter().map(|(_, (user, _))| user.to_string()).collect();
    let named: HashMap<_, _> = calls.table.avatar_keys(owners.into_iter().collect()).await?;
    let has = |user: &UserId, upload: &UploadId| {
        named.get(&user.to_string()).is_some_and(|key| key.contains(&upload.to_string()))
    };
    let unreferenced = old.into_iter().filter(|(_, (user, upload))| !has(user, upload));
    Ok(Swept { looked_at, findings: unreferenced.map(|(key, _)| finding(key)).collect(), next: listed.next })
}

/// A page of users: those without their image, and those without all of its renditions.
async fn users(calls: &Arc<Calls>, after: Option<&str>, before: Timestamp) -> Result<Swept, Error> {
    let page = calls.table.scan(after, USERS).await?;
    let mut swept = Swept { next: page.last, ..Swept::default() };
    let turns = Arc::new(Semaphore::new(AT_ONCE));
    let mut looks = JoinSet::new();
    for item in page.items.iter().filter(|item| item::optional(item, item::ID) != Some(SENTINEL)) {
        swept.looked_at += 1;
        let key = item::optional(item, item::AVATAR_KEY).and_then(|key| key.parse::<AvatarKey>().ok());
        let Some(key) = key.filter(|key| key.upload.made_at() < before) else { continue };
        let (calls, turns) = (calls.clone(), turns.clone());
        looks.spawn(async move {
            let _turn = turns.acquire_owned().await.expect("never closed");
            of_image(&calls, key).await
        });
    }
    for finding in looks.join_all().await {
        swept.findings.extend(finding?);
    }
    Ok(swept)
}

async fn of_image(calls: &Calls, key: AvatarKey) -> Result<Option<Finding>, Error> {
    let bucket = calls.bucket()?;
    if bucket.list(&key.to_string(), None).await?.objects.is_empty() {
        return Ok(still_named(calls, &key).await?.then_some(Finding::MissingImage(key.user)));
    }
    let made = bucket.list(&key.renditions_prefix(), None).await?.objects;
    if made.iter().filter(|(name, _)| name.parse::<RenditionKey>().is_ok()).count() >= RENDITIONS {
        return Ok(None);
    }
    Ok(still_named(calls, &key).await?.then_some(Finding::MissingRenditions(key)))
}

/// Whether the user still has it: it may have been replaced since the page was read.
async fn still_named(calls: &Calls, key: &AvatarKey) -> Result<bool, Error> {
    Ok(calls.table.get(&key.user).await?.is_some_and(|now| item::names(&now, key)))
}
