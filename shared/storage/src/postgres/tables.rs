//! Whether the tables can be used: checked, created and migrated by one task, which goes on when its callers go away.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use deadpool::managed::Manager as _;
use domain::{Environment, Error};
use tokio::{
    sync::watch,
    task::AbortHandle,
    time::{Instant, timeout},
};

use super::{
    connector::Connector,
    migration::{Expected, Progress, Script, migrate},
    open_error::OpenError,
    schema::{self, SchemaError},
};

/// How long a failed check is the answer, and one that passed although a statement found other tables. After a migration
/// that failed and a check that panicked it doubles, up to the longest.
const RECHECK_AFTER: Duration = Duration::from_secs(1);
const LONGEST_RECHECK_AFTER: Duration = Duration::from_mins(1);

/// The same, if a statement finds again what it found before the last check, which passed: there is nothing to mend.
const RECHECK_IN_VAIN_AFTER: Duration = Duration::from_mins(1);

/// How long a health check waits: with its own statement less than the 2 s of `/readyz`.
const HEALTH: Duration = Duration::from_secs(1);

/// What this process does with the tables.
pub(super) enum Process {
    /// It creates and migrates them, for this environment.
    Serves(Option<Environment>),
    /// It uses them as they are.
    Tool,
}

/// The tables, and the last check of them.
pub(super) struct Tables {
    checker: Arc<Checker>,
    state: Mutex<State>,
}

/// What a check needs.
struct Checker {
    connector: Connector,
    process: Process,
    scripts: &'static [Script],
}

#[derive(Default)]
struct State {
    last: Option<Check>,
    /// This process has used the tables: if they are gone, they are not created.
    were_usable: bool,
    /// What the statement found for which they were checked last.
    rechecked_for: Option<String>,
    /// Why the tables could not be used, since they last could: each reason is logged once.
    logged: BTreeSet<String>,
    closed: bool,
}

/// A check, running or ended; whether it created the tables.
struct Check {
    ended: watch::Receiver<Option<Outcome>>,
    progress: Arc<Progress>,
    task: AbortHandle,
    /// How long it is the answer if its migration fails.
    back_off: Duration,
}

type Outcome = (Instant, Result<bool, SchemaError>);

impl Tables {
    pub(super) fn new(connector: Connector, process: Process, scripts: &'static [Script]) -> Self {
        Self { checker: Arc::new(Checker { connector, process, scripts }), state: Mutex::default() }
    }

    /// Waits at most this long for the check, which goes on; returns whether this process created the tables.
    pub(super) async fn ready(&self, within: Duration) -> Result<bool, SchemaError> {
        let (mut ended, progress) = {
            let mut state = self.lock();
            let check = self.current(&mut state)?;
            (check.ended.clone(), check.progress.clone())
        };
        match timeout(within, ended.wait_for(Option::is_some)).await {
            Ok(outcome) => {
                outcome.ok().and_then(|ended| ended.clone()).expect("every check has an outcome").1
            }
            Err(_) => Err(self.unreachable(&progress.text())),
        }
    }

    /// The same, for a health check.
    pub(super) async fn check(&self) -> Result<(), Error> {
        self.ready(HEALTH).await.map(drop).map_err(Error::from)
    }

    /// Whether the last check passed, for a call. It waits for none, but begins one if the last failed.
    pub(super) fn usable(&self) -> Result<(), Error> {
        let mut state = self.lock();
        let check = self.current(&mut state)?;
        match &*check.ended.borrow() {
            Some((_, outcome)) => outcome.clone().map(drop).map_err(Error::from),
            None => Err(self.unreachable(&check.progress.text()).into()),
        }
    }

    /// A statement found tables of another release, as after a restore: checks them again before the next call.
    pub(super) fn recheck(&self, why: &str) {
        let mut state = self.lock();
        let passed = state.last.as_ref().and_then(|check| check.ended.borrow().clone());
        let Some((at, Ok(_))) = passed else { return };
        let is_in_vain = state.rechecked_for.as_deref() == Some(why);
        if state.closed || at.elapsed() < if is_in_vain { RECHECK_IN_VAIN_AFTER } else { RECHECK_AFTER } {
            return;
        }
        (state.were_usable, state.rechecked_for) = (true, Some(why.to_owned()));
        if state.logged.insert(why.to_owned()) {
            tracing::warn!(why, "the tables are not those of this release; not ready, checking them again");
        }
        state.last = Some(self.begin(&state));
    }

