//! Failures on demand, for tests and experiments (`ROSTER_FAULTS`).
//!
//! A setting is a list of rules `OPERATION=EFFECT`, separated by commas:
//!
//! | effect | meaning |
//! |---|---|
//! | `unavailable`, `fail` | the store cannot be used; at a step inside an adapter: the step fails |
//! | `throttled` | the store is overloaded |
//! | `damaged` | the store's data is inconsistent |
//! | `slow:50ms` | waits first |
//! | `panic` | panics in the thread or the write |
//!
//! Optional suffixes of an effect, in this order:
//!
//! | suffix | meaning |
//! |---|---|
//! | `*3` | happens three times |
//! | `@from:2` | begins with the second call after the rules were set |
//! | `@after` | performs the operation first, so that only its answer is lost |
//!
//! Example: `users.create=unavailable*3@after,users.list=slow:5s@from:2,sqlite.commit=slow:5ms`.

pub(crate) mod point;
mod rule;

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};
use std::time::Duration;

use point::FaultPoint;
pub use rule::FaultError;
use rule::{Effect, Kind, Rule, When};

/// The rules in force. Clones share them; without rules a check costs one atomic load.
#[derive(Clone, Default)]
pub struct Faults(Arc<Shared>);

#[derive(Default)]
struct Shared {
    any: AtomicBool,
    rules: Mutex<Vec<Rule>>,
}

/// What happens at one operation, now.
#[derive(Debug, Default)]
pub(crate) struct Injection {
    delay: Duration,
    effect: Option<Effect>,
}

impl Faults {
    /// Parses rules as the module's documentation describes them; an empty text has none.
    pub fn parse(text: &str) -> Result<Self, FaultError> {
        let faults = Self::default();
        faults.set(text)?;
        Ok(faults)
    }

    /// Replaces all rules; changes none if the text is invalid.
    pub fn set(&self, text: &str) -> Result<(), FaultError> {
        let parsed = rule::parse_rules(text)?;
        let mut rules = self.0.rules.lock().unwrap_or_else(PoisonError::into_inner);
        self.0.any.store(!parsed.is_empty(), Ordering::Release);
        *rules = parsed;
        Ok(())
    }

    /// Removes all rules.
    pub fn clear(&self) {
        self.set("").expect("an empty list of rules is valid");
    }

    /// Runs one operation between its faults.
    pub(crate) async fn around<T>(
        &self,
        at: impl FaultPoint,
        call: impl Future<Output = Result<T, domain::Error>>,
    ) -> Result<T, domain::Error> {
        self.before(at).apply().await?;
        let answer = call.await?;
        self.after(at).apply().await?;
        Ok(answer)
    }

    pub(crate) fn before(&self, at: impl FaultPoint) -> Injection {
        self.take(at.name(), When::Before)
    }

    pub(crate) fn after(&self, at: impl FaultPoint) -> Injection {
        self.take(at.name(), When::After)
    }

    /// Whether there are rules for one of these operations, even if none of them is due.
    pub(crate) fn have_rules_for(&self, operations: &[domain::Operation]) -> bool {
        if !self.0.any.load(Ordering::Acquire) {
            return false;
        }
        let rules = self.0.rules.lock().unwrap_or_else(PoisonError::into_inner);
        rules.iter().any(|rule| operations.iter().any(|operation| operation.name() == rule.operation))
    }

    fn take(&self, operation: &str, when: When) -> Injection {
        let mut injection = Injection::default();
        if !self.0.any.load(Ordering::Acquire) {
            return injection;
        }
        let mut rules = self.0.rules.lock().unwrap_or_else(PoisonError::into_inner);
        for rule in rules.iter_mut().filter(|rule| rule.operation == operation && rule.when == when) {
            // Its calls count even if another rule decides them.
            let decided = injection.effect.is_some() && matches!(rule.kind, Kind::Fail(_));
            if !rule.has_begun() || decided || !rule.use_once() {
                continue;
            }
            match rule.kind {
                Kind::Slow(delay) => injection.delay += delay,
                Kind::Fail(effect) => injection.effect = Some(effect),
            }
        }
        injection
    }
}

