//! Process, settings and store that do not belong together.

use tempfile::{TempDir, tempdir};

use crate::support::running::{Running, command, output};

/// A file that was made for prod, and a user in it.
fn made_for_prod() -> TempDir {
    let folder = tempdir().unwrap();
    made_by(folder, "ROSTER_ENVIRONMENT")
}

/// The same, where this setting says prod.
fn made_by(folder: TempDir, setting: &str) -> TempDir {
    let running = Running::spawn(command(folder.path()).env(setting, "prod"));
    assert_eq!(running.create("ada@example.org", &crate::support::pictures::small_jpeg()).unwrap().0, 201);
    folder
}

/// How a start with these settings ends, and the one line that it says.
fn refused(folder: &TempDir, settings: &[(&str, &str)]) -> (Option<i32>, String) {
    let refused = output(command(folder.path()).envs(settings.iter().copied()));
    let lines = String::from_utf8(refused.stderr).unwrap();
    (refused.status.code(), lines.lines().last().unwrap_or_default().to_owned())
}

#[test]
fn a_store_of_another_environment_ends_the_start_with_78_and_one_line() {
    let folder = made_for_prod();
    let (code, line) = refused(&folder, &[("ROSTER_ENVIRONMENT", "beta")]);
    assert_eq!(code, Some(78), "{line}");
    assert!(line.starts_with("roster: ") && line.contains("`beta`") && line.contains("`prod`"), "{line}");
}

#[test]
fn settings_of_another_environment_end_the_start_with_78_and_one_line() {
    let folder = tempdir().unwrap();
    let settings = [("ROSTER_ENVIRONMENT", "beta"), ("ROSTER_CONFIG_ENVIRONMENT", "prod")];
    let (code, line) = refused(&folder, &settings);
    assert_eq!(code, Some(78), "{line}");
    assert!(line.starts_with("roster: ") && line.contains("`beta`") && line.contains("`prod`"), "{line}");
    assert!(!folder.path().join("roster.db").exists(), "nothing was made");
}

#[test]
fn settings_alone_can_say_whose_store_they_want() {
    let folder = made_by(tempdir().unwrap(), "ROSTER_CONFIG_ENVIRONMENT");
    let (code, _) = refused(&folder, &[("ROSTER_CONFIG_ENVIRONMENT", "beta")]);
    assert_eq!(code, Some(78));
    let running = Running::spawn(command(folder.path()).env("ROSTER_CONFIG_ENVIRONMENT", "prod"));
    assert_eq!(running.users().len(), 1);
}

#[test]
fn aws_without_what_it_requires_ends_the_start_with_64() {
    let folder = tempdir().unwrap();
    let (code, line) = refused(&folder, &[("ROSTER_STORAGE", "aws")]);
    assert_eq!(
        (code, line.as_str()),
        (Some(64), "roster: ROSTER_USERS_TABLE: must be set with ROSTER_STORAGE=aws")
    );
}
