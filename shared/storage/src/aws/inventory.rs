//! Everything that table and bucket hold, page by page.
//!
//! Objects are listed by key and items in the table's own order, so the two lists are not compared. Instead
//! the users of each page of objects are looked up, and the objects of each page of users.
//!
//! Orphans are removed, so any doubt about a reference is an error or keeps the object. An object is removed
//! only if
//!
//! - the bucket's marker names this table and its environment,
//! - its key has the form of Roster's keys, and it is old enough by the clock of S3,
//! - a consistent read of its user right before the removal has no reference to it, by key or by URL, and
//! - the sweep found no other item that references its upload ([`References`]).

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use async_trait::async_trait;
use domain::{
    AvatarKey, Error, Finding, Grace, ImageFormat, Inventory, References, Removal, RenditionKey, Size,
    SweepPage, SweepStage, Timestamp, UploadId, UserId, environment::WrongEnvironment,
};
use tokio::{sync::Semaphore, task::JoinSet};

use super::{
    aws_clients::AwsClients,
    item::{self, SENTINEL},
    references::{may_reference, referenced_elsewhere},
    store::Store,
};

/// Items in a page whose objects are looked up.
const USERS: usize = 200;

/// Items in a page without further lookups.
const ITEMS: usize = 1000;

/// Concurrent lookups of users or of their objects.
const CONCURRENCY: usize = 16;

/// Of a new image: each eager size as WebP and in one more format.
const RENDITIONS: usize = 2 * Size::EAGER.len();

#[async_trait]
impl Inventory for Store {
    async fn confirm(&self) -> Result<(), Error> {
        confirm(self.aws().await?).await
    }

    async fn claim(&self) -> Result<(), Error> {
        let aws = self.aws().await?;
        let owner = aws.owner().await?;
        if owner.is_marked {
            return Ok(());
        }
        let bucket = aws.bucket()?;
        let named = owner.environment.ok_or_else(|| {
            Error::damaged(
                "the table names no environment: add the item with `just tf ENVIRONMENT data apply`",
            )
        })?;
        let grace = Grace { orphan: Duration::ZERO, missing: Duration::ZERO };
        let some = self.walk(SweepStage::Avatars, None, grace).await?;
        let orphans = some.findings.len() as u64;
        // Allows for what a few crashes left behind.
        if orphans > (some.checked / 20).max(3.min(some.checked / 2)) {
            return Err(Error::WrongEnvironment(WrongEnvironment::ForeignImages {
                bucket: bucket.name().to_owned(),
                table: aws.table.name.clone(),
                images: some.checked,
                orphans,
            }));
        }
        if bucket.mark(&named, &aws.table.name).await? {
            return Ok(());
        }
        // It was written meanwhile: by others, or by a try of this call whose answer was lost.
        confirm(aws).await
    }

    async fn references(&self, after: Option<&str>) -> Result<References, Error> {
        let page = self.aws().await?.table.scan(after, ITEMS).await?;
        let mut references = References { next: page.last, ..References::default() };
        for item in page.items.iter().filter(|item| item::optional(item, item::ID) != Some(SENTINEL)) {
            references.users += 1;
            references.uploads.extend(referenced_elsewhere(item));
        }
        Ok(references)
    }

    async fn walk(&self, stage: SweepStage, after: Option<&str>, grace: Grace) -> Result<SweepPage, Error> {
        let aws = self.aws().await?;
        match stage {
            SweepStage::Avatars => objects(aws, "avatars/", after, grace, Finding::UnreferencedAvatar).await,
            SweepStage::Renditions => {
                objects(aws, "renditions/", after, grace, Finding::UnreferencedRendition).await
            }
            SweepStage::Users => users(aws, after, grace).await,
        }
    }

    async fn remove(&self, findings: &[Finding]) -> Result<Vec<Removal>, Error> {
        let aws = self.aws().await?;
        confirm(aws).await?;
        let mut removals = check_again(aws, findings).await;
        let is_orphan = |index: &usize| removals[*index] == Removal::Removed;
        let orphans: Vec<_> = (0..findings.len()).filter(is_orphan).collect();
        let keys: Vec<_> =
            orphans.iter().filter_map(|index| findings[*index].orphan().map(str::to_owned)).collect();
        for (index, removal) in orphans.into_iter().zip(aws.bucket()?.remove(&keys).await) {
            removals[index] = removal;
        }
        Ok(removals)
    }
}

/// Passes if the bucket's marker names this table and environment.
async fn confirm(aws: &AwsClients) -> Result<(), Error> {
    if aws.owner().await?.is_marked {
        return Ok(());
    }
    let bucket = aws.bucket()?.name().to_owned();
    Err(Error::WrongEnvironment(WrongEnvironment::Unmarked { bucket }))
}

/// User and upload of an image or a rendition, by its key; `None` for keys of other programs.
fn owner(key: &str) -> Option<(UserId, UploadId)> {
    let avatar = key.parse().ok().map(|AvatarKey { user, upload, .. }| (user, upload));
    avatar.or_else(|| key.parse().ok().map(|RenditionKey { user, upload, .. }| (user, upload)))
}

