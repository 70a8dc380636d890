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

/// How long a failed check is the answer, and one that passed although a statement found other tables.
const RECHECK_AFTER: Duration = Duration::from_secs(1);

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
            Ok(Ok(outcome)) => outcome.clone().expect("it was waited for").1,
            Ok(Err(_)) => Err(self.unreachable("the check of its tables stopped unexpectedly")),
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
        let (end, ended) = watch::channel(None);
        let (checker, progress) = (self.checker.clone(), Arc::<Progress>::default());
        let (may_create, shown) = (!state.were_usable, progress.clone());
        let check = async move {
            let outcome = checker.run(may_create, &shown).await;
            end.send_replace(Some((Instant::now(), outcome)));
        };
        Check { ended, progress, task: tokio::spawn(check).abort_handle() }
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
    fn is_valid(&self) -> bool {
        // First: one that ended without an outcome has panicked.
        let has_ended = self.task.is_finished();
        match &*self.ended.borrow() {
            None => !has_ended,
            Some((_, Ok(_))) => true,
            Some((at, Err(_))) => at.elapsed() < RECHECK_AFTER,
        }
    }

    fn outcome(&self) -> Option<Result<bool, SchemaError>> {
        self.ended.borrow().as_ref().map(|(_, outcome)| outcome.clone())
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

    fn tables(url: &str) -> Tables {
        let settings = Settings { storage: url, ..Settings::default() };
        let options = Options::read(&settings).expect("its scheme").unwrap();
        Tables::new(Connector::new(options).unwrap(), Process::Serves(None), SCRIPTS)
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
