//! Errors at the start, as the operator reads them.

use domain::environment::WrongEnvironment;
use postgres_server::{PASSWORD, Server};
use storage::{Boundary, Config, ConnectError, Settings, config::Password, postgres::OpenError};

use super::fixture::{boundary, config, database, environment, open, refusal, until};
use crate::refusals::assert_one_line;

/// The error of a start that fails, which is one line without the password.
async fn error_of(config: &Config, boundary: Boundary) -> ConnectError {
    let error = storage::connect(config, boundary).await.err().expect("refused");
    assert_one_line(&error);
    assert!(!error.to_string().contains(PASSWORD), "{error}");
    error
}

fn with_password<'a>(url: &'a str, password: Password<'a>) -> Config {
    Config::new(&Settings { storage: url, password, ..Settings::default() }).unwrap()
}

#[tokio::test]
async fn the_right_password_is_found_in_each_place_and_a_wrong_one_is_refused() {
    let Some(server) = Server::shared() else { return };
    let url = server.database();
    let url = server.url("locked", database(&url));
    let folder = tempfile::tempdir().unwrap();
    let [file, passfile] = ["password", "pgpass"].map(|name| folder.path().join(name).display().to_string());
    std::fs::write(&file, format!("{PASSWORD}\n")).unwrap();
    std::fs::write(&passfile, format!("*:*:*:locked:{}\n", PASSWORD.replace(':', "\\:"))).unwrap();
    let in_url = url.replace("locked@", "locked:s3cret%3A%20p%40ss%2Fword@");
    let none = Password::default();
    for config in [
        with_password(&in_url, none),
        with_password(&url, Password { text: Some(PASSWORD), ..none }),
        with_password(&url, Password { file: Some(&file), ..none }),
        with_password(&url, Password { passfile: Some(&passfile), ..none }),
    ] {
        // A server that is away would not prevent the start.
        storage::connect(&config, boundary()).await.unwrap().guard.pass().await.unwrap();
    }
    for config in [
        with_password(&url, none),
        with_password(&url, Password { text: Some("wrong"), ..none }),
        with_password(&in_url.replace("s3cret", "other"), none),
    ] {
        let error = error_of(&config, boundary()).await;
        assert!(matches!(refusal(error), OpenError::Refused { .. }));
    }
    let missing = with_password(&url, Password { file: Some("/nowhere/password"), ..none });
    assert!(matches!(refusal(error_of(&missing, boundary()).await), OpenError::NoPassword { .. }));
}

#[tokio::test]
async fn a_password_that_changes_is_read_for_the_next_connection() {
    let Some(server) = Server::start() else { return };
    let url = server.database();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), PASSWORD).unwrap();
    let path = file.path().display().to_string();
    let url = server.url("locked", database(&url));
    let config = with_password(&url, Password { file: Some(&path), ..Password::default() });
    let connection = storage::connect(&config, boundary()).await.unwrap();
    connection.guard.pass().await.unwrap();

    server.sql("postgres", "ALTER ROLE locked PASSWORD 'new'");
    std::fs::write(file.path(), "new").unwrap();
    server.sql("postgres", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'locked'");
    connection.stores.health.check().await.unwrap();
}

#[tokio::test]
async fn the_database_of_another_environment_is_refused_and_unchanged() {
    let Some(fixture) = open().await else { return };
    let other = Boundary { expected: Some(environment("prod")), ..Boundary::default() };
    let error = error_of(&config(&fixture.url), other).await;
    let ConnectError::WrongEnvironment(why) = error else { panic!("{error}") };
    let expected = WrongEnvironment::Store { process: environment("prod"), store: environment("test") };
    assert_eq!(why.to_string(), expected.to_string());
    assert_eq!(fixture.sql("SELECT name FROM environment"), "test");
}

