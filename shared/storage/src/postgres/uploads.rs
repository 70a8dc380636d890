//! Direct uploads, in a table that is in no log of the server: so their bytes are in no base backup and no archive.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use domain::{DirectUpload, DirectUploadId, Error, SendTo};

use super::{database::Database, row::column, transaction::StepName};
use crate::uploads::{Objects, Part};

/// How many bytes may wait in all: 64 uploads of the default's largest size.
const WAITING_BYTES: i64 = 1 << 30;

/// How often expired rows are removed: often enough that none gets a day old. Each process does it.
const REMOVE_EVERY: Duration = Duration::from_mins(30);

#[derive(Clone)]
pub(super) struct DirectUploads(Arc<Database>);

impl DirectUploads {
    pub(super) fn new(database: Arc<Database>) -> Self {
        Self(database)
    }

    /// Removes expired rows now, and regularly until the store is dropped.
    pub(super) fn remove_expired_regularly(&self) {
        let database = Arc::downgrade(&self.0);
        tokio::spawn(async move {
            while let Some(database) = Weak::upgrade(&database) {
                // A closed store never answers again; another failure is made good by the next turn.
                let _ = remove_expired(&database).await;
                drop(database);
                tokio::time::sleep(REMOVE_EVERY).await;
            }
        });
    }

    async fn check_room(&self, bytes: usize) -> Result<(), Error> {
        // The length of bytes is known without reading them.
        let sql = "SELECT coalesce(sum(length(bytes)), 0)::bigint FROM direct_uploads WHERE part = $1";
        let found = self.0.row(sql, &[&Part::Sent.name()]).await?;
        let waiting = found.map_or(Ok(0), |found| column::<i64>(&found, 0))?;
        if waiting.unsigned_abs().saturating_add(bytes as u64) > WAITING_BYTES {
            tracing::warn!("refused a direct upload: 1 GiB of them is waiting to be used");
            return Err(Error::Throttled);
        }
        Ok(())
    }
}

/// What holds no image stays for another day, so that a refusal can name the reason.
async fn remove_expired(database: &Database) -> Result<(), Error> {
    let sql = "DELETE FROM direct_uploads WHERE written_at < now() - make_interval(secs => $1) AND (part = $2 \
               OR written_at < now() - 2 * make_interval(secs => $1))";
    let usable = DirectUpload::USABLE.as_secs_f64();
    database.change(StepName::Upload, sql, &[&usable, &Part::Sent.name()]).await.map(drop)
}

#[async_trait]
impl Objects for DirectUploads {
    async fn add(&self, part: Part, id: &DirectUploadId, bytes: Bytes) -> Result<bool, Error> {
        let sql = "INSERT INTO direct_uploads (id, part, bytes) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING 1";
        let added =
            self.0.change(StepName::Upload, sql, &[&id.to_string(), &part.name(), &&bytes[..]]).await?;
        Ok(!added.is_empty())
    }

    async fn get(&self, part: Part, id: &DirectUploadId, most: usize) -> Result<Option<Bytes>, Error> {
        let sql = "SELECT bytes FROM direct_uploads WHERE part = $1 AND id = $2 AND length(bytes) <= $3";
        let most = i32::try_from(most).unwrap_or(i32::MAX);
        let found = self.0.row(sql, &[&part.name(), &id.to_string(), &most]).await?;
        found.map(|found| Ok(Bytes::copy_from_slice(column(&found, 0)?))).transpose()
    }

    async fn send_to(&self, upload: &DirectUpload) -> Result<SendTo, Error> {
        self.check_room(upload.bytes).await?;
        Ok(SendTo::ThisApi)
    }

    async fn keep(&self, id: &DirectUploadId, bytes: Bytes) -> Result<(), Error> {
        self.check_room(bytes.len()).await?;
        let sql = "INSERT INTO direct_uploads (id, part, bytes) VALUES ($1, $2, $3) \
                   ON CONFLICT (part, id) DO UPDATE SET bytes = excluded.bytes, written_at = now()";
        let params: &super::database::Params<'_> = &[&id.to_string(), &Part::Sent.name(), &&bytes[..]];
        self.0.change(StepName::Upload, sql, params).await.map(drop)
    }

    async fn remove(&self, id: &DirectUploadId) -> Result<(), Error> {
        let sql = "DELETE FROM direct_uploads WHERE part = $1 AND id = $2";
        self.0.change(StepName::Upload, sql, &[&Part::Sent.name(), &id.to_string()]).await.map(drop)
    }
}
