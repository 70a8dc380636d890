//! Direct uploads, in a table that is in no log of the server: so their bytes are in no base backup and no archive.

use std::{
    sync::{Arc, Weak},
    time::SystemTime,
};

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use domain::{DirectUpload, DirectUploadId, Error, SendTo};

use super::{
    database::Database,
    pieces::pieces,
    row::column,
    transaction::{StepName, Transaction, Write},
};
use crate::uploads::{Objects, Part, REMOVE_EVERY, WAITING_BYTES};

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
                if let Err(error) = remove_expired(&database).await {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(
                        error,
                        "could not remove expired direct uploads; retrying in half an hour"
                    );
                }
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

/// What holds no image stays for another day, so that a refusal can name the reason. Each statement deletes at most 16
/// MiB, which its timeout allows for; rows that another process is deleting are left to it.
async fn remove_expired(database: &Database) -> Result<(), Error> {
    let sql = "DELETE FROM direct_uploads WHERE ctid = ANY(ARRAY(SELECT ctid FROM direct_uploads \
               WHERE written_at < now() - make_interval(secs => $1) AND (part = $2 \
               OR written_at < now() - 2 * make_interval(secs => $1)) LIMIT 64 FOR UPDATE SKIP LOCKED)) RETURNING 1";
    let usable = DirectUpload::USABLE.as_secs_f64();
    while !database.change(StepName::Upload, sql, &[&usable, &Part::Sent.name()]).await?.is_empty() {}
    Ok(())
}

/// Bytes that were sent, instead of earlier ones. Of racing calls the later ones wait at the first piece.
struct Keep {
    id: String,
    bytes: Bytes,
}

#[async_trait]
impl Write for Keep {
    type Output = ();

    async fn run(&self, tx: &Transaction<'_>) -> Result<(), Error> {
        let (part, id) = (Part::Sent.name(), &self.id);
        let sql = "INSERT INTO direct_uploads (part, id, start, bytes) VALUES ($1, $2, $3, $4) \
                   ON CONFLICT (part, id, start) DO UPDATE SET bytes = excluded.bytes, written_at = now()";
        for (start, piece) in pieces(&self.bytes) {
            tx.execute(StepName::Upload, sql, &[&part, id, &start, &piece]).await?;
        }
        let length = i32::try_from(self.bytes.len()).map_err(Error::damaged)?;
        let sql = "DELETE FROM direct_uploads WHERE part = $1 AND id = $2 AND start > 0 AND start >= $3";
        tx.execute(StepName::Upload, sql, &[&part, id, &length]).await.map(drop)
    }
}

#[async_trait]
impl Objects for DirectUploads {
    async fn add(&self, part: Part, id: &DirectUploadId, bytes: Bytes) -> Result<bool, Error> {
        let sql = "INSERT INTO direct_uploads (part, id, start, bytes) VALUES ($1, $2, 0, $3) \
                   ON CONFLICT DO NOTHING RETURNING 1";
        let added =
            self.0.change(StepName::Upload, sql, &[&part.name(), &id.to_string(), &&bytes[..]]).await?;
        Ok(!added.is_empty())
    }

    async fn get(&self, part: Part, id: &DirectUploadId, most: usize) -> Result<Option<Bytes>, Error> {
        let (part, id) = (part.name(), id.to_string());
        let sql = "SELECT bytes, written_at, (SELECT sum(length(bytes)) FROM direct_uploads WHERE part = $1 AND id = $2) \
                   FROM direct_uploads WHERE part = $1 AND id = $2 AND start = 0";
        let Some(found) = self.0.row(sql, &[&part, &id]).await? else { return Ok(None) };
        let length = usize::try_from(column::<i64>(&found, 2)?).map_err(Error::damaged)?;
        if length > most {
            return Ok(None);
        }
        let written_at: SystemTime = column(&found, 1)?;
        let mut bytes = BytesMut::with_capacity(length);
        bytes.extend_from_slice(column(&found, 0)?);
        while bytes.len() < length {
            let start = i32::try_from(bytes.len()).map_err(Error::damaged)?;
            let sql = "SELECT bytes FROM direct_uploads WHERE part = $1 AND id = $2 AND start = $3 AND written_at = $4";
            let piece = self.0.row(sql, &[&part, &id, &start, &written_at]).await?;
            // They are being sent again, or removed.
            bytes.extend_from_slice(column(&piece.ok_or(Error::Throttled)?, 0)?);
        }
        Ok(Some(bytes.freeze()))
    }

    async fn send_to(&self, upload: &DirectUpload) -> Result<SendTo, Error> {
        self.check_room(upload.bytes).await?;
        Ok(SendTo::ThisApi)
    }

    async fn keep(&self, id: &DirectUploadId, bytes: Bytes) -> Result<(), Error> {
        self.check_room(bytes.len()).await?;
        self.0.write(&Keep { id: id.to_string(), bytes }).await
    }

    async fn remove(&self, id: &DirectUploadId) -> Result<(), Error> {
        let sql = "DELETE FROM direct_uploads WHERE part = $1 AND id = $2";
        self.0.change(StepName::Upload, sql, &[&Part::Sent.name(), &id.to_string()]).await.map(drop)
    }
}
