//! Process, settings and store of different environments.

use tempfile::{TempDir, tempdir};

use crate::support::{
    aws::until_log_contains,
    running::{Running, command, output},
};

/// A database file of prod with a user in it.
fn made_for_prod() -> TempDir {
    let folder = tempdir().unwrap();
    made_by(folder, "ROSTER_ENVIRONMENT")
}

/// The same, with this setting on prod.
fn made_by(folder: TempDir, setting: &str) -> TempDir {
    let running = Running::spawn(command(folder.path()).env(setting, "prod"));
    assert_eq!(running.create("ada@example.org", &crate::support::pictures::small_jpeg()).unwrap().0, 201);
    folder
}

/// The exit code of a start with these settings, and the single line that it prints.
fn refused(folder: &TempDir, settings: &[(&str, &str)]) -> (Option<i32>, String) {
    let refused = output(command(folder.path()).envs(settings.iter().copied()));
    let lines = String::from_utf8(refused.stderr).unwrap();
    (refused.status.code(), lines.lines().last().unwrap_or_default().to_owned())
}

#[test]
fn a_store_of_another_environment_fails_the_start_with_78_and_one_line() {
    let folder = made_for_prod();
    let (code, line) = refused(&folder, &[("ROSTER_ENVIRONMENT", "beta")]);
    assert_eq!(code, Some(78), "{line}");
    assert!(line.starts_with("roster: ") && line.contains("`beta`") && line.contains("`prod`"), "{line}");
}

#[test]
fn settings_of_another_environment_fail_the_start_with_78_and_one_line() {
    let folder = tempdir().unwrap();
    let settings = [("ROSTER_ENVIRONMENT", "beta"), ("ROSTER_CONFIG_ENVIRONMENT", "prod")];
    let (code, line) = refused(&folder, &settings);
    assert_eq!(code, Some(78), "{line}");
    assert!(line.starts_with("roster: ") && line.contains("`beta`") && line.contains("`prod`"), "{line}");
    assert!(!folder.path().join("roster.db").exists(), "nothing was made");
}

#[test]
fn settings_alone_can_select_the_environment() {
    let folder = made_by(tempdir().unwrap(), "ROSTER_CONFIG_ENVIRONMENT");
    let (code, _) = refused(&folder, &[("ROSTER_CONFIG_ENVIRONMENT", "beta")]);
    assert_eq!(code, Some(78));
    let running = Running::spawn(command(folder.path()).env("ROSTER_CONFIG_ENVIRONMENT", "prod"));
    assert_eq!(running.users().len(), 1);
}

#[test]
fn aws_without_its_required_settings_fails_the_start_with_64() {
    let folder = tempdir().unwrap();
    let (code, line) = refused(&folder, &[("ROSTER_STORAGE", "aws")]);
    assert_eq!(
        (code, line.as_str()),
        (Some(64), "roster: ROSTER_USERS_TABLE: must be set with ROSTER_STORAGE=aws")
    );
}

#[test]
fn each_reason_why_a_start_waits_for_its_store_is_logged_once() {
    for (faults, timeouts, failures) in [
        ("health.check=unavailable*3", 0, 1),
        ("health.check=slow:600s*1,health.check=unavailable*2@from:2", 1, 1),
        ("health.check=unavailable*2,health.check=throttled*2@from:3", 0, 2),
    ] {
        let folder = tempdir().unwrap();
        let log = folder.path().join("log");
        let mut command = command(folder.path());
        command.env("ROSTER_FAULTS", faults).stderr(std::fs::File::create(&log).unwrap());
        let _running = Running::spawn(&mut command);
        let log_text = until_log_contains(&log, "store environment verified; ready");
        let lines = |text: &str| log_text.lines().filter(|line| line.contains(text)).count();
        assert_eq!(lines("timed out checking the store's environment"), timeouts, "{faults}: {log_text}");
        assert_eq!(lines("could not check the store's environment"), failures, "{faults}: {log_text}");
    }
}
