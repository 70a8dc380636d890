//! The binary on PostgreSQL: what an operator gets to see. The adapter's own tests are in `storage`.

use std::{
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use postgres_server::{PASSWORD, Server};
use tempfile::{TempDir, tempdir};

use crate::support::{
    aws::until_log_contains,
    pictures,
    running::{Running, command, output},
};

const SECRET: &str = "s3cret%3A%20p%40ss%2Fword";

/// A start on this database.
fn on(url: &str, folder: &TempDir) -> Command {
    let mut command = command(folder.path());
    command.env("ROSTER_STORAGE", url).env("ROSTER_ENVIRONMENT", "test");
    command
}

/// Waits for a condition.
fn until(what: &str, reached: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_mins(1);
    while !reached() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::yield_now();
    }
}

fn database(url: &str) -> &str {
    url.rsplit_once('/').unwrap().1
}

/// The exit code and the last line of a start that fails.
fn refused(command: &mut Command) -> (Option<i32>, String) {
    let refused = output(command);
    let lines = String::from_utf8(refused.stderr).unwrap();
    assert!(!lines.contains(SECRET) && !lines.contains(PASSWORD), "{lines}");
    (refused.status.code(), lines.lines().last().unwrap_or_default().to_owned())
}

#[test]
fn users_and_images_are_served_and_events_processed_and_the_log_has_no_password() {
    let Some(server) = Server::shared() else { return };
    let (folder, log) = (tempdir().unwrap(), tempfile::NamedTempFile::new().unwrap());
    let url = server.database();
    let locked = server.url(&format!("locked:{SECRET}"), database(&url));
    let stderr = log.reopen().unwrap();
    let running = Running::spawn(on(&locked, &folder).arg("--worker").stderr(stderr));
    assert!(running.greeting.contains("curl -F name="), "{}", running.greeting);
    assert_eq!(running.create("ada@example.org", &pictures::small_jpeg()).unwrap().0, 201);
    let users = running.users();
    let image = users[0]["avatar_url"].as_str().unwrap();
    let (status, _) = running
        .get(image.split_once("/avatars").map(|(_, rest)| format!("/avatars{rest}")).unwrap().as_str());
    assert_eq!(status, 200);
    let renditions = "SELECT count(*) FROM renditions";
    until("the event is not processed", || server.sql(database(&url), renditions) == "6");
    let log = std::fs::read_to_string(log.path()).unwrap();
    assert!(log.contains(&format!("locked:***@127.0.0.1:{}", server.port())), "{log}");
    assert!(!log.contains(SECRET) && !log.contains(PASSWORD), "{log}");
}

#[test]
fn a_password_in_a_flag_fails_the_start_with_64() {
    let folder = tempdir().unwrap();
    let flag = format!("--storage=postgres://roster:{SECRET}@127.0.0.1/roster");
    let (code, line) = refused(command(folder.path()).arg(flag).env("ROSTER_ENVIRONMENT", "test"));
    assert_eq!(code, Some(64), "{line}");
    assert!(line.starts_with("roster: ROSTER_STORAGE: ") && line.contains("PGPASSFILE"), "{line}");
}

#[test]
fn a_malformed_url_or_no_environment_fails_the_start_with_64() {
    let folder = tempdir().unwrap();
    for url in
        [format!("postgres://roster:{SECRET}@/x"), format!("postgres://roster:{SECRET}@db/x?sslmode=require")]
    {
        let (code, line) = refused(&mut on(&url, &folder));
        assert_eq!(code, Some(64), "{line}");
        assert!(line.starts_with("roster: ROSTER_STORAGE: "), "{line}");
    }
    let (code, line) =
        refused(command(folder.path()).env("ROSTER_STORAGE", "postgres://roster@127.0.0.1/roster"));
    assert_eq!(code, Some(64), "{line}");
    assert!(line.starts_with("roster: ROSTER_ENVIRONMENT: "), "{line}");
}

#[test]
fn a_wrong_password_and_a_newer_schema_fail_the_start_with_1_and_another_environment_with_78() {
    let Some(server) = Server::shared() else { return };
    let folder = tempdir().unwrap();
    let url = server.database();
    let (code, line) = refused(on(&server.url("locked", database(&url)), &folder).env("PGPASSWORD", "wrong"));
    assert_eq!(code, Some(1), "{line}");
    assert!(line.contains("refused the login") && line.contains("ROSTER_STORAGE_PASSWORD_FILE"), "{line}");

    drop(Running::spawn(on(&url, &folder).stderr(Stdio::null())));
    let (code, line) = refused(on(&url, &folder).env("ROSTER_ENVIRONMENT", "prod"));
    assert_eq!(code, Some(78), "{line}");
    assert!(line.contains("`prod`") && line.contains("`test`"), "{line}");

    server.sql(database(&url), "UPDATE roster_schema SET version = 9, usable_from = 9");
    let (code, line) = refused(&mut on(&url, &folder));
    assert_eq!(code, Some(1), "{line}");
    assert!(line.contains("schema version 9") && line.contains("upgrade Roster"), "{line}");
}

#[test]
fn a_start_without_its_server_waits_for_it_and_serves_then() {
    let Some(server) = Server::start() else { return };
    let (folder, log) = (tempdir().unwrap(), tempfile::NamedTempFile::new().unwrap());
    let url = server.database();
    server.kill();
    let running = Running::spawn(on(&url, &folder).stderr(log.reopen().unwrap()));
    until_log_contains(log.path(), "cannot be used now");
    assert_eq!(running.get("/readyz").0, 503);
    server.run();
    until_log_contains(log.path(), "ready");
    until("it does not get ready", || running.get("/readyz").0 == 200);
    assert_eq!(running.create("ada@example.org", &pictures::small_jpeg()).unwrap().0, 201);
}