    /// A health check has used the tables.
    pub(super) fn found_usable(&self) {
        self.lock().logged.clear();
    }

    /// Ends the check.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        if let Some(check) = &state.last {
            check.task.abort();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The check that runs or passed, or failed just now; else a new one.
    fn current<'a>(&self, state: &'a mut State) -> Result<&'a Check, SchemaError> {
        if state.closed {
            return Err(self.unreachable("store is closed"));
        }
        if !state.last.as_ref().is_some_and(Check::is_valid) {
            if let Some(Err(error)) = state.last.as_ref().and_then(Check::outcome)
                && state.were_usable
                && state.logged.insert(error.to_string())
            {
                tracing::error!(why = %error, "the tables cannot be used; not ready, retrying");
            }
            state.last = Some(self.begin(state));
        }
        Ok(state.last.as_ref().expect("one was begun"))
    }

    fn begin(&self, state: &State) -> Check {
        let (checker, may_create) = (self.checker.clone(), !state.were_usable);
        let back_off = state.last.as_ref().map_or(RECHECK_AFTER, Check::next_back_off);
        let stopped = self.unreachable("the check of its tables stopped unexpectedly");
        Check::begin(back_off, stopped, async move |progress| checker.run(may_create, &progress).await)
    }

    fn unreachable(&self, why: &str) -> SchemaError {
        OpenError::Unreachable { target: self.checker.connector.target().to_string(), why: why.to_owned() }
            .into()
    }
}

impl Drop for Tables {
    fn drop(&mut self) {
        self.close();
    }
}

impl Check {
    /// `stopped` is its outcome if it panics.
    fn begin<R: Future<Output = Result<bool, SchemaError>> + Send + 'static>(
        back_off: Duration,
        stopped: SchemaError,
        run: impl FnOnce(Arc<Progress>) -> R + Send + 'static,
    ) -> Self {
        let (ended, progress) = (watch::Sender::new(None), Arc::<Progress>::default());
        let receiver = ended.subscribe();
        let end = End { ended, stopped, progress: progress.clone() };
        let shown = progress.clone();
        let check = async move {
            let outcome = run(shown).await;
            end.ended.send_replace(Some((Instant::now(), outcome)));
        };
        Self { ended: receiver, progress, task: tokio::spawn(check).abort_handle(), back_off }
    }

    fn is_valid(&self) -> bool {
        let pause = if self.progress.backs_off() { self.back_off } else { RECHECK_AFTER };
        match &*self.ended.borrow() {
            None | Some((_, Ok(_))) => true,
            Some((at, Err(_))) => at.elapsed() < pause,
        }
    }

    /// That of the check after this one.
    fn next_back_off(&self) -> Duration {
        match self.outcome() {
            Some(Err(_)) if self.progress.backs_off() => (2 * self.back_off).min(LONGEST_RECHECK_AFTER),
            // An outage does not reset the pause.
            Some(Err(_)) => self.back_off,
            _ => RECHECK_AFTER,
        }
    }

    fn outcome(&self) -> Option<Result<bool, SchemaError>> {
        self.ended.borrow().as_ref().map(|(_, outcome)| outcome.clone())
    }
}

/// Ends a check that was dropped before its outcome.
struct End {
    ended: watch::Sender<Option<Outcome>>,
    stopped: SchemaError,
    progress: Arc<Progress>,
}

impl Drop for End {
    fn drop(&mut self) {
        self.ended.send_if_modified(|outcome| {
            let has_stopped = outcome.is_none();
            if has_stopped {
                self.progress.back_off();
                *outcome = Some((Instant::now(), Err(self.stopped.clone())));
            }
            has_stopped
        });
    }
}

impl Checker {
    async fn run(&self, may_create: bool, progress: &Progress) -> Result<bool, SchemaError> {
        let mut client = self.connector.create().await?;
        let target = self.connector.target();
        match &self.process {
            Process::Serves(expected) => {
                let tables = Expected { environment: expected.as_ref(), may_create };
                migrate(self.scripts, &mut client, target, tables, progress).await
            }
            Process::Tool => Ok(schema::check(&client, target).await.map(|()| false)?),
        }
    }
}

#[cfg(test)]
mod tests {
    use postgres_server::Server;

    use super::*;
    use crate::{
        config::Settings,
        postgres::{migration, options::Options},
    };

    const SCRIPTS: &[Script] = &[migration::SCRIPTS[0], ("ALTER TABLE users ADD COLUMN later text", 1)];
    const FAILING: &[Script] = &[migration::SCRIPTS[0], ("ALTER TABLE users DROP COLUMN later", 1)];

