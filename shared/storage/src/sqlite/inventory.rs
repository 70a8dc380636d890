//! Everything that the file holds, page by page.
//!
//! A user, its image and its event are written in one transaction, and renditions are removed with them. So
//! everything found here, except for renditions that are not made yet, was left by another program or by a
//! bug.

use async_trait::async_trait;
use domain::{
    AvatarKey, Error, Finding, Grace, Inventory, References, Removal, SweepPage, SweepStage, Timestamp,
    UploadId, UserId,
};
use rusqlite::{Connection, Row};

use super::{
    reads,
    row::{self, column},
    store::Store,
    transaction::{StepName, Transaction},
};
use crate::sql::SweptUser;

/// Rows examined in one short transaction.
const PAGE: usize = 1000;

const IMAGES: &str = "SELECT images.id, users.id IS NULL FROM images LEFT JOIN users ON users.image = images.id \
    WHERE images.id > ? ORDER BY images.id LIMIT ?";

const OF_IMAGES: &str = "SELECT renditions.id, users.id IS NULL, renditions.upload FROM renditions \
    LEFT JOIN users ON users.id = renditions.user AND users.upload = renditions.upload \
    WHERE renditions.id > ? ORDER BY renditions.id LIMIT ?";

const USERS: &str = "SELECT id, upload, format, EXISTS (SELECT 1 FROM images WHERE images.id = image), \
    (SELECT count(DISTINCT size * 2 + (format = 3)) FROM renditions \
        WHERE renditions.user = users.id AND renditions.upload = users.upload AND size IN (64, 128, 256)) \
    FROM users WHERE id > ? ORDER BY id LIMIT ?";

#[async_trait]
impl Inventory for Store {
    /// Images are in one file with their users.
    async fn confirm(&self) -> Result<(), Error> {
        Ok(())
    }

    async fn claim(&self) -> Result<(), Error> {
        Ok(())
    }

    /// No other program writes its users, so only their number is needed.
    async fn references(&self, _: Option<&str>) -> Result<References, Error> {
        let count = |connection: &Connection| {
            let mut users = 0;
            reads::query_each(connection, "SELECT count(*) FROM users", (), |row| {
                users = column::<i64>(row, 0)?.unsigned_abs();
                Ok(())
            })?;
            Ok(References { users, ..References::default() })
        };
        self.read(count).await
    }

    /// The clock is this machine's, which also dated the uploads.
    async fn walk(&self, stage: SweepStage, after: Option<&str>, grace: Grace) -> Result<SweepPage, Error> {
        let (after, now) = (after.map(str::to_owned), Timestamp::now());
        self.read(move |connection| match stage {
            SweepStage::Avatars => images(connection, after.as_deref()),
            SweepStage::Renditions => renditions(connection, after.as_deref(), grace, now),
            SweepStage::Users => users(connection, after.as_deref(), grace, now),
        })
        .await
    }

    async fn remove(&self, findings: &[Finding]) -> Result<Vec<Removal>, Error> {
        let findings = findings.to_vec();
        self.write(0, move |tx| findings.iter().map(|finding| remove(tx, finding)).collect()).await
    }
}

/// Images have no timestamp and need none: an orphan belongs to no write in flight.
fn images(connection: &Connection, after: Option<&str>) -> Result<SweepPage, Error> {
    walk(connection, IMAGES, row_id(after)?, |row| {
        let (id, unreferenced) = (column::<i64>(row, 0)?, column::<bool>(row, 1)?);
        Ok((id.to_string(), unreferenced.then(|| Finding::UnreferencedAvatar(id.to_string()))))
    })
}

fn renditions(
    connection: &Connection,
    after: Option<&str>,
    grace: Grace,
    now: Timestamp,
) -> Result<SweepPage, Error> {
    walk(connection, OF_IMAGES, row_id(after)?, |row| {
        let (id, unreferenced) = (column::<i64>(row, 0)?, column::<bool>(row, 1)?);
        let is_old = UploadId::from_bytes(column(row, 2)?).is_older(grace.orphan, now);
        let finding = || Finding::UnreferencedRendition(id.to_string());
        Ok((id.to_string(), (unreferenced && is_old).then(finding)))
    })
}

fn users(
    connection: &Connection,
    after: Option<&str>,
    grace: Grace,
    now: Timestamp,
) -> Result<SweepPage, Error> {
    // Every id is greater than no bytes.
    let after = after.map(str::parse::<UserId>).transpose().map_err(Error::damaged)?;
    let after = after.as_ref().map_or(&[][..], |id| id.as_bytes().as_slice());
    walk(connection, USERS, after, |row| {
        let user = UserId::from_bytes(column(row, 0)?);
        Ok((user.to_string(), check_user(row, user, grace, now)?))
    })
}

fn check_user(row: &Row<'_>, user: UserId, grace: Grace, now: Timestamp) -> Result<Option<Finding>, Error> {
    let Some(upload) = column::<Option<[u8; 16]>>(row, 1)?.map(UploadId::from_bytes) else { return Ok(None) };
    let key = AvatarKey { user, upload, format: row::format(column(row, 2)?)? };
    Ok(SweptUser { key, has_image: column(row, 3)?, renditions: column(row, 4)? }.check(grace, now))
}

/// A page of rows: `read_finding` returns the position and the finding of each.
fn walk(
    connection: &Connection,
    sql: &str,
    after: impl rusqlite::ToSql,
    mut read_finding: impl FnMut(&Row<'_>) -> Result<(String, Option<Finding>), Error>,
) -> Result<SweepPage, Error> {
    let mut page = SweepPage::default();
    reads::query_each(connection, sql, (after, PAGE.cast_signed()), |row| {
        let (position, finding) = read_finding(row)?;
        page.checked += 1;
        page.findings.extend(finding);
        page.next = Some(position);
        Ok(())
    })?;
    if page.checked < PAGE as u64 {
        page.next = None;
    }
    Ok(page)
}

fn remove(tx: &Transaction<'_>, finding: &Finding) -> Result<Removal, Error> {
    // Checked again: its id may have been reused.
    let (sql, id) = match finding {
        Finding::UnreferencedAvatar(id) => {
            ("DELETE FROM images WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM users WHERE image = ?1)", id)
        }
        Finding::UnreferencedRendition(id) => (
            "DELETE FROM renditions WHERE id = ? AND NOT EXISTS \
             (SELECT 1 FROM users WHERE users.id = renditions.user AND users.upload = renditions.upload)",
            id,
        ),
        Finding::MissingImage(_) | Finding::MissingRenditions(_) => return Ok(Removal::Kept),
    };
    let removed = tx.execute(StepName::Sweep, sql, [row_id(Some(id))?])?;
    Ok(if removed == 0 { Removal::Kept } else { Removal::Removed })
}

fn row_id(position: Option<&str>) -> Result<i64, Error> {
    position.map_or(Ok(0), |position| position.parse().map_err(Error::damaged))
}
