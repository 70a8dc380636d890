//! Sweeps of a bucket, and a queue for what they send.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use aws_sdk_s3::primitives::ByteStream;
use domain::{
    AvatarKey, AvatarStored, DeadLetter, DeadLetters, DecodedEvent, Delivery, Error, EventQueue, Finding,
    Grace, ImageFormat, QueueDepth, Timestamp, UploadId, UserId, queue::ExistingLetters,
};
use storage::{
    Connection, Tools,
    conformance::sample,
    retry::Retries,
    sweep::{Action, Options, Report, SweepError, Total, sweep},
};

use super::{changed::changing, emulator::Emulated};

pub(crate) const DAY: i64 = 24 * 3_600;

/// Collects what is sent, and has these dead letters.
#[derive(Default)]
pub(crate) struct FakeQueue {
    pub(crate) sent: Mutex<Vec<AvatarKey>>,
    pub(crate) dead: Mutex<Vec<String>>,
    taken: Mutex<bool>,
}

#[async_trait]
impl EventQueue for FakeQueue {
    async fn receive(&self, _: usize) -> Result<Vec<Delivery>, Error> {
        unreachable!("a sweep receives nothing")
    }

    async fn extend(&self, _: &Delivery) -> Result<(), Error> {
        unreachable!("a sweep receives nothing")
    }

    async fn acknowledge(&self, _: &Delivery) -> Result<(), Error> {
        unreachable!("a sweep receives nothing")
    }

    async fn retry(&self, _: &Delivery, _: Duration) -> Result<(), Error> {
        unreachable!("a sweep receives nothing")
    }

    async fn postpone(&self, _: &Delivery, _: Duration) -> Result<(), Error> {
        unreachable!("a sweep receives nothing")
    }

    async fn dead_letter(&self, _: &Delivery, _: &str) -> Result<(), Error> {
        unreachable!("a sweep receives nothing")
    }

    async fn send(&self, event: &AvatarStored) -> Result<(), Error> {
        self.sent.lock().unwrap().push(event.key);
        Ok(())
    }

    async fn depth(&self) -> Result<QueueDepth, Error> {
        unreachable!("a sweep counts nothing")
    }
}

#[async_trait]
impl DeadLetters for FakeQueue {
    async fn receive(&self) -> Result<Vec<DeadLetter>, Error> {
        if std::mem::replace(&mut *self.taken.lock().unwrap(), true) {
            return Ok(Vec::new());
        }
        let letter = |(number, payload): (usize, &String)| DeadLetter {
            delivery: Delivery {
                id: number.to_string(),
                receipt: number.to_string(),
                event: DecodedEvent::default(),
                raw: Some(payload.clone()),
                receives: 5,
                postponed: 0,
                sent_at: Timestamp::UNIX_EPOCH,
            },
            reason: None,
        };
        Ok(self.dead.lock().unwrap().iter().enumerate().map(letter).collect())
    }

    async fn existing(&self) -> Result<ExistingLetters, Error> {
        unreachable!("a sweep walks over all of them")
    }

    async fn extend(&self, _: &[DeadLetter]) -> Result<(), Error> {
        unreachable!("a walk this short extends no lease")
    }

    async fn release(&self, letters: &[DeadLetter]) -> Result<(), Error> {
        assert_eq!(letters.len(), self.dead.lock().unwrap().len());
        *self.taken.lock().unwrap() = false;
        Ok(())
    }

    async fn redrive(&self, _: &DeadLetter) -> Result<(), Error> {
        unreachable!("a sweep decides about no dead letter")
    }

    async fn remove(&self, _: &DeadLetter) -> Result<(), Error> {
        unreachable!("a sweep decides about no dead letter")
    }
}

/// As `roster sweep` does, except for pauses.
pub(crate) fn options() -> Options {
    Options {
        dry_run: false,
        force: false,
        grace: Grace { orphan: Duration::from_hours(24), missing: Duration::from_mins(1) },
        from: None,
        retries: Retries { tries: 2, first_pause: Duration::ZERO },
    }
}

/// Every finding, and what was done about it.
#[derive(Default)]
pub(crate) struct Lines(pub(crate) Vec<(Finding, Action)>);

impl Report for Lines {
    fn checked(&mut self, _: u64) {}

    fn found(&mut self, finding: &Finding, action: &Action) -> std::io::Result<()> {
        self.0.push((finding.clone(), action.clone()));
        Ok(())
    }
}

/// A sweep of this store: how it ended, what it counted, what it reported.
pub(crate) async fn run(
    connection: &Connection,
    letters: &Arc<FakeQueue>,
    options: &Options,
) -> (Result<(), SweepError>, Total, Vec<(Finding, Action)>) {
    let tools = Tools {
        queue: Some(letters.clone()),
        dead_letters: Some(letters.clone()),
        inventory: connection.tools.inventory.clone(),
    };
    let (mut total, mut lines) = (Total::default(), Lines::default());
    let ended = sweep(&tools, options, &mut lines, &mut total).await;
    (ended, total, lines.0)
}

impl Emulated {
    /// The same store two days later: every object is that old.
    pub(crate) fn two_days_later(&self) -> Connection {
        self.through(changing(|request, answer| {
            if request.is_listing() {
                answer.shift(0, |_| -2 * DAY);
            }
        }))
    }

    /// Puts an orphaned object.
    pub(crate) async fn orphan(&self, who: &str) -> AvatarKey {
        let key = AvatarKey {
            user: UserId::of(&sample::email(&format!("{who}@example.org"))),
            upload: UploadId::new(),
            format: ImageFormat::Png,
        };
        self.put(&key.to_string()).await;
        key
    }

    pub(crate) async fn put(&self, key: &str) {
        let body = ByteStream::from_static(b"left");
        self.s3.put_object().bucket(self.bucket()).key(key).body(body).send().await.unwrap();
    }

    pub(crate) async fn has(&self, key: &AvatarKey) -> bool {
        self.objects().await.contains(&key.to_string())
    }
}
