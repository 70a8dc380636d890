//! The schema, and how a file gets it.

use rusqlite::{Connection, TransactionBehavior};

/// `Rost`: marks a file as a database of Roster (`SQLite`'s header, offset 68).
pub(super) const APPLICATION_ID: i32 = 0x526f_7374;

/// One script for each version, in order. A script that was released never changes.
const SCRIPTS: [&str; 5] = [
    include_str!("migrations/0001_users.sql"),
    include_str!("migrations/0002_environment.sql"),
    include_str!("migrations/0003_renditions.sql"),
    include_str!("migrations/0004_postponed.sql"),
    include_str!("migrations/0005_other_hashes.sql"),
];

/// From this version on a database names its environment.
pub(super) const NAMES_ENVIRONMENT: i64 = 2;

/// The version that this program supports.
pub(super) const VERSION: i64 = 5;

/// Migrates the schema from the version of the file to [`VERSION`], each step in its own transaction.
pub(super) fn migrate(connection: &mut Connection) -> rusqlite::Result<()> {
    loop {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let version = version(&transaction)?;
        let Some(script) = usize::try_from(version).ok().and_then(|version| SCRIPTS.get(version)) else {
            return transaction.rollback();
        };
        transaction.execute_batch(script)?;
        transaction.pragma_update(None, "user_version", version + 1)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.commit()?;
    }
}

/// The version of the file; 0 for an empty one.
pub(super) fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema(connection: &Connection) -> Vec<(String, String)> {
        let mut statement =
            connection.prepare("SELECT name, coalesce(sql, '') FROM sqlite_schema ORDER BY name").unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        rows.map(Result::unwrap).collect()
    }

    #[test]
    fn an_empty_file_gets_the_whole_schema_and_a_second_run_changes_nothing() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection).unwrap();
        let first = schema(&connection);
        assert!(first.iter().any(|(name, _)| name == "users"));
        assert_eq!(version(&connection).unwrap(), VERSION);

        migrate(&mut connection).unwrap();
        assert_eq!(schema(&connection), first);
    }

    #[test]
    fn every_script_is_a_version() {
        assert_eq!(usize::try_from(VERSION).unwrap(), SCRIPTS.len());
    }

    #[test]
    fn a_later_version_is_left_alone() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.pragma_update(None, "user_version", VERSION + 1).unwrap();
        migrate(&mut connection).unwrap();
        assert_eq!(version(&connection).unwrap(), VERSION + 1);
        assert!(schema(&connection).is_empty());
    }
}