/// A page of objects. Finds those that are old enough and whose user does not reference their upload.
async fn objects(
    aws: &AwsClients,
    prefix: &str,
    after: Option<&str>,
    grace: Grace,
    finding: fn(String) -> Finding,
) -> Result<SweepPage, Error> {
    let listed = aws.bucket()?.list(prefix, after).await?;
    let checked = listed.objects.len() as u64;
    let before = listed.at - grace.orphan;
    let is_old = |put_at: Timestamp| put_at <= before;
    let old = listed.objects.into_iter().filter(|(_, put_at)| is_old(*put_at));
    let old: Vec<_> = old.filter_map(|(key, _)| owner(&key).map(|upload| (key, upload))).collect();
    let ids: BTreeSet<_> = old.iter().map(|(_, (user, _))| user.to_string()).collect();
    let owners = aws.table.owners(ids.into_iter().collect()).await?;
    let is_referenced = |user: &UserId, upload: &UploadId| {
        owners.get(&user.to_string()).is_some_and(|item| may_reference(item, upload))
    };
    let orphans = old.into_iter().filter(|(_, (user, upload))| !is_referenced(user, upload));
    Ok(SweepPage { checked, findings: orphans.map(|(key, _)| finding(key)).collect(), next: listed.next })
}

/// Checks of each finding whether it is still an orphan: if so, it counts as removed.
async fn check_again(aws: &Arc<AwsClients>, findings: &[Finding]) -> Vec<Removal> {
    let mut removals = vec![Removal::Kept; findings.len()];
    let permits = Arc::new(Semaphore::new(CONCURRENCY));
    let mut checks = JoinSet::new();
    for (index, finding) in findings.iter().enumerate() {
        let Some((user, upload)) = finding.orphan().and_then(owner) else { continue };
        let (aws, permits) = (aws.clone(), permits.clone());
        checks.spawn(async move {
            let _permit = permits.acquire_owned().await.expect("the semaphore is never closed");
            (index, still_orphaned(&aws, &user, &upload).await)
        });
    }
    for (index, is_orphan) in checks.join_all().await {
        removals[index] = match is_orphan {
            Ok(true) => Removal::Removed,
            Ok(false) => Removal::Kept,
            Err(error) => Removal::Failed(error.reason()),
        };
    }
    removals
}

async fn still_orphaned(aws: &AwsClients, user: &UserId, upload: &UploadId) -> Result<bool, Error> {
    let Some(item) = aws.table.get(user).await? else { return Ok(true) };
    if item::required(&item, item::ID)? != user.to_string() {
        return Err(Error::damaged("GetItem returned another item"));
    }
    Ok(!may_reference(&item, upload))
}

/// A page of users. Finds those whose image is missing or lacks renditions.
async fn users(aws: &Arc<AwsClients>, after: Option<&str>, grace: Grace) -> Result<SweepPage, Error> {
    let scanned = aws.table.scan(after, USERS).await?;
    let mut page = SweepPage { next: scanned.last, ..SweepPage::default() };
    let permits = Arc::new(Semaphore::new(CONCURRENCY));
    let mut checks = JoinSet::new();
    for item in scanned.items.iter().filter(|item| item::optional(item, item::ID) != Some(SENTINEL)) {
        page.checked += 1;
        let key = item::optional(item, item::AVATAR_KEY).and_then(|key| key.parse::<AvatarKey>().ok());
        let Some(key) = key else { continue };
        let (aws, permits) = (aws.clone(), permits.clone());
        checks.spawn(async move {
            let _permit = permits.acquire_owned().await.expect("the semaphore is never closed");
            check_image(&aws, key, grace).await
        });
    }
    for finding in checks.join_all().await {
        page.findings.extend(finding?);
    }
    Ok(page)
}

async fn check_image(aws: &AwsClients, key: AvatarKey, grace: Grace) -> Result<Option<Finding>, Error> {
    let bucket = aws.bucket()?;
    let name = key.to_string();
    let listed = bucket.list(&name, None).await?;
    if !listed.objects.iter().any(|(listed, _)| *listed == name) {
        let is_missing = key.upload.is_older(grace.missing, listed.at) && still_referenced(aws, &key).await?;
        return Ok(is_missing.then_some(Finding::MissingImage(key.user)));
    }
    if !key.upload.is_older(grace.orphan, listed.at) {
        return Ok(None);
    }
    let made = bucket.list(&key.renditions_prefix(), None).await?.objects;
    let eager = made.iter().filter_map(|(name, _)| name.parse::<RenditionKey>().ok());
    let eager = eager.filter(|key| Size::EAGER.contains(&key.size));
    let distinct: BTreeSet<_> = eager.map(|key| (key.size, key.format == ImageFormat::Webp)).collect();
    if distinct.len() >= RENDITIONS {
        return Ok(None);
    }
    Ok(still_referenced(aws, &key).await?.then_some(Finding::MissingRenditions(key)))
}

/// Whether the user still has this image: it may have been replaced since the page was read.
async fn still_referenced(aws: &AwsClients, key: &AvatarKey) -> Result<bool, Error> {
    Ok(aws.table.get(&key.user).await?.is_some_and(|now| item::references(&now, key)))
}
