//! Which image work waits for which: the share of each kind of request, and of events.
//!
//! Each test has one core: two places for requests, of which pictures get one. It holds places, memory and queues
//! by work of its own, so that requests and events get only what is left to their share.

use std::{
    future::Future,
    pin::Pin,
    sync::mpsc,
    task::Poll,
    time::{Duration, Instant},
};

use futures_util::{future::join_all, poll};
use process_avatar::{Outcome, Processor};
use runtime::{
    ImageTask, ImageWork, Lifecycle, Services,
    admission::{Refused, Share},
};
use tokio::{
    task::{spawn_blocking, yield_now},
    time,
};

use crate::support::{Settings, TestApp, form::Form, metrics::value, pictures};

const MEMORY: u64 = 64 << 20;
/// How many generated pictures may wait, and how much work of the other kinds of requests.
const GENERATED: usize = 8;
const OTHERS: usize = 64;

/// Lets the other tasks run. A test that needs its paused clock for longer than this is stuck.
async fn others_run(since: Instant) {
    assert!(since.elapsed().as_secs() < 60, "timed out");
    yield_now().await;
}

type Job = Pin<Box<dyn Future<Output = Result<(), Refused>> + Send>>;

/// Work that keeps its place and memory until it is released, and work that waits behind it.
struct Held {
    release: mpsc::Sender<()>,
    holding: Job,
    waiting: Vec<Job>,
}

impl Held {
    async fn new(work: &ImageWork, share: Share, bytes: u64, waiting: usize) -> Self {
        let (release, released) = mpsc::channel::<()>();
        let hold = move || released.recv().unwrap_or_default();
        let job = |bytes, work: ImageWork, hold: Box<dyn FnOnce() + Send>| -> Job {
            Box::pin(async move { work.run(ImageTask::Draw, bytes, hold).await })
        };
        let mut holding = job(bytes, work.for_share(share), Box::new(hold));
        let mut waiting: Vec<_> =
            (0..waiting).map(|_| job(1, work.for_share(share), Box::new(|| ()))).collect();
        for job in std::iter::once(&mut holding).chain(&mut waiting) {
            assert!(poll!(job.as_mut()).is_pending());
        }
        Self { release, holding, waiting }
    }

    /// Ends the work, and then what waits behind it.
    async fn end(self) {
        self.release.send(()).unwrap();
        for job in std::iter::once(self.holding).chain(self.waiting) {
            job.await.unwrap();
        }
    }
}

async fn on_one_core() -> (ImageWork, TestApp) {
    let work = ImageWork::new(MEMORY, 1);
    let settings = Settings { image_work: Some(work.clone()), ..Settings::default() };
    (work, TestApp::with(settings).await)
}

fn form(email: &str) -> Form {
    Form::user("Ada", email, &pictures::small_jpeg())
}

#[tokio::test]
async fn anonymous_pictures_never_take_the_place_of_an_upload() {
    let (work, app) = on_one_core().await;
    let held = Held::new(&work, Share::Generated, 0, GENERATED).await;
    let identicon = format!("/avatar/{}?d=identicon", "0".repeat(64));
    let sent = Instant::now();
    app.get(&identicon).await.is(503, "busy");
    assert!(
        sent.elapsed() >= Duration::from_millis(250),
        "a client that retries at once takes the CPU of uploads"
    );
    // One after the other they would take 10 s.
    let same = join_all((0..40).map(|_| app.get(&identicon)));
    let refused = time::timeout(Duration::from_secs(5), same).await.expect("they pause at the same time");
    assert!(refused.iter().all(|answer| answer.status == 503));
    assert_eq!(app.post(form("ada@example.org")).await.status, 201);
    held.end().await;
    assert_eq!(app.get(&identicon).await.status, 200);
}

#[tokio::test]
async fn pictures_of_stored_images_never_take_the_place_of_an_upload() {
    let (work, app) = on_one_core().await;
    let id = app.user("ada@example.org").await;
    let held = Held::new(&work, Share::OnDemand, 0, OTHERS).await;
    let picture = format!("/avatar/{id}?s=100");
    app.get(&picture).await.is(503, "busy");
    assert_eq!(app.post(form("bob@example.org")).await.status, 201);
    assert_eq!(app.put_image(&id, &pictures::small_jpeg()).await.status, 200);
    held.end().await;
    assert_eq!(app.get(&picture).await.status, 200);
}

#[tokio::test]
async fn an_upload_goes_before_an_event_that_also_waits_and_then_the_event_is_done() {
    let (work, app) = on_one_core().await;
    app.user("ada@example.org").await;
    let delivery = app.connection.tools.queue.as_ref().unwrap().receive(1).await.unwrap().remove(0);
    let processor = Processor::new(&Services {
        stores: app.connection.stores.clone(),
        queue: None,
        image_work: work.clone(),
        lifecycle: Lifecycle::default(),
        telemetry: app.telemetry.clone(),
    });

    // From here on time passes only when the test says so: a thread that works keeps the paused clock.
    let began = Instant::now();
    time::pause();
    let (release_clock, released) = mpsc::channel::<()>();
    let clock = spawn_blocking(move || released.recv());
    // An event that took a second beside an upload: events have used up their tenth.
    let event = Held::new(&work, Share::Event, 0, 0).await;
    let uploads = Held::new(&work, Share::Upload, MEMORY, OTHERS - 1).await;
    time::advance(time::Duration::from_secs(1)).await;
    event.end().await;

    let mut posted = Box::pin(app.post(form("bob@example.org")));
    loop {
        assert!(poll!(posted.as_mut()).is_pending());
        let mut next = Box::pin(work.run(ImageTask::Draw, 1, || ()));
        // It waits in the last place of the queue.
        if let Poll::Ready(refused) = poll!(next.as_mut()) {
            assert_eq!(refused, Err(Refused::QueueFull));
            break;
        }
        drop(next);
        others_run(began).await;
    }
    let mut handled = Box::pin(processor.handle(&delivery));
    loop {
        // The full queue of uploads is not its own.
        assert!(poll!(handled.as_mut()).is_pending());
        let reads = ["operation=\"avatars.read_upload\""];
        if value(&app.telemetry.scrape(None), "roster_store_call_duration_seconds_count", &reads) == 1 {
            break;
        }
        others_run(began).await;
    }

    uploads.end().await;
    assert_eq!(posted.await.status, 201);
    assert!(poll!(handled.as_mut()).is_pending(), "it goes after the upload");
    drop(release_clock);
    clock.await.unwrap().unwrap_err();
    time::resume();
    assert_eq!(handled.await, Outcome::Done);
}
