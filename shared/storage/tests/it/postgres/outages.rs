//! A server that fails, and comes back.

use std::time::Instant;

use domain::{Created, Error, NewUser};
use postgres_server::Server;
use storage::{Boundary, conformance::sample};

use super::{
    fixture::{
        DEADLINE, boundary, config, config_with, database, impatient, open, open_config, open_with, until,
    },
    proxy::Proxy,
};

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_a_killed_server_and_calls_recover_without_a_restart() {
    let Some(server) = Server::start() else { return };
    let url = server.database();
    let connection = storage::connect(&config_with(&url, impatient()), boundary()).await.unwrap();
    let (stores, queue) = (connection.stores.clone(), connection.tools.queue.clone().unwrap());
    let ada = sample::create_sample(&stores, "ada").await;
    // A worker waits, with its connection for notifications.
    assert_eq!(queue.receive(1).await.unwrap().len(), 1);

    let mut acknowledged = Vec::new();
    for round in 0..3 {
        acknowledged.push(sample::create_sample(&stores, &format!("first{round}")).await);
        let creates = (0..20).map(|n| {
            let (users, new) = (stores.users.clone(), sample::new_user(&format!("user{round}-{n}")));
            tokio::spawn(async move { users.create(new).await })
        });
        let creates: Vec<_> = creates.collect();
        tokio::task::block_in_place(|| server.kill());
        for create in creates {
            match create.await.unwrap() {
                Ok(Created::Now(user)) => acknowledged.push(user),
                Err(Error::Unavailable(_) | Error::Throttled) => {}
                other => panic!("{other:?}"),
            }
        }
        assert!(matches!(stores.users.get(&ada.id).await, Err(Error::Unavailable(_))));
        assert!(matches!(stores.health.check().await, Err(Error::Unavailable(_))));
        tokio::task::block_in_place(|| server.run());
        stores.health.check().await.unwrap();
    }
    sample::assert_stored(&stores, &ada, &sample::image("image of ada")).await;
    for user in &acknowledged {
        let who = user.email.as_str().trim_end_matches("@example.org");
        sample::assert_stored(&stores, user, &sample::image(&format!("image of {who}"))).await;
        let events = format!("SELECT count(*) FROM events WHERE user_id = '\\x{}'", user.id);
        assert_eq!(server.sql(database(&url), &events), "1");
    }
    assert!(!queue.receive(10).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_starts_before_its_server_is_used_once_that_answers() {
    let Some(server) = Server::start() else { return };
    let url = server.database();
    tokio::task::block_in_place(|| server.kill());
    let connection = storage::connect(&config(&url), boundary()).await.unwrap();
    let unavailable = connection.guard.pass().await.unwrap_err();
    assert!(unavailable.reason().contains(database(&url)), "{}", unavailable.reason());
    tokio::task::block_in_place(|| server.run());
    let began = Instant::now();
    while connection.guard.pass().await.is_err() {
        assert!(began.elapsed() < DEADLINE, "it does not recover");
        tokio::task::yield_now().await;
    }
    sample::create_sample(&connection.stores, "ada").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_starts_before_its_server_refuses_a_foreign_environment_then() {
    let Some(server) = Server::start() else { return };
    let url = server.database();
    storage::connect(&config(&url), boundary()).await.unwrap();
    tokio::task::block_in_place(|| server.kill());
    let prod = Boundary { expected: Some("prod".parse().unwrap()), ..Boundary::default() };
    let connection = storage::connect(&config(&url), prod).await.unwrap();
    tokio::task::block_in_place(|| server.run());
    let began = Instant::now();
    let why = loop {
        match connection.guard.pass().await.unwrap_err() {
            Error::WrongEnvironment(why) => break why,
            other => assert!(began.elapsed() < DEADLINE, "{other}"),
        }
        tokio::task::yield_now().await;
    };
    assert!(why.to_string().contains("prod"), "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_the_server_ends_is_replaced_without_an_error() {
    let Some(fixture) = open().await else { return };
    let ada = sample::create_sample(&fixture.stores, "ada").await;
    for n in 0..5 {
        fixture.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE datname = current_database() AND pid <> pg_backend_pid()",
        );
        assert_eq!(fixture.stores.users.get(&ada.id).await.unwrap(), ada);
        sample::create_sample(&fixture.stores, &format!("user{n}")).await;
    }
}

/// The server's answers, by their codes: a full disk, no memory, a read-only replica, shutting down, too many connections.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_cannot_write_is_unavailable_and_keeps_what_it_has() {
    let Some(fixture) = open_with(impatient()).await else { return };
    let ada = sample::create_sample(&fixture.stores, "ada").await;
    for (code, message) in [
        ("53100", "could not extend file: No space left on device"),
        ("53200", "out of memory"),
        ("25006", "cannot execute INSERT in a read-only transaction"),
        ("57P01", "terminating connection due to administrator command"),
        ("42501", "permission denied for table images"),
    ] {
        fixture.sql(&format!(
            "CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{code}', MESSAGE = '{message}'; END $$; \
             CREATE OR REPLACE TRIGGER refuse BEFORE INSERT ON images FOR EACH ROW EXECUTE FUNCTION refuse()"
        ));
        let refused = fixture.stores.users.create(sample::new_user("bob")).await;
        let Err(error @ Error::Unavailable(_)) = &refused else { panic!("{refused:?}") };
        assert!(error.reason().contains(message), "{}", error.reason());
        let replaced =
            fixture.stores.users.replace_avatar(&ada, sample::avatar("new"), sample::time(1)).await;
        assert!(matches!(replaced, Err(Error::Unavailable(_))), "{replaced:?}");
        sample::assert_stored(&fixture.stores, &ada, &sample::image("image of ada")).await;
        fixture.sql("DROP TRIGGER refuse ON images");
        assert_eq!(fixture.counts(), [1, 1, 1], "{code}");
    }
    sample::create_sample(&fixture.stores, "bob").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_is_not_healthy() {
    let Some(fixture) = open().await else { return };
    fixture.stores.health.check().await.unwrap();
    fixture.sql(
        "ALTER DATABASE :name SET default_transaction_read_only = on"
            .replace(":name", database(&fixture.url))
            .as_str(),
    );
    fixture.sql(
        "SET default_transaction_read_only = off; SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE datname = current_database() AND pid <> pg_backend_pid()",
    );
    let error = fixture.stores.health.check().await.unwrap_err();
    assert!(error.reason().contains("read-only replica"), "{}", error.reason());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_commit_is_found_again_by_its_idempotency_key() {
    let Some(fixture) = open().await else { return };
    let proxy = Proxy::to(fixture.server.port()).await;
    let url = fixture.url.replace(&fixture.server.port().to_string(), &proxy.port.to_string());
    let behind = open_config(fixture.server, &config(&url), fixture.url.clone()).await;
    let new = NewUser { idempotency: sample::idempotency("key", "payload"), ..sample::new_user("ada") };
    proxy.lose_next_commit();
    let lost = behind.stores.users.create(new.clone()).await;
    assert!(matches!(lost, Err(Error::Unavailable(_))) && proxy.has_lost_it(), "{lost:?}");
    until("it is not committed", async || fixture.counts() == [1, 1, 1]).await;
    assert_eq!(behind.stores.users.create(new.clone()).await.unwrap(), Created::Before(new.user()));
    assert_eq!(fixture.counts(), [1, 1, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_during_a_failover_waits_for_the_promotion() {
    let Some(server) = Server::start() else { return };
    let url = server.database();
    storage::connect(&config(&url), boundary()).await.unwrap();
    tokio::task::block_in_place(|| {
        server.kill();
        server.demote();
        server.run();
    });
    let connection = storage::connect(&config_with(&url, impatient()), boundary()).await.unwrap();
    let error = connection.guard.pass().await.unwrap_err();
    assert!(error.reason().contains("read-only replica"), "{}", error.reason());
    server.sql("postgres", "SELECT pg_promote()");
    until("it does not recover", async || connection.guard.pass().await.is_ok()).await;
    sample::create_sample(&connection.stores, "ada").await;
}

#[tokio::test]
async fn tables_that_are_gone_make_a_store_unavailable_not_damaged() {
    let Some(fixture) = open_with(impatient()).await else { return };
    fixture.sql("ALTER TABLE users RENAME TO other");
    assert!(matches!(fixture.stores.health.check().await, Err(Error::Unavailable(_))));
    fixture.sql("ALTER TABLE other RENAME TO users");
    fixture.stores.health.check().await.unwrap();
}
