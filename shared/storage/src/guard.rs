//! Refuses a store of another environment.
//!
//! Every call goes through the guard. Calls fail until the store has reported the environment of this
//! process, and for good once it has reported another one.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};
use std::time::Duration;

use domain::{Environment, Error, Operation, Ownership, StoreHealth, environment::WrongEnvironment};
use tokio::{
    sync::{Mutex, watch},
    time::Instant,
};

use crate::faults::Faults;

/// Whether the store belongs to this process's environment. Clones share the result.
#[derive(Clone)]
pub struct Guard(Arc<Shared>);

struct Shared {
    health: Arc<dyn StoreHealth>,
    /// Those of `health.check`.
    faults: Faults,
    expected: Option<Environment>,
    agrees: AtomicBool,
    /// `true` once the store is known to agree.
    passed: watch::Sender<bool>,
    /// Why the store does not agree, once that is known.
    wrong: watch::Sender<Option<WrongEnvironment>>,
    /// Lets one of many first calls ask; holds when the last check failed.
    asking: Mutex<Option<Instant>>,
}

/// How long after a failed check the store is not asked again.
const RECHECK_AFTER: Duration = Duration::from_secs(1);

impl Guard {
    /// A guard that asks this store. A shared store passes only if it reports `expected`. A store of this
    /// instance alone may report none, or be used by a process without an environment.
    pub(crate) fn new(health: Arc<dyn StoreHealth>, faults: Faults, expected: Option<Environment>) -> Self {
        Self(Arc::new(Shared {
            health,
            faults,
            expected,
            agrees: AtomicBool::new(false),
            passed: watch::Sender::new(false),
            wrong: watch::Sender::new(None),
            asking: Mutex::new(None),
        }))
    }

    /// Passes once the store has reported the right environment; asks it until then.
    ///
    /// # Errors
    /// [`Error::WrongEnvironment`]; [`Error::Unavailable`] or [`Error::Throttled`] while the environment cannot
    /// be read.
    pub async fn pass(&self) -> Result<(), Error> {
        if self.has_passed() {
            return Ok(());
        }
        let mut failed = self.0.asking.lock().await;
        if self.has_passed() {
            return Ok(());
        }
        // Callers that waited for one failed check do not each wait for another.
        if failed.is_some_and(|at| at.elapsed() < RECHECK_AFTER) && !self.is_wrong() {
            return Err(Error::unavailable("could not check the store's environment"));
        }
        let answer = self.check().await;
        *failed = answer.is_err().then(Instant::now);
        match answer {
            // An environment that cannot be read is unknown yet. The data of the call that waits for it is not damaged.
            Err(Error::Damaged(why)) => Err(Error::Unavailable(why)),
            answer => answer.map(drop),
        }
    }

    /// Whether [`pass`](Self::pass) would succeed without asking the store.
    pub(crate) fn has_passed(&self) -> bool {
        self.0.agrees.load(Ordering::Acquire)
    }

    fn is_wrong(&self) -> bool {
        self.0.wrong.borrow().is_some()
    }

    /// Waits until the store has reported the right environment to another caller: perhaps forever.
    pub async fn passed(&self) {
        let mut passed = self.0.passed.subscribe();
        drop(passed.wait_for(|passed| *passed).await.expect("the guard holds the sender"));
    }

    /// Waits until the store is known to belong to another environment: perhaps forever.
    pub async fn wrong(&self) -> WrongEnvironment {
        let mut wrong = self.0.wrong.subscribe();
        let known = wrong.wait_for(Option::is_some).await.expect("the guard holds the sender");
        known.clone().expect("waited for")
    }

    /// Asks the store now, unless it is known to be wrong, which is permanent.
    pub(crate) async fn check(&self) -> Result<Option<Environment>, Error> {
        if let Some(wrong) = self.0.wrong.borrow().clone() {
            return Err(Error::WrongEnvironment(wrong));
        }
        let (named, answer) = match self.0.faults.around(Operation::HealthCheck, self.0.health.check()).await
        {
            Ok(named) => {
                let answer = self.compare(named.as_ref());
                (named, answer)
            }
            // Its parts differ: the table may belong to this environment, and the bucket to another.
            Err(Error::WrongEnvironment(wrong)) => (None, Err(wrong)),
            Err(unknown) => return Err(unknown),
        };
        // Serialized: an answer in flight while another showed the wrong environment changes nothing.
        self.0.wrong.send_if_modified(|known| {
            if let (None, Err(wrong)) = (&known, &answer) {
                *known = Some(wrong.clone());
            }
            self.0.agrees.store(known.is_none(), Ordering::Release);
            self.0.passed.send_replace(known.is_none());
            known.is_some()
        });
        answer.map(|()| named).map_err(Error::WrongEnvironment)
    }

    fn compare(&self, named: Option<&Environment>) -> Result<(), WrongEnvironment> {
        let Some(process) = self.0.expected.clone() else {
            return match self.0.health.ownership() {
                Ownership::Own => Ok(()),
                Ownership::Shared => Err(WrongEnvironment::NotConfigured),
            };
        };
        match (named, self.0.health.ownership()) {
            (Some(store), _) if *store == process => Ok(()),
            (Some(store), _) => Err(WrongEnvironment::Store { process, store: store.clone() }),
            (None, Ownership::Own) => Ok(()),
            (None, Ownership::Shared) => Err(WrongEnvironment::StoreUnnamed { process }),
        }
    }
}
