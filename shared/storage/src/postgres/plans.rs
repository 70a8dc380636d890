//! How the server runs the statements of large tables: by their indexes, on tables that are large.

use postgres_server::Server;

use super::{
    events::statements::{NEXT_DUE, RECEIVE, RECEIVE_DEAD_LETTERS},
    store::{FIND_ID, FIND_MD5, LIST},
};

const SCRIPT: &str = include_str!("migrations/0001_users.sql");

/// As many rows that a plan which reads all of them costs more, by far.
const FILL: &str = r"
    INSERT INTO users (id, name, email, version, created_at, updated_at, md5)
        SELECT sha256(n::text::bytea), 'Name', 'e-mail', 1, 0, 0, sha256(n::text::bytea)
        FROM generate_series(1, 20000) n;
    INSERT INTO events (kind, user_id, upload, format, created_at, visible_at)
        SELECT 'avatar.stored', '\x00', '\x00', 1, 0, n FROM generate_series(1, 20000) n;
    INSERT INTO dead_letters (kind, user_id, upload, format, created_at, visible_at, attempts, reason)
        SELECT 'avatar.stored', '\x00', '\x00', 1, 0, n, 1, 'poison' FROM generate_series(1, 20000) n;
    ANALYZE users, events, dead_letters;
";

/// The plan that serves all values of the parameters.
fn plan(server: &Server, database: &str, statement: &str, values: &str) -> String {
    let types = if values.contains(',') || values.is_empty() { "" } else { "(bytea)" };
    let prepare =
        format!("SET plan_cache_mode = force_generic_plan; PREPARE statement{types} AS {statement}");
    server.sql(database, &format!("{prepare}; EXPLAIN EXECUTE statement{values}"))
}

#[test]
fn events_and_lists_are_read_by_their_indexes() {
    let Some(server) = Server::shared() else { return };
    let url = server.database();
    let database = url.rsplit_once('/').unwrap().1;
    server.sql(database, SCRIPT);
    server.sql(database, FILL);
    let hash = r"('\x00')";
    for (statement, values, index) in [
        (RECEIVE, "(10, 60000)", "Index Scan using events_by_time on events"),
        (NEXT_DUE, "", "Index Only Scan using events_by_time on events"),
        (RECEIVE_DEAD_LETTERS, "(100, 60000)", "Index Scan using dead_letters_by_time on dead_letters"),
        (LIST, r"('\x00', 1000)", "Index Only Scan using users_by_id on users"),
        (FIND_ID, hash, "Bitmap Index Scan on users_by_other_id"),
        (FIND_MD5, hash, "Bitmap Index Scan on users_by_other_md5"),
    ] {
        let plan = plan(server, database, statement, values);
        assert!(plan.contains(index), "{statement}:\n{plan}");
        assert!(!plan.contains("Seq Scan"), "{statement}:\n{plan}");
        // The rows come in their order.
        let sorts = plan.contains("Sort") && !values.eq(hash);
        assert!(!sorts, "{statement}:\n{plan}");
    }
}