    fn tables(url: &str) -> Tables {
        tables_by(SCRIPTS, url)
    }

    fn tables_by(scripts: &'static [Script], url: &str) -> Tables {
        let settings = Settings { storage: url, ..Settings::default() };
        let options = Options::read(&settings).expect("its scheme").unwrap();
        Tables::new(Connector::new(options).unwrap(), Process::Serves(None), scripts)
    }

    #[tokio::test]
    async fn a_migration_that_fails_is_tried_again_after_longer_and_longer_pauses() {
        let Some(server) = Server::shared() else { return };
        let tables = tables_by(FAILING, &server.database());
        let number = || tables.lock().last.as_ref().map(|check| check.task.id());
        for seconds in [1, 2, 4] {
            tables.ready(Duration::from_mins(1)).await.unwrap_err();
            let failed = number();
            tokio::time::pause();
            let half = Duration::from_secs(seconds) / 2;
            tokio::time::advance(half).await;
            tables.usable().unwrap_err();
            assert_eq!(number(), failed, "after {half:?}");
            tokio::time::advance(half).await;
            tables.usable().unwrap_err();
            assert_ne!(number(), failed, "after {seconds} s");
            tokio::time::resume();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_check_that_panics_has_failed_and_the_next_one_waits_longer() {
        let stopped = OpenError::Unreachable { target: "here".to_owned(), why: "stopped".to_owned() };
        let defect = async |_| -> Result<bool, SchemaError> { panic!("a defect") };
        let check = Check::begin(RECHECK_AFTER, stopped.into(), defect);
        let mut ended = check.ended.clone();
        ended.wait_for(Option::is_some).await.unwrap();
        assert!(matches!(check.outcome(), Some(Err(SchemaError::Open(OpenError::Unreachable { .. })))));
        assert!(check.is_valid(), "it is not tried again at once");
        assert_eq!(check.next_back_off(), 2 * RECHECK_AFTER);
        tokio::time::advance(RECHECK_AFTER).await;
        assert!(!check.is_valid());
    }

    #[tokio::test]
    async fn an_outage_does_not_reset_the_pause_after_a_migration_that_failed() {
        let away: SchemaError =
            OpenError::Unreachable { target: "here".to_owned(), why: "away".to_owned() }.into();
        let outcome = away.clone();
        let check = Check::begin(4 * RECHECK_AFTER, away, async move |_| Err(outcome));
        check.ended.clone().wait_for(Option::is_some).await.unwrap();
        assert_eq!(check.next_back_off(), 4 * RECHECK_AFTER);
    }

    #[tokio::test]
    async fn tables_that_passed_a_check_are_not_checked_again_for_the_same_reason_at_once() {
        let Some(server) = Server::shared() else { return };
        let tables = tables(&server.database());
        let minute = Duration::from_mins(1);
        tables.ready(minute).await.unwrap();
        let checks = || tables.lock().last.as_ref().map(|check| check.task.id());
        let first = checks();
        tokio::time::pause();
        tokio::time::advance(RECHECK_AFTER).await;
        tables.recheck("column a does not exist");
        let second = checks();
        assert_ne!(first, second);
        tokio::time::resume();
        tables.ready(minute).await.unwrap();
        tokio::time::pause();
        tokio::time::advance(RECHECK_AFTER).await;
        tables.recheck("column a does not exist");
        assert_eq!(checks(), second, "the same reason");
        tables.recheck("column b does not exist");
        assert_ne!(checks(), second, "another reason");
    }

    #[tokio::test]
    async fn the_tables_of_an_earlier_release_are_migrated_after_a_restore() {
        let Some(server) = Server::shared() else { return };
        let url = server.database();
        let name = url.rsplit_once('/').unwrap().1;
        let tables = tables(&url);
        let minute = Duration::from_mins(1);
        assert!(tables.ready(minute).await.unwrap());
        server.sql(name, "ALTER TABLE users DROP COLUMN later; UPDATE roster_schema SET version = 1");
        let deadline = Instant::now() + minute;
        while server.sql(name, "SELECT version FROM roster_schema") == "1" {
            assert!(Instant::now() < deadline, "they are not migrated");
            tables.recheck("column users.later does not exist");
            tables.ready(minute).await.unwrap();
        }
        assert_eq!(server.sql(name, "SELECT count(later) FROM users"), "0");
        tables.usable().unwrap();
    }
}
