//! The ports, each write with its statements in a file of its own: they run in one transaction.
//!
//! A write first locks the row of its user, so that writes of one user are one after the other. What follows sees
//! everything that was committed before.

pub(super) mod create;
mod delete;
mod image;
mod index;
mod remove_avatar;
mod rename;
mod renditions;
mod replace_avatar;
mod unchanged;

pub(super) use renditions::size_number;

use std::sync::Arc;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use domain::{
    AvatarKey, AvatarStore, Created, Cursor, Digest, DisplayName, Email, EmailHash, Environment, Error,
    Idempotency, Image, ImageBytes, NewAvatar, NewUser, OpenImage, Ownership, Page, Rendition, RenditionKey,
    RenditionStore, StoreHealth, Timestamp, Upload, User, UserId, UserStore,
};
use tokio_postgres::Row;

use super::{
    database::Database,
    events::wake::Wake,
    options::Timing,
    row::{self, column, format_number, user_columns},
    schema,
    tables::Tables,
    transaction::Write,
};
use crate::in_flight::InFlight;

/// A page of users after an id.
pub(super) const LIST: &str =
    "SELECT id, name, email, upload, format FROM users WHERE id > $1 ORDER BY id LIMIT $2";

/// The user of whose own form of an e-mail this is the SHA-256 comes first.
pub(super) const FIND_ID: &str = concat!(
    "SELECT ",
    user_columns!(),
    " FROM users WHERE id = $1 OR other_id = $1 ORDER BY id = $1 DESC LIMIT 1"
);

/// The same, by MD5.
pub(super) const FIND_MD5: &str = concat!(
    "SELECT ",
    user_columns!(),
    " FROM users WHERE md5 = $1 OR other_md5 = $1 ORDER BY md5 = $1 DESC LIMIT 1"
);

/// Passes calls to the database.
pub(super) struct Store {
    pub(super) database: Arc<Database>,
    pub(super) tables: Arc<Tables>,
    pub(super) wake: Arc<Wake>,
    pub(super) writes: Arc<InFlight>,
    pub(super) timing: Timing,
}

impl Store {
    pub(super) fn new(database: Arc<Database>, tables: Arc<Tables>, wake: Arc<Wake>, timing: Timing) -> Self {
        Self { database, tables, wake, writes: Arc::default(), timing }
    }

    /// Refuses new calls.
    pub(super) fn close(&self) {
        self.wake.close();
        self.tables.close();
        self.database.close();
    }

    /// Runs a write to its end, even if the caller goes away. Those of one user wait for each other here, not in the
    /// server, where each would hold a connection.
    async fn write<W: Write + 'static>(&self, user: UserId, write: W) -> Result<W::Output, Error> {
        let database = self.database.clone();
        self.writes.run_in_turn(user, async move { database.write(&write).await }).await
    }

    /// The same, of a write that adds an event.
    async fn write_event<W: Write + 'static>(&self, user: UserId, write: W) -> Result<W::Output, Error> {
        let (database, wake) = (self.database.clone(), self.wake.clone());
        let write = async move {
            let output = database.write(&write).await?;
            wake.event_added();
            Ok(output)
        };
        self.writes.run_in_turn(user, write).await
    }
}

#[async_trait]
impl UserStore for Store {
    async fn create(&self, new: NewUser) -> Result<Created, Error> {
        self.write_event(new.id, create::Create(new)).await
    }

    async fn created(&self, email: &Email, request: Option<&Idempotency>) -> Result<Option<User>, Error> {
        let id = UserId::of(email);
        self.writes.wait_for_user(&id).await;
        let former = create::former(email);
        let existing = self.database.row(create::EXISTING, &[&&id.as_bytes()[..], &former]).await?;
        existing.map(|existing| create::answer_to(&existing, request)).transpose()
    }

    async fn get(&self, id: &UserId) -> Result<User, Error> {
        self.writes.wait_for_user(id).await;
        let sql = concat!("SELECT ", user_columns!(), " FROM users WHERE id = $1");
        row::user(&self.database.row(sql, &[&&id.as_bytes()[..]]).await?.ok_or(Error::NotFound)?)
    }

