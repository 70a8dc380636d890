//! Everything that the database holds, page by page.
//!
//! A user, its image and its event are written in one transaction, and renditions are removed with them. So
//! everything found here, except for renditions that are not made yet, was left by another program or by a
//! bug.

use async_trait::async_trait;
use domain::{
    AvatarKey, Error, Finding, Grace, Inventory, References, Removal, RenditionKey, SweepPage, SweepStage,
    Timestamp, UploadId, UserId,
};
use tokio_postgres::Row;

use super::{
    database::{Database, Params},
    row::{self, column, format_number, now},
    store::{Store, size_number},
    transaction::StepName,
};
use crate::sql::SweptUser;

/// Rows examined in one statement.
const PAGE: i64 = 1000;

const IMAGES: &str = concat!(
    "SELECT images.upload, users.id IS NULL, ",
    now!(),
    " FROM images LEFT JOIN users ON users.id = images.user_id AND users.upload = images.upload ",
    "WHERE images.upload > $1 AND images.start = 0 ORDER BY images.upload LIMIT $2"
);

const OF_IMAGES: &str = concat!(
    "SELECT renditions.user_id, renditions.upload, size, renditions.format, users.id IS NULL, ",
    now!(),
    " FROM renditions LEFT JOIN users ON users.id = renditions.user_id AND users.upload = renditions.upload ",
    "WHERE (renditions.user_id, renditions.upload, size, renditions.format) > ($1, $2, $3, $4) ",
    "ORDER BY renditions.user_id, renditions.upload, size, renditions.format LIMIT $5"
);

const USERS: &str = concat!(
    "SELECT id, upload, format, EXISTS (SELECT 1 FROM images WHERE images.upload = users.upload), ",
    "(SELECT count(DISTINCT size * 2 + (format = 3)::int) FROM renditions ",
    "WHERE renditions.user_id = users.id AND renditions.upload = users.upload AND size IN (64, 128, 256)), ",
    now!(),
    " FROM users WHERE id > $1 ORDER BY id LIMIT $2"
);

#[async_trait]
impl Inventory for Store {
    /// Images are in one database with their users.
    async fn confirm(&self) -> Result<(), Error> {
        Ok(())
    }

    async fn claim(&self) -> Result<(), Error> {
        Ok(())
    }

    /// No other program writes its users, so only their number is needed.
    async fn references(&self, _: Option<&str>) -> Result<References, Error> {
        let found = self.database.row("SELECT count(*) FROM users", &[]).await?;
        let users = found.map_or(Ok(0), |found| column::<i64>(&found, 0))?;
        Ok(References { users: users.unsigned_abs(), ..References::default() })
    }

    async fn walk(&self, stage: SweepStage, after: Option<&str>, grace: Grace) -> Result<SweepPage, Error> {
        match stage {
            SweepStage::Avatars => images(&self.database, after, grace).await,
            SweepStage::Renditions => renditions(&self.database, after, grace).await,
            SweepStage::Users => users(&self.database, after, grace).await,
        }
    }

    async fn remove(&self, findings: &[Finding]) -> Result<Vec<Removal>, Error> {
        let mut removals = Vec::with_capacity(findings.len());
        for finding in findings {
            removals.push(remove(&self.database, finding).await?);
        }
        Ok(removals)
    }
}

async fn images(database: &Database, after: Option<&str>, grace: Grace) -> Result<SweepPage, Error> {
    let after = after.map(str::parse::<UploadId>).transpose().map_err(Error::damaged)?;
    // Every id is greater than no bytes.
    let after = after.as_ref().map_or(&[][..], |upload| &upload.as_bytes()[..]);
    walk(database, IMAGES, &[&after, &PAGE], |row| {
        let upload = UploadId::from_bytes(row::bytes(row, 0)?);
        let is_orphan = column::<bool>(row, 1)? && upload.is_older(grace.orphan, row::time(column(row, 2)?)?);
        Ok((upload.to_string(), is_orphan.then(|| Finding::UnreferencedAvatar(upload.to_string()))))
    })
    .await
}

