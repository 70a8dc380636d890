//! What the ports and the writes share: the table, the bucket, and the URLs of images.

use std::{
    collections::HashSet,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use domain::{AvatarKey, Digest, Environment, Error, Links, UserId};

use super::{bucket::Bucket, options::Options, session::AwsConfig, table::Table};
use crate::faults::Faults;

pub(super) struct AwsClients {
    pub(super) table: Table,
    bucket: Option<Bucket>,
    uploads: Option<Bucket>,
    /// The URLs that other readers of the table find.
    pub(super) links: Links,
    /// The missing marker of the bucket was logged.
    was_warned: AtomicBool,
    /// The bucket is known not to belong to others.
    is_known: AtomicBool,
    /// The items that lists left out, so that each is logged once.
    left_out: Mutex<HashSet<Digest>>,
}

/// How many items that cannot be listed are logged: the metric counts the others too.
const LOGGED: usize = 1000;

/// The owner of the data.
pub(super) struct Owner {
    /// The environment that the table names.
    pub(super) environment: Option<Environment>,
    /// The marker of the bucket names the same table and environment.
    pub(super) is_marked: bool,
}

impl AwsClients {
    /// Creates the SDK's clients. That reads all certificates of the system, which takes milliseconds.
    pub(super) fn new(options: Options, config: &AwsConfig, faults: Faults) -> Self {
        let bucket = Bucket::open(config, options.avatars_bucket, &faults);
        let uploads = Bucket::open(config, options.uploads_bucket, &faults);
        let table = Table::new(config, options.users_table, faults);
        Self {
            table,
            bucket,
            uploads,
            links: options.links,
            was_warned: AtomicBool::new(false),
            is_known: AtomicBool::new(false),
            left_out: Mutex::default(),
        }
    }

    /// Logs once that lists leave out the item with this id. The id of another program may be an e-mail: its SHA-256 is
    /// logged, unless it has the form of Roster's own.
    pub(super) fn log_left_out(&self, id: &str, why: &Error) {
        let mut left_out = self.left_out.lock().unwrap_or_else(PoisonError::into_inner);
        if left_out.len() < LOGGED && left_out.insert(Digest::of(id.as_bytes())) {
            let item = id.parse::<UserId>().map_or_else(
                |_| format!("with SHA-256 of the id {}", Digest::of(id.as_bytes())),
                |id| id.to_string(),
            );
            let error = why as &dyn std::error::Error;
            tracing::warn!(item, error, "an item of the table cannot be shown; lists leave it out");
        }
    }

    pub(super) fn bucket(&self) -> Result<&Bucket, Error> {
        self.bucket.as_ref().ok_or_else(|| Error::unavailable("ROSTER_AVATARS_BUCKET is not set"))
    }

    /// The bucket of direct uploads.
    pub(super) fn uploads(&self) -> Result<&Bucket, Error> {
        self.uploads.as_ref().ok_or_else(|| Error::unavailable("ROSTER_UPLOADS_BUCKET is not set"))
    }

    /// The environment that the table names, and whether the bucket's marker confirms table and environment.
    /// A program without a bucket asks only the table.
    ///
    /// # Errors
    /// [`Error::WrongEnvironment`] if the bucket belongs to others.
    pub(super) async fn owner(&self) -> Result<Owner, Error> {
        let Some(bucket) = &self.bucket else {
            return Ok(Owner { environment: self.table.environment().await?, is_marked: true });
        };
        let (environment, marker) = tokio::join!(self.table.environment(), bucket.marker());
        let (environment, marker) = (environment?, marker?);
        let is_marked = marker.is_some();
        if let Some(marker) = marker {
            let compared = marker.compare(bucket.name(), &self.table.name, environment.as_ref());
            compared.map_err(Error::WrongEnvironment)?;
        } else if !self.was_warned.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                bucket = bucket.name(),
                "bucket has no ownership marker (roster.json): its images are served, but it cannot be swept; \
                 write the marker with `just tf ENVIRONMENT data apply` or `roster claim`"
            );
        }
        self.is_known.store(true, Ordering::Relaxed);
        Ok(Owner { environment, is_marked })
    }

    /// The environment that the table names. The bucket is checked as well until it is known not to belong to
    /// others; after that its errors only affect its own calls.
    ///
    /// # Errors
    /// As for [`owner`](Self::owner).
    pub(super) async fn environment(&self) -> Result<Option<Environment>, Error> {
        if self.is_known.load(Ordering::Relaxed) {
            return self.table.environment().await;
        }
        Ok(self.owner().await?.environment)
    }

    /// Removes an image that an item referenced, and its renditions.
    pub(super) async fn remove(&self, key: &AvatarKey) -> Result<(), Error> {
        let renditions = key.renditions().map(|rendition| rendition.to_string());
        self.delete(key, std::iter::once(key.to_string()).chain(renditions).collect()).await
    }

    /// Removes an image that no item ever referenced. The call that stores its renditions removes them.
    pub(super) async fn remove_image(&self, key: &AvatarKey) -> Result<(), Error> {
        self.delete(key, vec![key.to_string()]).await
    }

    /// Removes the renditions of an image, but not the image: an item may be about to reference it.
    pub(super) async fn remove_renditions(&self, of: &AvatarKey) -> Result<(), Error> {
        self.delete(of, of.renditions().map(|rendition| rendition.to_string()).collect()).await
    }

    /// Leftovers are only removed by a sweep, so this logs the key and reports the outcome as unknown,
    /// whatever S3 returned.
    async fn delete(&self, key: &AvatarKey, objects: Vec<String>) -> Result<(), Error> {
        self.bucket()?.delete(objects).await.map_err(|error| {
            let cause = &error as &dyn std::error::Error;
            tracing::warn!(%key, error = cause, "could not delete object; it may be orphaned");
            match error {
                Error::Unavailable(_) => error,
                other => Error::unavailable(other),
            }
        })
    }
}