#[tokio::test]
async fn a_read_only_server_a_foreign_database_and_a_missing_one_are_refused_with_a_clear_message() {
    let Some(server) = Server::shared() else { return };
    let [read_only, foreign, other, denied] = [(); 4].map(|()| server.database());
    server.sql(
        "postgres",
        &format!("ALTER DATABASE {} SET default_transaction_read_only = on", database(&read_only)),
    );
    server.sql(database(&foreign), "CREATE TABLE users (id integer)");
    server.sql(database(&other), "CREATE TABLE roster_schema AS SELECT 'a' AS version, 'b' AS usable_from");
    server.sql(database(&denied), "CREATE ROLE guest LOGIN");
    server.sql("postgres", "CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
    let denied = server.url("guest", database(&denied));
    let latin = server.url("roster", "latin");
    let missing = server.url("roster", "nowhere");
    let of = async |url: &str| refusal(error_of(&config(url), boundary()).await);
    assert!(matches!(of(&read_only).await, OpenError::ReadOnly { .. }));
    assert!(matches!(of(&foreign).await, OpenError::Foreign { .. }));
    assert!(matches!(of(&other).await, OpenError::Foreign { .. }));
    assert!(matches!(of(&denied).await, OpenError::Denied { .. }));
    assert!(matches!(of(&missing).await, OpenError::Missing { .. }));
    assert!(matches!(of(&latin).await, OpenError::Unsupported { why, .. } if why.contains("LATIN1")));
    let tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'";
    assert_eq!(server.sql(database(&foreign), tables), "1");
}

#[tokio::test]
async fn a_server_is_trusted_by_its_certificate_and_its_name() {
    let Some(server) = Server::shared() else { return };
    let url = server.database();
    let (authority, by_name) =
        (server.authority().display().to_string(), url.replace("127.0.0.1", "localhost"));
    let trusted = format!("{by_name}?sslrootcert={authority}");
    let connection = storage::connect(&config(&trusted), boundary()).await.unwrap();
    connection.guard.pass().await.unwrap();
    let encrypted = "SELECT count(*) > 0 FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
                     WHERE ssl AND application_name = 'roster' AND datname = current_database()";
    assert_eq!(server.sql(database(&url), encrypted), "t");
    for refused in [
        // Not by the authorities of the system, not by another name, not by a file without certificates.
        format!("{by_name}?sslmode=verify-full"),
        format!("{url}?sslrootcert={authority}"),
        format!("{by_name}?sslrootcert=/dev/null"),
        format!("{by_name}?sslrootcert=/nowhere/ca.crt"),
    ] {
        let error = refusal(error_of(&config(&refused), boundary()).await);
        assert!(matches!(error, OpenError::Untrusted { .. }), "{refused}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_authority_that_is_replaced_is_trusted_without_a_restart() {
    let Some(server) = Server::start() else { return };
    let url = server.database().replace("127.0.0.1", "localhost");
    let url = format!("{url}?sslrootcert={}", server.authority().display());
    let connection = storage::connect(&config(&url), boundary()).await.unwrap();
    connection.guard.pass().await.unwrap();
    tokio::task::block_in_place(|| server.replace_authority());
    server.sql(
        "postgres",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'roster'",
    );
    until("it is not trusted", async || connection.stores.health.check().await.is_ok()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_tls_is_refused_where_its_certificate_must_be_verified() {
    let Some(server) = Server::start() else { return };
    let url = server.database().replace("127.0.0.1", "localhost");
    let url = format!("{url}?sslrootcert={}", server.authority().display());
    server.sql("postgres", "ALTER SYSTEM SET ssl = off");
    tokio::task::block_in_place(|| {
        server.kill();
        server.run();
    });
    let error = refusal(error_of(&config(&url), boundary()).await);
    assert!(matches!(error, OpenError::Untrusted { .. }), "{error}");
}

#[test]
fn every_refusal_is_one_line_without_repetition() {
    let (target, why) = (|| "postgres://roster@db:5432/users".to_owned(), || "connection refused".to_owned());
    for error in [
        OpenError::Unreachable { target: target(), why: why() },
        OpenError::Refused { target: target(), why: why() },
        OpenError::NoPassword { file: "/run/password".into(), why: why() },
        OpenError::Untrusted { target: target(), why: why() },
        OpenError::Missing { target: target() },
        OpenError::Foreign { target: target(), why: why() },
        OpenError::Denied { target: target(), why: why() },
        OpenError::ReadOnly { target: target() },
        OpenError::Unsupported { target: target(), why: why() },
        OpenError::TooNew { target: target(), found: 2, known: 1 },
        OpenError::TooOld { target: target(), found: 1, known: 2 },
    ] {
        assert_one_line(&error.into());
    }
}
