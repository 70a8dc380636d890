//! Writes that succeed but whose response is lost: the SDK retries and finds its own write.

use std::{
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
};

use aws_sdk_dynamodb::config::{HttpClient, RuntimeComponents, SharedHttpClient, http::HttpRequest};
use aws_smithy_runtime_api::client::{
    connector_metadata::ConnectorMetadata,
    http::{HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector},
    result::ConnectorError,
};
use domain::{Created, Error, NewUser, UserId};
use storage::{Connection, conformance::sample};

use super::emulator::{Emulated, open};

/// Loses the next answers to one kind of call; the calls themselves arrive.
#[derive(Clone, Debug)]
struct LosingClient {
    call: &'static str,
    left: Arc<AtomicU32>,
    inner: SharedHttpClient,
    /// What others do before the call is retried.
    meanwhile: SideEffect,
}

/// Happens once, while an answer is being lost.
#[derive(Clone, Default)]
struct SideEffect(Arc<Mutex<Option<BoxFuture>>>);

type BoxFuture = Pin<Box<dyn Future<Output = ()> + Send>>;

impl std::fmt::Debug for SideEffect {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SideEffect")
    }
}

impl HttpClient for LosingClient {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        let (left, meanwhile) = (self.left.clone(), self.meanwhile.clone());
        SharedHttpConnector::new(LosingConnector { call: self.call, left, inner, meanwhile })
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        self.inner.connector_metadata()
    }
}

#[derive(Debug)]
struct LosingConnector {
    call: &'static str,
    left: Arc<AtomicU32>,
    inner: SharedHttpConnector,
    meanwhile: SideEffect,
}

impl HttpConnector for LosingConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let one_less = |left: u32| left.checked_sub(1);
        let lost = emulator::call_of(&request) == self.call
            && self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less).is_ok();
        let answer = self.inner.call(request);
        let meanwhile = lost.then(|| self.meanwhile.0.lock().unwrap().take()).flatten();
        HttpConnectorFuture::new(async move {
            let answer = answer.await?;
            if let Some(meanwhile) = meanwhile {
                meanwhile.await;
            }
            if lost { Err(ConnectorError::io("the answer was lost".into())) } else { Ok(answer) }
        })
    }
}

/// The same stores, which lose this many answers to this kind of call.
fn losing(emulated: &Emulated, call: &'static str, answers: u32) -> Connection {
    losing_while(emulated, call, answers, SideEffect::default())
}

fn losing_while(emulated: &Emulated, call: &'static str, answers: u32, meanwhile: SideEffect) -> Connection {
    let left = Arc::new(AtomicU32::new(answers));
    let client = LosingClient { call, left, inner: emulator::http(), meanwhile };
    emulated.through(SharedHttpClient::new(client))
}

/// Another process renames the user.
fn renaming(emulated: &Emulated, id: UserId) -> SideEffect {
    let users = emulated.stores.users.clone();
    let rename = async move {
        let user = users.get(&id).await.unwrap();
        users.rename(&user, sample::name("Renamed"), sample::time(5)).await.unwrap();
    };
    SideEffect(Arc::new(Mutex::new(Some(Box::pin(rename)))))
}

#[tokio::test]
async fn a_user_that_is_renamed_between_two_tries_of_a_write_keeps_the_image_of_that_write() {
    let emulated = open().await;
    let new = sample::new_user("ada");
    let id = new.user().id;
    let users = losing_while(&emulated, "PutItem", 1, renaming(&emulated, id)).stores.users;
    let Created::Now(user) = users.create(new.clone()).await.unwrap() else { panic!("created before") };
    assert_eq!(user.name.as_str(), "Renamed");
    sample::assert_stored(&emulated.stores, &user, &new.avatar.image).await;

    let users = losing_while(&emulated, "UpdateItem", 1, renaming(&emulated, id)).stores.users;
    let user = users.replace_avatar(&user, sample::avatar("new"), sample::time(6)).await.unwrap();
    sample::assert_stored(&emulated.stores, &user, &sample::image("new")).await;
    assert_eq!(emulated.objects().await, [sample::key(&user).to_string()]);
}

#[tokio::test]
async fn a_create_whose_answer_was_lost_once_is_created_by_this_call_and_keeps_its_image() {
    for idempotency in [None, sample::idempotency("key", "payload")] {
        for call in ["PutItem", "PUT"] {
            let emulated = open().await;
            let new = NewUser { idempotency: idempotency.clone(), ..sample::new_user("ada") };
            let created = losing(&emulated, call, 1).stores.users.create(new.clone()).await.unwrap();
            assert_eq!(created, Created::Now(new.user()));
            sample::assert_stored(&emulated.stores, &new.user(), &new.avatar.image).await;
        }
    }
}

#[tokio::test]
async fn a_create_whose_every_answer_is_lost_is_unknown_and_keeps_its_image() {
    let emulated = open().await;
    let new = sample::new_user("ada");
    let unknown = losing(&emulated, "PutItem", 100).stores.users.create(new.clone()).await;
    assert!(matches!(unknown, Err(Error::Unavailable(_))), "{unknown:?}");
    sample::assert_stored(&emulated.stores, &new.user(), &new.avatar.image).await;
}

#[tokio::test]
async fn a_change_whose_answer_was_lost_once_is_done_by_this_call() {
    let emulated = open().await;
    let user = sample::create_sample(&emulated.stores, "ada").await;
    let renamed = losing(&emulated, "UpdateItem", 1).stores.users;
    let user = renamed.rename(&user, sample::name("Countess"), sample::time(1)).await.unwrap();
    assert_eq!((user.name.as_str(), user.version.0), ("Countess", 2));

    let replaced = losing(&emulated, "UpdateItem", 1).stores.users;
    let user = replaced.replace_avatar(&user, sample::avatar("new"), sample::time(2)).await.unwrap();
    sample::assert_stored(&emulated.stores, &user, &sample::image("new")).await;
    assert_eq!(emulated.objects().await, [sample::key(&user).to_string()]);
}

#[tokio::test]
async fn a_delete_whose_answer_was_lost_leaves_neither_user_nor_image() {
    for call in ["DeleteItem", "DELETE"] {
        let emulated = open().await;
        let user = sample::create_sample(&emulated.stores, "ada").await;
        let answer = losing(&emulated, call, 1).stores.users.delete(&user).await;
        // The second try finds no user, and cannot know that its own first try deleted it.
        assert!(matches!(answer, Ok(()) | Err(Error::NotFound)), "{answer:?}");
        sample::assert_gone(&emulated.stores, &user).await;
        assert!(emulated.objects().await.is_empty());
    }
}
