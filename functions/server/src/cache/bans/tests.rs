use std::sync::{Mutex, PoisonError};

use tokio::{net::TcpListener, task::JoinHandle};

use super::*;

/// What the cache does with a request.
#[derive(Clone, Copy)]
enum Does {
    Confirms,
    Fails,
    ConfirmsAfter(Duration),
    Nothing,
}

/// A cache: what it does with the next requests, then with all others; and the requests, with their times since
/// the start.
struct Cache {
    next: Mutex<VecDeque<Does>>,
    then: Mutex<Does>,
    got: Mutex<Vec<(Duration, String)>>,
    began: Instant,
}

impl Cache {
    fn new(next: &[Does], then: Does) -> Arc<Self> {
        let next = Mutex::new(next.iter().copied().collect());
        Arc::new(Self { next, then: Mutex::new(then), got: Mutex::default(), began: Instant::now() })
    }

    fn post(self: &Arc<Self>) -> Post {
        let cache = self.clone();
        Box::new(move |keys| {
            let cache = cache.clone();
            async move {
                cache.got.lock().unwrap().push((cache.began.elapsed(), keys));
                let next = cache.next.lock().unwrap().pop_front();
                let then = *cache.then.lock().unwrap_or_else(PoisonError::into_inner);
                match next.unwrap_or(then) {
                    Does::Confirms => Ok(()),
                    Does::Fails => anyhow::bail!("500"),
                    Does::ConfirmsAfter(time) => {
                        sleep(time).await;
                        Ok(())
                    }
                    Does::Nothing => {
                        sleep(Duration::from_secs(1)).await;
                        anyhow::bail!("no answer")
                    }
                }
            }
            .boxed()
        })
    }

    fn got(&self) -> Vec<String> {
        self.got.lock().unwrap().iter().map(|(_, keys)| keys.clone()).collect()
    }

    fn times(&self) -> Vec<u128> {
        self.got.lock().unwrap().iter().map(|(at, _)| at.as_millis()).collect()
    }
}

struct Running {
    bans: Bans,
    telemetry: Telemetry,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Running {
    fn start(post: Post) -> Self {
        let telemetry = Telemetry::for_server(None);
        let (bans, sender) = Bans::through(post, telemetry.clone());
        let (stop, stopped) = oneshot::channel();
        Self { bans, telemetry, stop, task: tokio::spawn(sender.run(stopped)) }
    }

    /// How long a write of this user waited.
    async fn ban(&self, user: &str) -> Duration {
        let began = Instant::now();
        self.bans.ban(keys(user)).await;
        began.elapsed()
    }

    /// How many bans were sent, and how many failed.
    fn counted(&self) -> (u64, u64) {
        let text = self.telemetry.scrape(None);
        let value = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
            line.unwrap().parse().unwrap()
        };
        (value("roster_cache_bans_total"), value("roster_cache_bans_failed_total"))
    }

    async fn stop(self) {
        drop(self.stop);
        self.task.await.unwrap();
    }
}

fn keys(user: &str) -> UserKeys {
    vec![user.to_owned(), format!("{user}0")]
}

