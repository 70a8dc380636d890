//! What an HTTP cache in front may keep has a key, and each write bans the keys of what it changed.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use domain::{DisplayName, Email, Md5, Timestamp, UserStore as _};
use runtime::Telemetry;
use server::{
    app::routes,
    cache::{BanningUsers, Bans, CacheAddress},
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpListener,
    sync::oneshot,
    time::timeout,
};

use crate::support::{Settings, TestApp, form::Form, metrics::value, pictures};

const EMAIL: &str = "ada@example.org";
/// For a busy machine.
const DEADLINE: Duration = Duration::from_mins(1);

/// A cache that confirms every ban: the keys of each.
#[derive(Clone, Default)]
struct Cache(Arc<Mutex<Vec<String>>>);

impl Cache {
    /// Takes bans; returns where.
    async fn listen(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let cache = self.clone();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let mut stream = BufReader::new(stream);
                let mut line = String::new();
                while stream.read_line(&mut line).await.unwrap() > 2 {
                    if let Some(keys) = line.strip_prefix("surrogate-key: ") {
                        cache.0.lock().unwrap().push(keys.trim().to_owned());
                    }
                    line.clear();
                }
                let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
                // The API may be gone.
                let _ = stream.write_all(answer).await;
            }
        });
        url
    }

    /// The keys that were banned since the last call.
    fn taken(&self) -> BTreeSet<String> {
        let bans = std::mem::take(&mut *self.0.lock().unwrap());
        bans.iter().flat_map(|keys| keys.split(' ').map(str::to_owned)).collect()
    }
}

/// A Roster behind a cache.
struct Cached {
    app: TestApp,
    cache: Cache,
    users: Arc<BanningUsers>,
    telemetry: Telemetry,
    /// Bans are sent until it is dropped.
    _stop: oneshot::Sender<()>,
}

impl Cached {
    async fn start() -> Self {
        let (mut app, cache) = (TestApp::start().await, Cache::default());
        let url = cache.listen().await;
        let telemetry = Telemetry::for_server(None);
        let (bans, sender) = Bans::new(CacheAddress::new(&url), telemetry.clone());
        let (stop, stopped) = oneshot::channel();
        tokio::spawn(sender.run(stopped));
        let mut stores = app.connection.stores.clone();
        let users = Arc::new(BanningUsers::new(stores.users.clone(), bans));
        stores.users = users.clone();
        app.router = routes(&Settings { cache_ban_url: Some(url), ..Settings::default() }.app(stores));
        Self { app, cache, users, telemetry, _stop: stop }
    }

    /// Waits until these keys were banned, and no others: a write waits for its ban, but not for ever on a busy
    /// machine.
    async fn until_banned(&self, keys: &BTreeSet<String>) {
        let mut taken = BTreeSet::new();
        let all = async {
            while !taken.is_superset(keys) {
                tokio::task::yield_now().await;
                taken.extend(self.cache.taken());
            }
        };
        timeout(DEADLINE, all).await.expect("the bans arrive");
        assert_eq!(taken, *keys);
    }

    /// Waits until this many writes were banned, and no more.
    async fn until_counted(&self, writes: u64) {
        let counted = || value(&self.telemetry.scrape(None), "roster_cache_bans_total", &[]);
        let all = async {
            while counted() < writes {
                tokio::task::yield_now().await;
            }
        };
        timeout(DEADLINE, all).await.expect("the bans are counted");
        assert_eq!(counted(), writes);
    }
}

/// Those of every write of the user.
fn keys(id: &str) -> BTreeSet<String> {
    let md5 = Md5::of(&Email::parse(EMAIL).unwrap()).to_string();
    ["users".to_owned(), id.to_owned(), md5].into()
}

