//! Every store that `connect` hands out is observed, guarded and can be failed, operation by operation.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use domain::{
    AvatarKey, CallOutcome, Digest, EmailHash, Environment, Error, ImageFormat, Md5, Operation,
    StoreObserver, Stores, UploadId, environment::WrongEnvironment,
};
use storage::{Boundary, Config, Connection, Faults, conformance::sample};
use tempfile::TempDir;

use crate::fixture::options;

type Call = (Operation, CallOutcome);

#[derive(Default)]
struct RecordingObserver(Mutex<Vec<Call>>);

impl RecordingObserver {
    fn calls(&self) -> Vec<Call> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

impl StoreObserver for RecordingObserver {
    fn call_ended(&self, operation: Operation, outcome: CallOutcome, _: Duration) {
        self.0.lock().unwrap().push((operation, outcome));
    }
}

struct Connected {
    connection: Connection,
    faults: Faults,
    seen: Arc<RecordingObserver>,
    _folder: TempDir,
}

/// A store that belongs to `environment`, opened by a data tool that expects `expected`: `serve` would refuse
/// the file before there are any stores.
async fn connect(environment: &str, expected: &str) -> Connected {
    let folder = tempfile::tempdir().unwrap();
    let config = Config::Sqlite(options(&folder));
    let named = |name: &str| Some(name.parse::<Environment>().unwrap());
    let made = Boundary { expected: named(environment), ..Boundary::default() };
    storage::connect(&config, made).await.unwrap().close().await;
    let (faults, seen) = (Faults::default(), Arc::new(RecordingObserver::default()));
    let boundary =
        Boundary { expected: named(expected), faults: faults.clone(), observer: Some(seen.clone()) };
    let connection = storage::connect_tool(&config, boundary).await.unwrap();
    Connected { connection, faults, seen, _folder: folder }
}

/// Calls this operation on a store without users.
async fn call(stores: &Stores, operation: Operation) -> Result<(), Error> {
    let Stores { users, avatars, renditions, uploads, health } = stores;
    let upload = sample::direct_upload(5);
    let new = sample::new_user("ada");
    let user = new.user();
    let key = AvatarKey { user: user.id, upload: UploadId::new(), format: ImageFormat::Png };
    match operation {
        Operation::UsersCreate => users.create(new).await.map(drop),
        Operation::UsersCreated => users.created(&user.email, None).await.map(drop),
        Operation::UsersGet => users.get(&user.id).await.map(drop),
        Operation::UsersFind => users.find(&EmailHash::Md5(Md5::of(&user.email))).await.map(drop),
        Operation::UsersIndex => users.index(&user).await,
        Operation::UsersList => users.list(None, 1).await.map(drop),
        Operation::UsersRename => users.rename(&user, sample::name("New"), sample::time(1)).await.map(drop),
        Operation::UsersReplaceAvatar => {
            users.replace_avatar(&user, sample::avatar("new"), sample::time(1)).await.map(drop)
        }
        Operation::UsersRemoveAvatar => users.remove_avatar(&user, sample::time(1)).await.map(drop),
        Operation::UsersDelete => users.delete(&user).await,
        Operation::AvatarsRead => avatars.read(&key).await.map(drop),
        Operation::AvatarsOpen => avatars.open(&key).await.map(drop),
        Operation::AvatarsReadUpload => avatars.read_upload(&key).await.map(drop),
        Operation::AvatarsLink => avatars.link(&key).await.map(drop),
        Operation::RenditionsRead => renditions.read(&key.renditions().next().unwrap()).await.map(drop),
        Operation::RenditionsKeep => renditions.keep(&key, &[]).await,
        Operation::UploadsAnnounce => uploads.announce(&upload).await.map(drop),
        Operation::UploadsFind => uploads.find(&upload.id).await.map(drop),
        Operation::UploadsKeep => uploads.keep(&upload.id, Bytes::from_static(b"image")).await,
        Operation::UploadsRead => uploads.read(&upload).await.map(drop),
        Operation::UploadsIsClaimed => uploads.is_claimed(&upload.id).await.map(drop),
        Operation::UploadsClaim => uploads.claim(&upload.id, &Digest::of(b"request")).await.map(drop),
        Operation::UploadsRemove => uploads.remove(&upload.id).await,
        Operation::HealthCheck => health.check().await.map(drop),
    }
}

#[tokio::test]
async fn every_operation_of_the_wrong_store_is_refused_and_observed() {
    let wrong = connect("prod", "beta").await;
    let expected =
        WrongEnvironment::Store { process: "beta".parse().unwrap(), store: "prod".parse().unwrap() };
    for operation in Operation::ALL.iter().copied() {
        // The guard comes first: a refused store is not asked to fail either.
        wrong.faults.set(&format!("{}=throttled", operation.name())).unwrap();
        if operation == Operation::HealthCheck {
            wrong.faults.clear();
        }
        let answer = call(&wrong.connection.stores, operation).await;
        assert!(
            matches!(&answer, Err(Error::WrongEnvironment(why)) if *why == expected),
            "{operation:?}: {answer:?}"
        );
        assert_eq!(wrong.seen.calls(), [(operation, CallOutcome::Unavailable)]);
    }
    let right = connect("prod", "prod").await;
    assert_eq!(right.connection.stores.users.list(None, 1).await.unwrap().users().len(), 0);
}

#[tokio::test]
async fn every_operation_can_be_failed_and_is_observed_once() {
    let right = connect("prod", "prod").await;
    right.connection.guard.pass().await.unwrap();
    assert_eq!(right.seen.calls(), [], "the guard's own question is not a caller's");
    for operation in Operation::ALL.iter().copied() {
        right.faults.set(&format!("{}=throttled", operation.name())).unwrap();
        let answer = call(&right.connection.stores, operation).await;
        assert!(matches!(answer, Err(Error::Throttled)), "{operation:?}: {answer:?}");
        assert_eq!(right.seen.calls(), [(operation, CallOutcome::Throttled)]);
        right.faults.clear();
        let answer = call(&right.connection.stores, operation).await;
        assert_eq!(right.seen.calls(), [(operation, CallOutcome::of(&answer))]);
        assert!(!matches!(answer, Err(Error::Throttled)), "{operation:?}");
    }
}

#[tokio::test]
async fn an_abandoned_call_is_observed_as_dropped() {
    let right = connect("prod", "prod").await;
    right.connection.guard.pass().await.unwrap();
    right.faults.set("users.list=slow:60s").unwrap();
    drop(crate::fixture::begin({
        let users = right.connection.stores.users.clone();
        async move { users.list(None, 1).await }
    }));
    assert_eq!(right.seen.calls(), [(Operation::UsersList, CallOutcome::Dropped)]);
}

#[tokio::test]
async fn the_tools_of_the_wrong_store_are_refused_except_for_the_depth_of_the_queue() {
    let wrong = connect("prod", "beta").await;
    let tools = &wrong.connection.tools;
    let (queue, letters) = (tools.queue.as_ref().unwrap(), tools.dead_letters.as_ref().unwrap());
    let inventory = tools.inventory.as_ref().unwrap();
    let event = domain::AvatarStored {
        key: AvatarKey {
            user: sample::new_user("ada").user().id,
            upload: UploadId::new(),
            format: ImageFormat::Png,
        },
        trace_parent: None,
    };
    let grace = domain::Grace { orphan: Duration::ZERO, missing: Duration::ZERO };
    for answer in [
        queue.receive(1).await.map(drop),
        queue.send(&event).await,
        letters.receive().await.map(drop),
        inventory.confirm().await,
        inventory.claim().await,
        inventory.references(None).await.map(drop),
        inventory.walk(domain::SweepStage::Users, None, grace).await.map(drop),
        inventory.remove(&[]).await.map(drop),
    ] {
        assert!(matches!(answer, Err(Error::WrongEnvironment(_))), "{answer:?}");
    }
    assert_eq!(queue.depth().await.unwrap(), domain::QueueDepth::default());
}