    async fn find(&self, hash: &EmailHash) -> Result<User, Error> {
        let sql = match hash {
            EmailHash::Sha256(id) => {
                self.writes.wait_for_user(id).await;
                FIND_ID
            }
            EmailHash::Md5(_) => FIND_MD5,
        };
        row::user(&self.database.row(sql, &[&hash.as_bytes()]).await?.ok_or(Error::NotFound)?)
    }

    async fn index(&self, user: &User) -> Result<(), Error> {
        self.write(user.id, index::Index(user.clone())).await
    }

    async fn list(&self, after: Option<Cursor>, limit: usize) -> Result<Page, Error> {
        let after: &[u8] = match &after {
            // Every id is greater than no bytes.
            None => &[],
            Some(Cursor::User(id)) => id.as_bytes(),
            // From another store, but still a position in the order.
            Some(Cursor::Other(key)) => key.as_bytes(),
        };
        let most = i64::try_from(limit).map_err(Error::damaged)?;
        let rows = self.database.rows(LIST, &[&after, &most]).await?;
        let mut page = Page::with_capacity(rows.len());
        let mut last = None;
        for row in &rows {
            let (user, id) = row::listed(row)?;
            page.push(user);
            last = Some(id);
        }
        // A full page may have been the last: then the next one is empty.
        page.next = last.filter(|_| rows.len() == limit).map(Cursor::User);
        Ok(page)
    }

    async fn rename(&self, read: &User, name: DisplayName, updated_at: Timestamp) -> Result<User, Error> {
        self.write(read.id, rename::Rename { read: read.clone(), name, updated_at }).await
    }

    async fn replace_avatar(
        &self,
        read: &User,
        avatar: NewAvatar,
        updated_at: Timestamp,
    ) -> Result<User, Error> {
        let replace = replace_avatar::ReplaceAvatar { read: read.clone(), avatar, updated_at };
        self.write_event(read.id, replace).await
    }

    async fn remove_avatar(&self, read: &User, updated_at: Timestamp) -> Result<User, Error> {
        self.write(read.id, remove_avatar::RemoveAvatar { read: read.clone(), updated_at }).await
    }

    async fn delete(&self, read: &User) -> Result<(), Error> {
        self.write(read.id, delete::Delete { read: read.clone() }).await
    }
}

#[async_trait]
impl AvatarStore for Store {
    async fn read(&self, key: &AvatarKey) -> Result<Image, Error> {
        let OpenImage { digest, length, first, rest } = self.open(key).await?;
        let Some(mut rest) = rest else { return Ok(Image { format: key.format, bytes: first, digest }) };
        let mut bytes = BytesMut::with_capacity(length);
        bytes.extend_from_slice(&first);
        while bytes.len() < length {
            bytes.extend_from_slice(&rest.read(bytes.len(), length - bytes.len()).await?);
        }
        Ok(Image { format: key.format, bytes: bytes.freeze(), digest })
    }

    async fn open(&self, key: &AvatarKey) -> Result<OpenImage, Error> {
        self.writes.wait_for_user(&key.user).await;
        // The length of bytes is known without reading them.
        let sql = "SELECT users.digest, images.bytes, \
                   (SELECT sum(length(bytes)) FROM images WHERE images.upload = users.upload) \
                   FROM users JOIN images ON images.upload = users.upload AND images.start = 0 \
                   WHERE users.id = $1 AND users.upload = $2 AND users.format = $3";
        let (user, upload) = (&key.user.as_bytes()[..], &key.upload.as_bytes()[..]);
        let found = self.database.row(sql, &[&user, &upload, &format_number(key.format)]).await?;
        let found = found.ok_or(Error::NotFound)?;
        let first = Bytes::copy_from_slice(column(&found, 1)?);
        let length = usize::try_from(column::<i64>(&found, 2)?).map_err(Error::damaged)?;
        if first.is_empty() {
            return Err(Error::damaged("an image is empty"));
        }
        let pieces = || Box::new(Pieces { database: self.database.clone(), key: *key }) as _;
        let rest = (first.len() < length).then(pieces);
        Ok(OpenImage { digest: Digest::from_bytes(row::bytes(&found, 0)?), length, first, rest })
    }

