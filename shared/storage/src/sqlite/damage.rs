//! Damage that can be detected at once.
//!
//! Checking a whole file takes minutes. This reads the path to the first row of each table and index: a few
//! pages, however long the file is.

use rusqlite::{Connection, ErrorCode};

/// A statement for each table and each index, which reads the path to its first row. For a table without
/// rowid the first one reads the shortest index; the table itself is one of its own indexes. A partial index of Roster has
/// the rows with a value.
const PROBES: &str = "\
    WITH tables AS (SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0) \
    SELECT format('SELECT 1 FROM \"%w\" NOT INDEXED LIMIT 1', name) FROM tables \
    UNION ALL \
    SELECT format('SELECT 1 FROM \"%w\" INDEXED BY \"%w\" %s LIMIT 1', tables.name, indexes.name, iif(partial, \
        (SELECT format('WHERE \"%w\" IS NOT NULL', name) FROM pragma_index_info(indexes.name) LIMIT 1), '')) \
    FROM tables, pragma_index_list(tables.name) AS indexes";

/// Fails if a table or an index cannot be read; changes nothing.
pub(super) fn check(connection: &Connection) -> rusqlite::Result<()> {
    let mut probes = connection.prepare(PROBES)?;
    let mut rows = probes.query([])?;
    while let Some(row) = rows.next()? {
        match first_row(connection, &row.get::<_, String>(0)?) {
            // Not damage: a foreign index that no such statement can use, such as a partial one by another condition.
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::Unknown) => {}
            other => other?,
        }
    }
    Ok(())
}

fn first_row(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare(sql)?.query([])?.next().map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::migrations;

    fn database() -> Connection {
        let mut connection = Connection::open_in_memory().unwrap();
        migrations::migrate(&mut connection).unwrap();
        connection
    }

    #[test]
    fn every_table_and_index_is_looked_at() {
        let connection = database();
        let mut probes = connection.prepare(PROBES).unwrap();
        let probes = probes.query_map([], |row| row.get::<_, String>(0)).unwrap();
        let rows = probes.map(|sql| first_row(&connection, &sql.unwrap()).unwrap()).count();
        assert_eq!(rows, 17, "seven tables, nine indexes, and once more the table that is one");
    }

    #[test]
    fn foreign_indexes_and_views_are_not_damage() {
        let connection = database();
        connection
            .execute_batch(
                "CREATE INDEX \"by \"\"name\" ON users (name);
                 CREATE INDEX some ON users (name) WHERE version > 1;
                 CREATE VIEW names AS SELECT name FROM users;
                 ANALYZE",
            )
            .unwrap();
        check(&connection).unwrap();
    }
}
