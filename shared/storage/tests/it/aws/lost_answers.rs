//! Writes that happen and whose answer is lost on the way: the SDK tries again and meets its own write.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use aws_sdk_dynamodb::config::{HttpClient, RuntimeComponents, SharedHttpClient, http::HttpRequest};
use aws_smithy_runtime_api::client::{
    connector_metadata::ConnectorMetadata,
    http::{HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector},
    result::ConnectorError,
};
use domain::{Created, Error, NewUser};
use storage::{Connection, conformance::sample};

use super::emulator::{Emulated, open};

/// Loses the next answers to one kind of call; the calls themselves arrive.
#[derive(Clone, Debug)]
struct LosesAnswers {
    of: &'static str,
    left: Arc<AtomicU32>,
    inner: SharedHttpClient,
}

impl HttpClient for LosesAnswers {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(Losing { of: self.of, left: self.left.clone(), inner })
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        self.inner.connector_metadata()
    }
}

#[derive(Debug)]
struct Losing {
    of: &'static str,
    left: Arc<AtomicU32>,
    inner: SharedHttpConnector,
}

impl HttpConnector for Losing {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let call = match request.headers().get("x-amz-target") {
            Some(target) => target.rsplit('.').next().unwrap_or_default().to_owned(),
            None => request.method().to_owned(),
        };
        let one_less = |left: u32| left.checked_sub(1);
        let lost =
            call == self.of && self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less).is_ok();
        let answer = self.inner.call(request);
        HttpConnectorFuture::new(async move {
            let answer = answer.await?;
            if lost { Err(ConnectorError::io("the answer was lost".into())) } else { Ok(answer) }
        })
    }
}

/// The same stores, which lose so many answers to this kind of call.
fn losing(emulated: &Emulated, of: &'static str, answers: u32) -> Connection {
    let client = LosesAnswers { of, left: Arc::new(AtomicU32::new(answers)), inner: emulator::http() };
    emulated.through(SharedHttpClient::new(client))
}

#[tokio::test]
async fn a_create_whose_answer_was_lost_once_is_created_by_this_call_and_keeps_its_image() {
    for idempotency in [None, sample::idempotency("key", "payload")] {
        for of in ["PutItem", "PUT"] {
            let emulated = open().await;
            let new = NewUser { idempotency: idempotency.clone(), ..sample::new_user("ada") };
            let created = losing(&emulated, of, 1).stores.users.create(new.clone()).await.unwrap();
            assert_eq!(created, Created::Now(new.user()));
            sample::assert_stands(&emulated.stores, &new.user(), &new.avatar.image).await;
        }
    }
}

#[tokio::test]
async fn a_create_whose_every_answer_is_lost_is_unknown_and_keeps_its_image() {
    let emulated = open().await;
    let new = sample::new_user("ada");
    let unknown = losing(&emulated, "PutItem", 100).stores.users.create(new.clone()).await;
    assert!(matches!(unknown, Err(Error::Unavailable(_))), "{unknown:?}");
    sample::assert_stands(&emulated.stores, &new.user(), &new.avatar.image).await;
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
    sample::assert_stands(&emulated.stores, &user, &sample::image("new")).await;
    assert_eq!(emulated.objects().await, [sample::key(&user).to_string()]);
}

#[tokio::test]
async fn a_delete_whose_answer_was_lost_leaves_neither_user_nor_image() {
    for of in ["DeleteItem", "DELETE"] {
        let emulated = open().await;
        let user = sample::create_sample(&emulated.stores, "ada").await;
        let answer = losing(&emulated, of, 1).stores.users.delete(&user).await;
        // The second try finds nobody: that it was its own first try that erased them, it cannot tell.
        assert!(matches!(answer, Ok(()) | Err(Error::NotFound)), "{answer:?}");
        sample::assert_gone(&emulated.stores, &user).await;
        assert!(emulated.objects().await.is_empty());
    }
}