impl std::fmt::Debug for Faults {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Faults({})", if self.0.any.load(Ordering::Relaxed) { "some" } else { "none" })
    }
}

impl Injection {
    /// Applies it on the runtime.
    pub(crate) async fn apply(self) -> Result<(), domain::Error> {
        if !self.delay.is_zero() {
            tokio::time::sleep(self.delay).await;
        }
        self.fail()
    }

    /// Applies it on a thread that may block.
    #[cfg(feature = "sqlite")]
    pub(crate) fn apply_blocking(self) -> Result<(), domain::Error> {
        if !self.delay.is_zero() {
            std::thread::sleep(self.delay);
        }
        self.fail()
    }

    fn fail(self) -> Result<(), domain::Error> {
        match self.effect {
            None => Ok(()),
            Some(Effect::Unavailable) => Err(domain::Error::unavailable("injected fault")),
            Some(Effect::Throttled) => Err(domain::Error::Throttled),
            Some(Effect::Damaged) => Err(domain::Error::damaged("injected fault")),
            Some(Effect::Panic) => panic!("injected fault"),
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::Operation;

    use super::*;

    fn failures(faults: &Faults, operation: Operation) -> usize {
        (0..5).filter(|_| faults.before(operation).fail().is_err()).count()
    }

    #[test]
    fn a_rule_holds_for_its_operation_until_it_is_cleared() {
        let faults = Faults::parse("users.create=unavailable").unwrap();
        assert_eq!(
            (failures(&faults, Operation::UsersCreate), failures(&faults, Operation::UsersGet)),
            (5, 0)
        );
        faults.clear();
        assert_eq!(failures(&faults, Operation::UsersCreate), 0);
    }

    #[test]
    fn a_counted_rule_applies_that_many_times() {
        assert_eq!(failures(&Faults::parse("users.create=throttled*3").unwrap(), Operation::UsersCreate), 3);
    }

    #[test]
    fn a_rule_that_starts_later_skips_the_calls_before() {
        for (text, expected) in [
            ("users.list=fail@from:1", [true, true, true, true]),
            ("users.list=fail@from:3", [false, false, true, true]),
            ("users.list=fail*1@from:2", [false, true, false, false]),
            ("users.list=fail*1,users.list=fail@from:3", [true, false, true, true]),
        ] {
            let faults = Faults::parse(text).unwrap();
            let failed: Vec<_> =
                (0..4).map(|_| faults.before(Operation::UsersList).fail().is_err()).collect();
            assert_eq!(failed, expected, "{text}");
            faults.set(text).unwrap();
            assert_eq!(faults.before(Operation::UsersList).fail().is_err(), expected[0], "{text}, set anew");
        }
    }

    #[test]
    fn clones_share_their_rules() {
        let faults = Faults::default();
        let clone = faults.clone();
        faults.set("avatars.read=damaged").unwrap();
        assert_eq!(failures(&clone, Operation::AvatarsRead), 5);
    }

    #[test]
    fn a_refused_text_changes_nothing() {
        let faults = Faults::parse("users.get=unavailable").unwrap();
        assert!(faults.set("users.got=unavailable").is_err());
        assert_eq!(failures(&faults, Operation::UsersGet), 5);
    }

    #[test]
    fn delays_add_up_and_the_first_failure_counts_in_any_order() {
        for text in [
            "users.get=slow:20ms,users.get=slow:1s,users.get=throttled,users.get=fail",
            "users.get=throttled,users.get=slow:1s,users.get=fail,users.get=slow:20ms",
        ] {
            let injection = Faults::parse(text).unwrap().before(Operation::UsersGet);
            assert_eq!(injection.delay, Duration::from_millis(1020), "{text}");
            assert!(matches!(injection.fail(), Err(domain::Error::Throttled)), "{text}");
        }
    }
}
