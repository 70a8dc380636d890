//! Several processes on one database.

use std::time::Duration;

use domain::{Created, Error};
use storage::{
    conformance::{renditions::renditions, sample},
    postgres::Timing,
};
use tokio::{task::JoinSet, time::timeout};

use super::fixture::{DEADLINE, Fixture, boundary, config, config_with, open, open_at, open_config, until};

async fn two() -> Option<[Fixture; 2]> {
    let one = open().await?;
    let other = open_at(one.server, one.url.clone()).await;
    Some([one, other])
}

#[tokio::test]
async fn of_racing_creates_in_two_processes_one_wins_and_its_image_is_kept() {
    let Some(fixtures) = two().await else { return };
    for round in 0..5 {
        let mut calls = JoinSet::new();
        for call in 0..8 {
            let users = fixtures[call % 2].stores.users.clone();
            let content = format!("image of call {call}");
            let new = domain::NewUser {
                avatar: sample::avatar(&content),
                ..sample::new_user(&format!("ada{round}"))
            };
            calls.spawn(async move { (users.create(new).await, content) });
        }
        let mut winner = None;
        for (answer, content) in calls.join_all().await {
            match answer {
                Ok(Created::Now(user)) => assert!(winner.replace((user, content)).is_none(), "two won"),
                Err(Error::EmailTaken) => {}
                other => panic!("{other:?}"),
            }
        }
        let (user, content) = winner.unwrap();
        for fixture in &fixtures {
            sample::assert_stored(&fixture.stores, &user, &sample::image(&content)).await;
        }
        assert_eq!(fixtures[0].counts(), [round + 1; 3]);
    }
}

#[tokio::test]
async fn no_rendition_outlives_its_image_when_two_processes_keep_and_replace_it() {
    let Some([one, other]) = two().await else { return };
    let mut user = sample::create_sample(&one.stores, "ada").await;
    for round in 0..20 {
        let (of, made) = (sample::key(&user), renditions("racing"));
        let (kept, replaced) = tokio::join!(
            one.stores.renditions.keep(&of, &made),
            other.stores.users.replace_avatar(&user, sample::avatar("new"), sample::time(round))
        );
        assert!(matches!(kept, Ok(()) | Err(Error::NotFound)), "{kept:?}");
        user = replaced.unwrap();
        assert_eq!(one.count("renditions"), 0, "{round}");
    }
}

#[tokio::test]
async fn each_event_is_delivered_to_one_of_two_workers() {
    let Some(fixtures) = two().await else { return };
    for n in 0..40 {
        sample::create_sample(&fixtures[0].stores, &format!("user{n}")).await;
    }
    let mut workers = JoinSet::new();
    for fixture in &fixtures {
        let queue = fixture.tools.queue.clone().unwrap();
        workers.spawn(async move {
            let mut ids = Vec::new();
            while queue.depth().await.unwrap().waiting > 0 {
                for delivery in queue.receive(3).await.unwrap() {
                    queue.acknowledge(&delivery).await.unwrap();
                    ids.push(delivery.id);
                    if ids.len() == 20 {
                        return ids;
                    }
                }
            }
            ids
        });
    }
    let mut ids = workers.join_all().await.concat();
    let (received, left) = (ids.len(), fixtures[0].count("events"));
    assert_eq!(received as u64 + left, 40);
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), received, "an event was delivered twice");
}

#[tokio::test]
async fn an_event_of_one_process_wakes_a_worker_in_another() {
    let Some(one) = open().await else { return };
    // Without a notification it would find nothing.
    let never = Duration::from_hours(1);
    let never = Timing { poll: never, wait: never, ..Timing::default() };
    let other = open_config(one.server, &config_with(&one.url, never), one.url.clone()).await;
    let queue = other.tools.queue.clone().unwrap();
    let waits = tokio::spawn(async move { queue.receive(1).await });
    let listens = "SELECT count(*) FROM pg_stat_activity \
                   WHERE query = 'LISTEN roster_events' AND datname = current_database()";
    until("it does not listen", async || one.sql(listens) == "1").await;
    let user = sample::create_sample(&one.stores, "ada").await;
    let received = timeout(DEADLINE, waits).await.expect("a notification").unwrap().unwrap();
    assert_eq!(received[0].event.stored[0].key, sample::key(&user));
}

#[tokio::test]
async fn of_racing_creates_with_large_images_the_losers_are_refused_and_leave_nothing() {
    let Some(fixtures) = two().await else { return };
    let mut calls = JoinSet::new();
    for call in 0..16 {
        let users = fixtures[call % 2].stores.users.clone();
        let image = sample::image(&format!("{call:08}").repeat(100_000));
        calls.spawn(async move { users.create(sample::with_image("ada", image)).await });
    }
    let answers = calls.join_all().await;
    let created = answers.iter().filter(|answer| matches!(answer, Ok(Created::Now(_)))).count();
    let taken = answers.iter().filter(|answer| matches!(answer, Err(Error::EmailTaken))).count();
    assert_eq!((created, taken), (1, 15), "{answers:?}");
    assert_eq!(fixtures[0].sql("SELECT count(DISTINCT upload), count(*) FROM images"), "1|4");
}

#[tokio::test]
async fn processes_that_start_together_create_the_tables_once() {
    let Some(fixture) = open().await else { return };
    let url = fixture.server.database();
    let mut starts = JoinSet::new();
    for _ in 0..6 {
        let config = config(&url);
        starts.spawn(async move { storage::connect(&config, boundary()).await.unwrap() });
    }
    let connections = starts.join_all().await;
    assert_eq!(connections.iter().filter(|connection| connection.created).count(), 1);
    for connection in &connections {
        connection.guard.pass().await.unwrap();
    }
}