#[tokio::test(start_paused = true)]
async fn a_write_waits_until_the_cache_has_confirmed_its_ban() {
    let cache = Cache::new(&[], Does::ConfirmsAfter(Duration::from_millis(7)));
    let running = Running::start(cache.post());
    assert_eq!(running.ban("a").await, Duration::from_millis(7));
    assert_eq!(cache.got(), ["users a a0"]);
    assert_eq!(running.counted(), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn no_write_waits_longer_than_its_bound_for_a_cache_that_is_slow_or_away() {
    for does in [Does::Fails, Does::Nothing, Does::ConfirmsAfter(Duration::from_secs(30))] {
        let running = Running::start(Cache::new(&[], does).post());
        for _ in 0..100 {
            assert!(running.ban("a").await <= Duration::from_millis(50));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn no_write_waits_longer_than_its_bound_for_a_cache_on_the_network() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    for address in [silent.local_addr().unwrap(), closed] {
        let cache = CacheAddress::new(&format!("http://{address}"));
        let (bans, sender) = Bans::new(cache, Telemetry::off());
        let (_stop, stopped) = oneshot::channel();
        tokio::spawn(sender.run(stopped));
        for _ in 0..10 {
            let began = Instant::now();
            bans.ban(keys("a")).await;
            assert!(began.elapsed() <= Duration::from_millis(50));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_ban_that_fails_is_tried_again() {
    let cache = Cache::new(&[Does::Fails, Does::Fails], Does::Confirms);
    let running = Running::start(cache.post());
    running.ban("a").await;
    sleep(Duration::from_millis(400)).await;
    assert_eq!(cache.got(), ["users a a0"; 3]);
    assert_eq!(cache.times(), [0, 100, 300]);
    assert_eq!(running.counted(), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn after_a_lost_ban_everything_is_banned_once_the_cache_answers() {
    let cache = Cache::new(&[], Does::Fails);
    let running = Running::start(cache.post());
    running.ban("a").await;
    sleep(Duration::from_secs(2)).await;
    assert_eq!(running.counted(), (0, 1));
    // No write waits for it any more, and none is sent alone.
    assert_eq!(running.ban("b").await, Duration::ZERO);
    assert_eq!(running.counted(), (0, 2));
    assert!(cache.got().iter().all(|keys| keys == "users a a0" || keys == "all"), "{:?}", cache.got());

    *cache.then.lock().unwrap() = Does::Confirms;
    sleep(Duration::from_secs(2)).await;
    assert_eq!(cache.got().last().unwrap(), "all");
    let sent = cache.got().len();
    sleep(Duration::from_mins(1)).await;
    assert_eq!(cache.got().len(), sent);
    let last = &cache.got()[sent - 2..];
    assert_eq!(last, ["all", "all"], "and again, for responses that were being made");
    assert_eq!(cache.times()[sent - 1] - cache.times()[sent - 2], 500);
    running.ban("c").await;
    assert_eq!(cache.got().last().unwrap(), "users c c0");
}

#[tokio::test(start_paused = true)]
async fn no_write_waits_for_a_cache_that_has_not_answered_for_a_while() {
    let cache = Cache::new(&[], Does::Nothing);
    let running = Running::start(cache.post());
    running.ban("a").await;
    sleep(Duration::from_secs(4)).await;
    for _ in 0..100 {
        assert_eq!(running.ban("b").await, Duration::ZERO);
        sleep(Duration::from_millis(37)).await;
    }
    assert_eq!(running.counted(), (0, 101));
}

#[tokio::test(start_paused = true)]
async fn more_repeats_than_fit_become_one_of_everything() {
    let cache = Cache::new(&[], Does::Confirms);
    let running = Running::start(cache.post());
    for user in 0..=MAX_WAITING {
        running.ban(&user.to_string()).await;
    }
    sleep(Duration::from_mins(1)).await;
    assert_eq!(cache.got().len(), MAX_WAITING + 2);
    assert_eq!((cache.got().last().unwrap().as_str(), *cache.times().last().unwrap()), ("all", 500));
    assert_eq!(running.counted(), (MAX_WAITING as u64 + 1, 0));
}

#[tokio::test(start_paused = true)]
async fn bans_that_wait_go_together_within_the_headers_limit_of_the_cache() {
    let cache = Cache::new(&[Does::ConfirmsAfter(Duration::from_millis(20))], Does::Confirms);
    let running = Running::start(cache.post());
    // Some have two more keys: those of the other form of their e-mail.
    let hex = |user: usize| -> UserKeys {
        let other = (user % 2 == 1).then(|| [format!("f{user:063x}"), format!("f{user:031x}")]);
        let own = [format!("{user:064x}"), format!("{user:032x}")];
        own.into_iter().chain(other.into_iter().flatten()).collect()
    };
    let bans: Vec<_> = (0..200)
        .map(|user| {
            let bans = running.bans.clone();
            tokio::spawn(async move { bans.ban(hex(user)).await })
        })
        .collect();
    for ban in bans {
        ban.await.unwrap();
    }
    let got = cache.got();
    assert!(got.len() <= 6, "{}", got.len());
    assert!(got.iter().all(|keys| keys.len() < 7000));
    let all: BTreeSet<_> = got.iter().flat_map(|keys| keys.split(' ')).collect();
    assert_eq!(all.len(), 601);
}

#[tokio::test(start_paused = true)]
async fn a_confirmed_ban_is_repeated_for_responses_that_were_being_made() {
    let cache = Cache::new(&[], Does::Confirms);
    let running = Running::start(cache.post());
    running.ban("a").await;
    running.ban("b").await;
    sleep(Duration::from_mins(1)).await;
    assert_eq!(cache.got(), ["users a a0", "users b b0", "users a a0 b b0"]);
    assert_eq!(cache.times(), [0, 0, 500]);
    assert_eq!(running.counted(), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_delays_no_write_and_ends_in_a_ban_of_everything() {
    let cache = Cache::new(&[Does::ConfirmsAfter(Duration::from_secs(5))], Does::Confirms);
    let running = Running::start(cache.post());
    running.ban("a").await;
    for user in 0..=MAX_WAITING {
        // Whether it waits or finds no place.
        let _ = futures_util::poll!(std::pin::pin!(running.bans.ban(keys(&user.to_string()))));
    }
    assert_eq!(running.ban("late").await, Duration::ZERO);
    sleep(Duration::from_mins(1)).await;
    assert!(cache.got().contains(&"all".to_owned()), "{:?}", cache.got());
    assert!(running.counted().1 >= 2);
}

#[tokio::test(start_paused = true)]
async fn what_is_left_at_the_end_is_sent() {
    let cache = Cache::new(&[Does::ConfirmsAfter(Duration::from_millis(200))], Does::Confirms);
    let running = Running::start(cache.post());
    running.ban("a").await;
    running.ban("b").await;
    running.stop().await;
    assert_eq!(cache.got(), ["users a a0", "users b b0", "users a a0 b b0"]);
    assert_eq!(cache.times(), [0, 200, 700]);
}

#[tokio::test(start_paused = true)]
async fn the_last_ban_is_tried_twice() {
    let cache = Cache::new(&[Does::Confirms, Does::Fails], Does::Confirms);
    let running = Running::start(cache.post());
    running.ban("a").await;
    running.stop().await;
    assert_eq!(cache.got(), ["users a a0"; 3]);
    assert_eq!(cache.times(), [0, 500, 500]);
}

#[tokio::test(start_paused = true)]
async fn the_end_waits_for_writes_that_run_without_their_clients() {
    let cache = Cache::new(&[], Does::Confirms);
    let running = Running::start(cache.post());
    let (write, bans) = (running.bans.begin_write(), running.bans.clone());
    tokio::spawn(async move {
        sleep(Duration::from_secs(1)).await;
        bans.ban(keys("a")).await;
        drop(write);
    });
    running.stop().await;
    assert_eq!(cache.got(), ["users a a0"; 2]);

    // But not for ever.
    let running = Running::start(cache.post());
    let _write = running.bans.begin_write();
    running.stop().await;
}