async fn renditions(database: &Database, after: Option<&str>, grace: Grace) -> Result<SweepPage, Error> {
    let after = after.map(str::parse::<RenditionKey>).transpose().map_err(Error::damaged)?;
    let (user, upload, size, format) = after.as_ref().map_or((&[][..], &[][..], 0, 0), |key| {
        let (user, upload) = (&key.user.as_bytes()[..], &key.upload.as_bytes()[..]);
        (user, upload, size_number(key.size), format_number(key.format))
    });
    walk(database, OF_IMAGES, &[&user, &upload, &size, &format, &PAGE], |row| {
        let key = rendition_key(row)?;
        let is_orphan =
            column::<bool>(row, 4)? && key.upload.is_older(grace.orphan, row::time(column(row, 5)?)?);
        Ok((key.to_string(), is_orphan.then(|| Finding::UnreferencedRendition(key.to_string()))))
    })
    .await
}

fn rendition_key(row: &Row) -> Result<RenditionKey, Error> {
    let pixels: i16 = column(row, 2)?;
    let size = domain::Size::STANDARD.into_iter().find(|size| size_number(*size) == pixels);
    Ok(RenditionKey {
        user: UserId::from_bytes(row::bytes(row, 0)?),
        upload: UploadId::from_bytes(row::bytes(row, 1)?),
        size: size.ok_or_else(|| Error::damaged(format!("unknown size {pixels}")))?,
        format: row::format(column(row, 3)?)?,
    })
}

async fn users(database: &Database, after: Option<&str>, grace: Grace) -> Result<SweepPage, Error> {
    let after = after.map(str::parse::<UserId>).transpose().map_err(Error::damaged)?;
    let after = after.as_ref().map_or(&[][..], |id| &id.as_bytes()[..]);
    walk(database, USERS, &[&after, &PAGE], |row| {
        let user = UserId::from_bytes(row::bytes(row, 0)?);
        Ok((user.to_string(), check_user(row, user, grace, row::time(column(row, 5)?)?)?))
    })
    .await
}

fn check_user(row: &Row, user: UserId, grace: Grace, now: Timestamp) -> Result<Option<Finding>, Error> {
    let Some(upload) = row::upload(row, 1)? else { return Ok(None) };
    let key = AvatarKey { user, upload, format: row::format(column(row, 2)?)? };
    Ok(SweptUser { key, has_image: column(row, 3)?, renditions: column(row, 4)? }.check(grace, now))
}

/// A page of rows: `read_finding` returns the position and the finding of each.
async fn walk(
    database: &Database,
    sql: &str,
    params: &Params<'_>,
    read_finding: impl Fn(&Row) -> Result<(String, Option<Finding>), Error>,
) -> Result<SweepPage, Error> {
    let rows = database.rows(sql, params).await?;
    let mut page = SweepPage::default();
    for row in &rows {
        let (position, finding) = read_finding(row)?;
        page.checked += 1;
        page.findings.extend(finding);
        page.next = Some(position);
    }
    if page.checked < PAGE.unsigned_abs() {
        page.next = None;
    }
    Ok(page)
}

/// Checked again: its user may have it by now.
async fn remove(database: &Database, finding: &Finding) -> Result<Removal, Error> {
    let removed = match finding {
        Finding::UnreferencedAvatar(upload) => {
            let upload = upload.parse::<UploadId>().map_err(Error::damaged)?;
            let sql = "DELETE FROM images WHERE upload = $1 AND NOT EXISTS \
                       (SELECT 1 FROM users WHERE users.id = images.user_id AND users.upload = images.upload) \
                       RETURNING 1";
            database.change(StepName::Sweep, sql, &[&&upload.as_bytes()[..]]).await?
        }
        Finding::UnreferencedRendition(key) => {
            let key = key.parse::<RenditionKey>().map_err(Error::damaged)?;
            let sql = "DELETE FROM renditions WHERE user_id = $1 AND upload = $2 AND size = $3 AND format = $4 \
                       AND NOT EXISTS (SELECT 1 FROM users WHERE users.id = renditions.user_id \
                       AND users.upload = renditions.upload) RETURNING 1";
            let (user, upload) = (&key.user.as_bytes()[..], &key.upload.as_bytes()[..]);
            let (size, format) = (size_number(key.size), format_number(key.format));
            database.change(StepName::Sweep, sql, &[&user, &upload, &size, &format]).await?
        }
        Finding::MissingImage(_) | Finding::MissingRenditions(_) => return Ok(Removal::Kept),
    };
    Ok(if removed.is_empty() { Removal::Kept } else { Removal::Removed })
}