#[tokio::test]
async fn what_shows_users_has_a_key_behind_a_cache_only() {
    let Cached { app, _stop, .. } = Cached::start().await;
    let plain = TestApp::start().await;
    let id = app.user(EMAIL).await;
    let image = app.users().await[0]["avatar_url"].as_str().unwrap().to_owned();
    let image = image.split_once(".org").unwrap().1.to_owned();
    for (path, key) in [
        ("/users".to_owned(), "users"),
        ("/users?limit=7".to_owned(), "users"),
        (format!("/users/{id}"), id.as_str()),
        (format!("/avatar/{}.png?s=7", id.to_uppercase()), &id),
        (image, &id),
    ] {
        let answer = app.get(&path).await;
        assert_eq!((answer.status.as_u16(), answer.header("surrogate-key")), (200, key), "{path}");
        assert!(plain.get(&path).await.headers.get("surrogate-key").is_none(), "{path}");
    }
    let unchanged = app.get("/users?limit=7").await;
    let tag = unchanged.header("etag").to_owned();
    let unchanged = app.request("GET", "/users?limit=7", &[("if-none-match", &tag)], "").await;
    assert_eq!((unchanged.status.as_u16(), unchanged.header("surrogate-key")), (304, "users"));
    assert_eq!(
        app.get(&format!("/avatar/{}?d=404", "0".repeat(64))).await.header("surrogate-key"),
        "0".repeat(64)
    );
    assert!(app.get("/healthz").await.headers.get("surrogate-key").is_none());
}

#[tokio::test]
async fn each_write_bans_what_it_changed() {
    let cached = Cached::start().await;
    let app = &cached.app;
    let id = app.user(EMAIL).await;
    let keys = keys(&id);
    cached.until_banned(&keys).await;
    assert_eq!(app.patch(&id, r#"{"name": "Countess"}"#).await.status, 200);
    cached.until_banned(&keys).await;
    assert_eq!(app.put_image(&id, &pictures::small_jpeg()).await.status, 200);
    cached.until_banned(&keys).await;
    assert_eq!(app.request("DELETE", &format!("/users/{id}/avatar"), &[], "").await.status, 204);
    cached.until_banned(&keys).await;
    assert_eq!(app.request("DELETE", &format!("/users/{id}"), &[], "").await.status, 204);
    cached.until_banned(&keys).await;
    cached.until_counted(5).await;
}

#[tokio::test]
async fn a_write_that_may_have_happened_bans_and_one_that_did_not_does_not() {
    let cached = Cached::start().await;
    let app = &cached.app;
    let id = app.user(EMAIL).await;
    app.faults.set("users.rename=unavailable*1@after").unwrap();
    assert_eq!(app.patch(&id, r#"{"name": "Countess"}"#).await.status, 503);
    cached.until_counted(2).await;

    let taken = app.post(Form::user("Ada", EMAIL, &pictures::small_jpeg())).await;
    assert_eq!(taken.status, 409);
    let stale = [("if-match", "\"0-0\""), ("content-type", "application/merge-patch+json")];
    let stale = app.request("PATCH", &format!("/users/{id}"), &stale, r#"{"name": "A"}"#).await;
    assert_eq!(stale.status, 412);
    app.get("/users").await;
    // What follows would be counted after theirs.
    assert_eq!(app.patch(&id, r#"{"name": "Ada"}"#).await.status, 200);
    cached.until_counted(3).await;
}

#[tokio::test]
async fn a_client_that_goes_away_does_not_stop_the_ban_of_its_write() {
    let cached = Cached::start().await;
    let id = cached.app.user(EMAIL).await;
    cached.until_banned(&keys(&id)).await;
    let ada = cached.users.get(&id.parse().unwrap()).await.unwrap();
    let name = DisplayName::parse("Countess").unwrap();
    let mut write = cached.users.rename(&ada, name, Timestamp::now());
    assert!(futures_util::poll!(&mut write).is_pending());
    drop(write);
    cached.until_counted(2).await;
    assert_eq!(cached.users.get(&ada.id).await.unwrap().name.as_str(), "Countess");
}