    /// The trace of the upload is in its event.
    async fn read_upload(&self, key: &AvatarKey) -> Result<Upload, Error> {
        Ok(Upload { image: AvatarStore::read(self, key).await?, trace_parent: None })
    }

    async fn link(&self, _: &AvatarKey) -> Result<Option<String>, Error> {
        Ok(None)
    }
}

/// The bytes of an image that a user has.
struct Pieces {
    database: Arc<Database>,
    key: AvatarKey,
}

#[async_trait]
impl ImageBytes for Pieces {
    async fn read(&mut self, start: usize, most: usize) -> Result<Bytes, Error> {
        let sql = "SELECT (SELECT substring(bytes FROM $4 - start + 1 FOR $5) FROM images \
                   WHERE images.upload = users.upload AND start <= $4 ORDER BY start DESC LIMIT 1) \
                   FROM users WHERE id = $1 AND upload = $2 AND format = $3";
        let (user, upload) = (&self.key.user.as_bytes()[..], &self.key.upload.as_bytes()[..]);
        let (format, start) = (format_number(self.key.format), length(start)?);
        let found = self.database.row(sql, &[&user, &upload, &format, &start, &length(most)?]).await?;
        let found = found.ok_or(Error::NotFound)?;
        let piece = Bytes::copy_from_slice(column::<Option<&[u8]>>(&found, 0)?.unwrap_or_default());
        if piece.is_empty() { Err(Error::damaged("an image is shorter than its length")) } else { Ok(piece) }
    }
}

#[async_trait]
impl RenditionStore for Store {
    async fn read(&self, key: &RenditionKey) -> Result<Image, Error> {
        self.writes.wait_for_user(&key.user).await;
        let sql = "SELECT digest, bytes FROM renditions \
                   WHERE user_id = $1 AND upload = $2 AND size = $3 AND format = $4";
        let (user, upload) = (&key.user.as_bytes()[..], &key.upload.as_bytes()[..]);
        let size = renditions::size_number(key.size);
        let found = self.database.row(sql, &[&user, &upload, &size, &format_number(key.format)]).await?;
        image(&found.ok_or(Error::NotFound)?, key.format)
    }

    async fn keep(&self, of: &AvatarKey, renditions: &[Rendition]) -> Result<(), Error> {
        self.write(of.user, renditions::Keep { of: *of, renditions: renditions.to_vec() }).await
    }
}

#[async_trait]
impl StoreHealth for Store {
    fn name(&self) -> &'static str {
        "postgres"
    }

    fn ownership(&self) -> Ownership {
        Ownership::Shared
    }

    /// Checks the tables first, and again if they became those of another release. A replica that takes no writes
    /// cannot be used.
    async fn check(&self) -> Result<Option<Environment>, Error> {
        self.tables.check().await?;
        let sql = "SELECT (SELECT name FROM environment LIMIT 1), \
                   pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean, \
                   (SELECT 1 FROM users LIMIT 1), (SELECT version FROM roster_schema LIMIT 1), \
                   (SELECT usable_from FROM roster_schema LIMIT 1)";
        let found = self.database.row_soon(sql).await?.ok_or_else(|| Error::damaged("no row"))?;
        let (version, usable_from) = (column::<Option<i32>>(&found, 3)?, column::<Option<i32>>(&found, 4)?);
        if version < Some(schema::VERSION) || usable_from > Some(schema::VERSION) {
            let why = format!("the tables have schema version {}", version.unwrap_or(0));
            self.tables.recheck(&why);
            return Err(Error::unavailable(why));
        }
        if column(&found, 1)? {
            return Err(Error::unavailable(
                "the database is a read-only replica: use the address of the primary",
            ));
        }
        self.tables.found_usable();
        column::<Option<&str>>(&found, 0)?.map(|name| name.parse().map_err(Error::damaged)).transpose()
    }
}

/// A row of digest and bytes.
fn image(row: &Row, format: domain::ImageFormat) -> Result<Image, Error> {
    let bytes = Bytes::copy_from_slice(column(row, 1)?);
    Ok(Image { format, bytes, digest: Digest::from_bytes(row::bytes(row, 0)?) })
}

/// A length as the server counts.
fn length(bytes: usize) -> Result<i32, Error> {
    i32::try_from(bytes).map_err(Error::damaged)
}
