//! `roster events` and `roster sweep`, on their own file and next to a `serve`.

use std::{
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use domain::Digest;
use rusqlite::Connection;
use serde_json::{Value, json};
use tempfile::{TempDir, tempdir};

use crate::support::{
    pictures,
    running::{Running, command},
};

/// The output and the exit code of a tool.
struct ToolOutput {
    code: i32,
    out: String,
    error: String,
}

impl ToolOutput {
    fn json(&self) -> Vec<Value> {
        self.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

fn run(folder: &Path, arguments: &[&str]) -> ToolOutput {
    let mut command = command(folder);
    // A tool does not listen, so it needs no `ROSTER_AUTH`.
    command.env("ROSTER_LISTEN", "0.0.0.0:8080").args(arguments);
    let output = command.stdin(Stdio::null()).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    ToolOutput { code: output.status.code().unwrap(), out: text(output.stdout), error: text(output.stderr) }
}

fn change(folder: &Path, sql: &str) {
    Connection::open(folder.join("roster.db")).unwrap().execute_batch(sql).unwrap();
}

fn number(folder: &Path, sql: &str) -> i64 {
    Connection::open(folder.join("roster.db")).unwrap().query_row(sql, [], |row| row.get(0)).unwrap()
}

fn until(what: &str, reached: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_mins(1);
    while !reached() {
        assert!(Instant::now() < end, "{what}");
        std::thread::yield_now();
    }
}

#[test]
fn users_of_an_earlier_release_are_reported_as_twins_and_indexed() {
    let folder = tempdir().unwrap();
    let running = Running::start(folder.path());
    for email in ["x@bücher.example", "ada@example.org"] {
        assert_eq!(running.create(email, &pictures::small_jpeg()).unwrap().0, 201);
    }
    let none = run(folder.path(), &["users", "twins"]);
    assert_eq!(
        (none.code, none.out.as_str()),
        (0, "2 users checked; 0 mailboxes have several users\n"),
        "{}",
        none.error
    );

    // As a release before this one had made it of the other spelling.
    let id = Digest::of(b"x@xn--bcher-kva.example").to_string();
    let copy = format!(
        "INSERT INTO users SELECT x'{id}', name, 'x@xn--bcher-kva.example', NULL, NULL, NULL, NULL, version, \
         created_at, updated_at, x'00', NULL, NULL, NULL, NULL FROM users WHERE email = 'x@bücher.example'"
    );
    change(folder.path(), &copy);
    let twins = run(folder.path(), &["users", "twins", "--json"]);
    let mut ids = [Digest::of("x@bücher.example".as_bytes()).to_string(), id.clone()];
    ids.sort();
    let expected = [json!({"users": ids}), json!({"checked": 3, "mailboxes": 1})];
    assert_eq!((twins.code, twins.json()), (1, expected.to_vec()), "{}", twins.error);
    let text = run(folder.path(), &["users", "twins"]);
    assert_eq!(text.out.lines().next().unwrap(), format!("one mailbox: {} {}", ids[0], ids[1]));
    assert!(!text.out.contains('@'), "{}", text.out);

    let indexed = run(folder.path(), &["users", "index"]);
    assert_eq!(
        (indexed.code, indexed.out.as_str()),
        (0, "3 users checked; 2 indexed\n"),
        "{}",
        indexed.error
    );
    let other = format!("SELECT count(*) FROM users WHERE id = x'{id}' AND other_id IS NOT NULL");
    assert_eq!(number(folder.path(), &other), 1);
    assert_eq!(running.request(&format!("DELETE /users/{id}"), b"").unwrap().0, 204);
    assert_eq!(run(folder.path(), &["users", "twins"]).code, 0);
}

/// A store with some dead letters, numbered from 1.
fn with_dead_letters(count: u32) -> TempDir {
    let folder = tempdir().unwrap();
    drop(Running::start(folder.path()));
    for id in 1..=count {
        change(
            folder.path(),
            &format!(
                "INSERT INTO dead_letters VALUES ({id}, 'user.renamed', x'00', x'00', 1, {id}000, 5, NULL, 'reason {id}', 0)"
            ),
        );
    }
    folder
}

/// A running server with one user, whose renditions are stored.
fn serving() -> (TempDir, Running) {
    let folder = tempdir().unwrap();
    let running = Running::start(folder.path());
    assert_eq!(running.create("ada@example.org", &pictures::small_jpeg()).unwrap().0, 201);
    until_rendered(folder.path());
    (folder, running)
}

fn until_rendered(folder: &Path) {
    until_these_are_stored(folder, 6);
}

fn until_these_are_stored(folder: &Path, renditions: u32) {
    let no_event = "(SELECT count(*) FROM events) = 0";
    let sql = format!("SELECT (SELECT count(*) FROM renditions) = {renditions} AND {no_event}");
    until("renditions are stored", || number(folder, &sql) == 1);
}

#[test]
fn dead_letters_are_listed_and_shown_without_changing_them() {
    let folder = with_dead_letters(250);
    for _ in 0..2 {
        let listed = run(folder.path(), &["events", "list", "--json", "--limit", "1000"]);
        assert_eq!((listed.code, listed.json().len()), (0, 250), "{}", listed.error);
        assert_eq!(listed.json()[0]["reason"], "reason 1");
    }
    let table = run(folder.path(), &["events", "list", "--limit", "2"]);
    assert_eq!(table.out.lines().count(), 3, "{}", table.out);
    assert!(table.out.contains("1970-01-01T00:00:01Z") && table.out.contains("reason 2"), "{}", table.out);
    let shown = run(folder.path(), &["events", "show", "249"]);
    let shown: Value = serde_json::from_str(&shown.out).unwrap();
    assert_eq!((&shown["receives"], &shown["payload"]), (&5.into(), &r#"{"kind":"user.renamed"}"#.into()));
    let unknown = run(folder.path(), &["events", "show", "999"]);
    assert_eq!((unknown.code, unknown.error.trim()), (1, "roster: dead letter not found: 999"));
}

#[test]
fn selected_dead_letters_are_redriven_or_dropped_and_others_stay() {
    let folder = with_dead_letters(9);
    assert_eq!(run(folder.path(), &["events", "redrive", "3", "4"]).out, "2 redriven\n");
    let dropped = run(folder.path(), &["events", "drop", "5", "77"]);
    assert_eq!((dropped.code, dropped.out.as_str()), (1, "1 dropped\n"));
    assert!(dropped.error.contains("dead letter not found: 77"), "{}", dropped.error);
    assert_eq!(number(folder.path(), "SELECT count(*) FROM events WHERE attempts = 0"), 2);
    let left = run(folder.path(), &["events", "list", "--json"]);
    let left: Vec<_> = left.json().iter().map(|letter| letter["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(left, ["1", "2", "6", "7", "8", "9"]);
    assert_eq!(run(folder.path(), &["events", "drop", "--all"]).out, "6 dropped\n");
    assert_eq!(run(folder.path(), &["events", "redrive", "--all"]).out, "0 redriven\n");
}

#[test]
fn a_redriven_event_is_processed_by_a_running_serve() {
    let (folder, _running) = serving();
    change(
        folder.path(),
        "INSERT INTO dead_letters SELECT 7, 'avatar.stored', id, upload, format, 0, 5, NULL, 'away', 0 FROM users;
         DELETE FROM renditions",
    );
    assert_eq!(run(folder.path(), &["events", "redrive", "--all"]).out, "1 redriven\n");
    until_rendered(folder.path());
}

#[test]
fn redriving_all_ends_even_if_a_worker_dead_letters_them_again() {
    let folder = with_dead_letters(120);
    let _running = Running::start(folder.path());
    assert_eq!(run(folder.path(), &["events", "redrive", "--all"]).out, "120 redriven\n");
    until("all are dead-lettered again", || {
        number(folder.path(), "SELECT count(*) FROM dead_letters") == 120
    });
}

#[test]
fn a_tool_with_invalid_arguments_fails_and_changes_nothing() {
    let folder = with_dead_letters(1);
    for arguments in [
        &["events"][..],
        &["events", "drop"],
        &["events", "redrive", "1", "--all"],
        &["events", "list", "--limit", "0"],
        &["events", "show"],
        &["sweep", "--older-than", "30s"],
        &["sweep", "--older-than", "a day"],
        &["sweep", "--older-than", ""],
        &["sweep", "everything"],
        &["sweep", "--from", "nowhere"],
        &["renditions"],
        &["renditions", "remake", "everything"],
        &["renditions", "remake", "--from", "nowhere"],
    ] {
        let output = run(folder.path(), arguments);
        assert_eq!((output.code, output.error.lines().count()), (64, 1), "{arguments:?}: {}", output.error);
    }
    let elsewhere = tempdir().unwrap();
    let missing = run(elsewhere.path(), &["sweep"]);
    assert_eq!(missing.code, 1);
    assert!(missing.error.contains("roster.db") && missing.error.lines().count() == 1, "{}", missing.error);
    assert_eq!(number(folder.path(), "SELECT count(*) FROM dead_letters"), 1);
}

#[test]
fn a_store_of_another_environment_is_not_touched() {
    let folder = tempdir().unwrap();
    drop(Running::spawn(command(folder.path()).env("ROSTER_ENVIRONMENT", "prod").stderr(Stdio::null())));
    for arguments in [&["sweep", "--environment", "test"][..], &["events", "list", "--environment", "test"]] {
        let output = run(folder.path(), arguments);
        assert_eq!((output.code, output.error.lines().count()), (78, 1), "{}", output.error);
    }
}

#[test]
fn a_sweep_repairs_the_store_next_to_a_serve_and_a_dry_run_changes_nothing() {
    let (folder, _running) = serving();
    let clean = run(folder.path(), &["sweep", "--json"]);
    assert_eq!((clean.code, clean.json().len()), (0, 1), "{}", clean.error);
    assert_eq!(clean.json()[0]["looked_at"], 8);

    // An old upload without its renditions, and an orphaned image.
    change(
        folder.path(),
        "DELETE FROM renditions;
         UPDATE users SET upload = x'00000000000070008000000000000000';
         INSERT INTO images (id, bytes) VALUES (70, x'00')",
    );
    for arguments in [&["sweep", "--dry-run", "--json"][..], &["sweep", "--json"]] {
        let output = run(folder.path(), arguments);
        assert_eq!(output.code, 0, "{}", output.error);
        let lines = output.json();
        let findings: Vec<_> = lines[..2].iter().map(|line| line["finding"].as_str().unwrap()).collect();
        assert_eq!(findings, ["unreferenced_avatar", "missing_renditions"]);
        let is_dry = arguments.contains(&"--dry-run");
        let expected = if is_dry { ["none", "none"] } else { ["removed", "queued"] };
        assert_eq!(
            lines[..2].iter().map(|line| line["action"].as_str().unwrap()).collect::<Vec<_>>(),
            expected
        );
        let total = &lines[2];
        assert_eq!((&total["unreferenced_avatars"], &total["missing_renditions"]), (&1.into(), &1.into()));
        assert_eq!(number(folder.path(), "SELECT count(*) FROM images"), if is_dry { 2 } else { 1 });
    }
    // Of an old image, that of 512 pixels as well.
    until_these_are_stored(folder.path(), 8);
    let text = run(folder.path(), &["sweep"]);
    assert!(text.out.starts_with("10 checked; 0 orphaned avatars"), "{}", text.out);
}

#[test]
fn incorrect_renditions_are_made_again_and_others_stay() {
    let (folder, _running) = serving();
    let output = run(folder.path(), &["renditions", "remake", "--json"]);
    let total = serde_json::json!({
        "looked_at": 1, "to_remake": 0, "unreadable": 0, "stopped_at": null, "dry_run": false,
    });
    assert_eq!((output.code, output.json()), (0, vec![total]), "{}", output.error);

    // And renditions that are not pictures.
    store_as_earlier(folder.path());
    change(folder.path(), "UPDATE renditions SET bytes = x'00'");
    let wrong = "SELECT count(*) FROM renditions WHERE bytes = x'00'";
    let dry = run(folder.path(), &["renditions", "remake", "--dry-run"]);
    assert!(dry.out.ends_with("1 images checked; 1 to remake; 0 unreadable\n"), "{}", dry.out);
    assert_eq!((dry.code, number(folder.path(), wrong)), (0, 6));

    let remade = run(folder.path(), &["renditions", "remake"]);
    assert!(remade.out.ends_with("1 images checked; 1 queued; 0 unreadable\n"), "{}", remade.out);
    until("renditions are made again", || number(folder.path(), wrong) == 0);
    until_rendered(folder.path());
}

#[test]
fn a_rendition_that_was_made_on_request_is_made_again_as_well() {
    let (folder, running) = serving();
    let age = std::time::Duration::from_mins(11);
    let made_at = domain::Timestamp::now() - age;
    let upload = format!("{:012x}70008000000000000000", made_at.as_millisecond());
    change(
        folder.path(),
        &format!("UPDATE users SET upload = x'{upload}'; UPDATE renditions SET upload = x'{upload}'"),
    );
    let users: Value = serde_json::from_slice(&running.get("/users").1).unwrap();
    let id = users[0]["avatar_url"].as_str().unwrap().rsplit('/').nth(1).unwrap().to_owned();
    assert_eq!(running.get(&format!("/avatar/{id}?s=512")).0, 200);
    assert_eq!(number(folder.path(), "SELECT count(*) FROM renditions WHERE size = 512"), 1);
    store_as_earlier(folder.path());
    change(folder.path(), "UPDATE renditions SET bytes = x'00'");

    assert_eq!(run(folder.path(), &["renditions", "remake"]).code, 0);

    let wrong = "SELECT count(*) FROM renditions WHERE bytes = x'00'";
    until("renditions are made again", || number(folder.path(), wrong) == 0);
}

/// Replaces all images by one that an earlier release rendered wrong: components one after the other.
fn store_as_earlier(folder: &Path) {
    let kept = include_bytes!("../../../../shared/imaging/tests/libjpeg/one-by-one.jpg");
    Connection::open(folder.join("roster.db"))
        .unwrap()
        .execute("UPDATE images SET bytes = ?", [kept.as_slice()])
        .unwrap();
}

/// A store with two users, whose images an earlier release rendered wrong, and without events.
fn with_two_wrong_renditions() -> TempDir {
    let folder = tempdir().unwrap();
    let running = Running::spawn(command(folder.path()).arg("--no-worker").stderr(Stdio::null()));
    for email in ["ada@example.org", "bob@example.org"] {
        assert_eq!(running.create(email, &pictures::small_jpeg()).unwrap().0, 201);
    }
    drop(running);
    store_as_earlier(folder.path());
    change(folder.path(), "DELETE FROM events");
    folder
}

#[test]
fn an_image_that_cannot_be_read_is_reported_and_the_next_one_is_queued() {
    let folder = with_two_wrong_renditions();
    let said = run(folder.path(), &["renditions", "remake", "--json", "--faults", "avatars.read=damaged*1"]);
    let lines = said.json();
    assert_eq!((said.code, lines.len(), said.error.as_str()), (1, 3, ""), "{}", said.out);
    assert_eq!((&lines[0]["action"], &lines[0]["reason"]), (&"unreadable".into(), &"injected fault".into()));
    assert_eq!(lines[1]["action"], "queued");
    let total = serde_json::json!({
        "looked_at": 2, "to_remake": 1, "unreadable": 1, "stopped_at": null, "dry_run": false,
    });
    assert_eq!(lines[2], total);
    assert_eq!(number(folder.path(), "SELECT count(*) FROM events"), 1);
}

#[test]
fn a_remake_retries_transient_errors_of_each_call() {
    let folder = with_two_wrong_renditions();
    let faults = "users.list=throttled*1,avatars.read=unavailable*1,sqlite.insert_event=unavailable*1";
    let said = run(folder.path(), &["renditions", "remake", "--faults", faults]);
    assert!(said.out.ends_with("2 images checked; 2 queued; 0 unreadable\n"), "{}{}", said.out, said.error);
    assert_eq!((said.code, number(folder.path(), "SELECT count(*) FROM events")), (0, 2));
}

#[test]
fn a_stopped_remake_prints_where_to_resume_and_resumes_there() {
    let folder = with_two_wrong_renditions();
    let faults = "sqlite.insert_event=damaged@from:2";
    let stopped = run(folder.path(), &["renditions", "remake", "--faults", faults]);
    assert_eq!((stopped.code, stopped.error.trim()), (1, "roster: store is damaged: injected fault"));
    let (_, cursor) = stopped.out.trim_end().rsplit_once("resume with --from ").expect("a place");
    let first = stopped.out.lines().next().unwrap();
    assert!(first.ends_with("(queued)"), "{}", stopped.out);

    let resumed = run(folder.path(), &["renditions", "remake", "--from", cursor.trim_matches('\'')]);
    assert!(resumed.out.ends_with("1 images checked; 1 queued; 0 unreadable\n"), "{}", resumed.out);
    assert!(!resumed.out.contains(first), "{}", resumed.out);
    assert_eq!((resumed.code, number(folder.path(), "SELECT count(*) FROM events")), (0, 2));
}

/// Makes the only upload this old.
fn set_age(folder: &Path, age: Duration) {
    let made_at = domain::Timestamp::now() - age;
    let upload = format!("{:012x}70008000000000000000", made_at.as_millisecond());
    change(folder, &format!("UPDATE users SET upload = x'{upload}'"));
}

#[test]
fn a_user_without_its_image_fails_a_sweep_a_minute_after_its_upload() {
    let (folder, running) = serving();
    drop(running);
    change(folder.path(), "DELETE FROM images");
    set_age(folder.path(), Duration::ZERO);
    let of_now = run(folder.path(), &["sweep", "--dry-run"]);
    assert_eq!(of_now.code, 0, "it may be on its way: {}", of_now.out);
    set_age(folder.path(), Duration::from_secs(61));
    for arguments in [&["sweep", "--dry-run"][..], &["sweep"]] {
        let output = run(folder.path(), arguments);
        assert_eq!(output.code, 1);
        assert!(
            output.out.contains("missing image: ") && output.out.contains("1 users without their image"),
            "{}",
            output.out
        );
    }
}

#[test]
fn a_failed_removal_is_reported_and_succeeds_in_the_next_run() {
    let (folder, running) = serving();
    drop(running);
    change(folder.path(), "INSERT INTO images (id, bytes) VALUES (70, x'00')");
    let failed = run(folder.path(), &["sweep", "--faults", "sqlite.sweep=damaged*1"]);
    assert_eq!((failed.code, failed.error.as_str()), (1, ""));
    assert!(failed.out.starts_with("orphaned avatar: 70 (failed: injected fault)\n"), "{}", failed.out);
    assert!(
        failed.out.contains("0 orphaned avatars") && failed.out.contains("1 not removed"),
        "{}",
        failed.out
    );
    assert_eq!(number(folder.path(), "SELECT count(*) FROM images"), 2);
    // If throttled once, it is retried.
    let mended = run(folder.path(), &["sweep", "--json", "--faults", "sqlite.sweep=throttled*1"]);
    assert_eq!((mended.code, &mended.json()[0]["action"]), (0, &"removed".into()), "{}", mended.error);
    assert_eq!(number(folder.path(), "SELECT count(*) FROM images"), 1);
}

#[test]
fn an_unlikely_share_of_orphans_is_removed_only_with_force() {
    let (folder, running) = serving();
    drop(running);
    let count = 101;
    let many = format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) \
         INSERT INTO images (id, bytes) SELECT 1000 + i, x'00' FROM n"
    );
    change(folder.path(), &many);
    let why = "101 of 102 avatars are orphans, more than 100";
    for (arguments, output) in [
        (
            &["sweep", "--dry-run"][..],
            format!(
                "a sweep would remove nothing: {why}; check that bucket and table are the right ones, then use --force\n"
            ),
        ),
        (
            &["sweep"],
            format!(
                "nothing was removed: {why}; check that bucket and table are the right ones, then use --force\n"
            ),
        ),
    ] {
        let refused = run(folder.path(), arguments);
        assert_eq!(refused.code, 1, "{}", refused.error);
        assert!(refused.out.ends_with(&output), "{}", refused.out);
        assert_eq!(number(folder.path(), "SELECT count(*) FROM images"), 102);
    }
    let json = run(folder.path(), &["sweep", "--json"]);
    assert_eq!(json.json().last().unwrap()["too_many"][0], why);
    assert_eq!(run(folder.path(), &["sweep", "--force"]).code, 0);
    assert_eq!(number(folder.path(), "SELECT count(*) FROM images"), 1);
}

#[test]
fn an_image_with_a_dead_letter_is_not_queued_again_and_a_sweep_resumes() {
    let (folder, running) = serving();
    drop(running);
    set_age(folder.path(), Duration::from_hours(48));
    change(
        folder.path(),
        "INSERT INTO dead_letters SELECT 7, 'avatar.stored', id, upload, format, 0, 5, NULL, 'away', 0 FROM users;
         DELETE FROM renditions; INSERT INTO images (id, bytes) VALUES (70, x'00')",
    );
    let output = run(folder.path(), &["sweep", "--json", "--from", "users"]);
    let lines = output.json();
    assert_eq!((output.code, lines.len()), (0, 2), "{}", output.error);
    assert_eq!(
        (&lines[0]["action"], &lines[1]["missing_renditions_dead"]),
        (&"dead letter".into(), &1.into())
    );
    assert_eq!(number(folder.path(), "SELECT count(*) FROM events"), 0);
    assert_eq!(run(folder.path(), &["events", "list", "--json"]).json().len(), 1, "it is released");
    assert_eq!(number(folder.path(), "SELECT count(*) FROM images"), 2, "the images were done");
    change(folder.path(), "DELETE FROM dead_letters");
    assert_eq!(run(folder.path(), &["sweep", "--from", "avatars:69"]).code, 0);
    assert_eq!(number(folder.path(), "SELECT count(*) FROM events"), 1);
    assert_eq!(number(folder.path(), "SELECT count(*) FROM images"), 1);
}
