//! Many writes in one commit.

use std::panic::{AssertUnwindSafe, catch_unwind};

use domain::Error;
use tokio::sync::oneshot;

use super::{
    error,
    generation::Generation,
    transaction::{StepName, Transaction},
};

/// A write that can answer its caller.
pub(super) trait Write: Send {
    /// Whether its caller still waits.
    fn is_wanted(&self) -> bool;

    /// Runs it in the open transaction; `false` if it failed and must be rolled back.
    fn apply(&mut self, tx: &Transaction<'_>) -> bool;

    /// Answers the caller with the result of [`apply`](Self::apply), or with the `failure` of the whole
    /// transaction.
    fn answer(self: Box<Self>, failure: Option<&Error>);
}

/// A write as a function.
pub(super) struct Pending<T, F> {
    run: F,
    found: Option<Result<T, Error>>,
    caller: oneshot::Sender<Result<T, Error>>,
}

impl<T, F> Pending<T, F> {
    pub(super) fn new(run: F, caller: oneshot::Sender<Result<T, Error>>) -> Self {
        Self { run, found: None, caller }
    }
}

impl<T: Send, F: Fn(&Transaction<'_>) -> Result<T, Error> + Send> Write for Pending<T, F> {
    fn is_wanted(&self) -> bool {
        !self.caller.is_closed()
    }

    fn apply(&mut self, tx: &Transaction<'_>) -> bool {
        // A panic in one write fails only that one: it is rolled back to its savepoint like any that fails.
        let found = catch_unwind(AssertUnwindSafe(|| (self.run)(tx))).unwrap_or_else(|_| {
            tracing::error!("a write panicked and was rolled back");
            Err(Error::unavailable("write panicked"))
        });
        self.found.insert(found).is_ok()
    }

    fn answer(self: Box<Self>, failure: Option<&Error>) {
        let answer = match (failure, self.found) {
            (None, Some(found)) => found,
            (Some(failure), _) => Err(failure.clone()),
            (None, None) => Err(Error::unavailable("write was not attempted")),
        };
        // The caller may have gone away.
        let _ = self.caller.send(answer);
    }
}

/// Why a transaction failed.
enum TransactionError {
    /// It never began, or its commit failed: every write in it fails.
    Whole(Error),
    /// `SQLite` rolled it back because of one write, as it does on a full disk.
    OneWrite,
}

/// Runs the writes in one transaction, each behind a savepoint, and answers each after the commit;
/// `committed` is called if there was one. A conflict is answered after it as well: it may be a conflict with
/// a write of the same transaction.
pub(super) fn commit(
    tx: &Transaction<'_>,
    mut writes: Vec<Box<dyn Write>>,
    generation: &Generation,
    committed: &mut dyn FnMut(),
) {
    let outcome = attempt(tx, &mut writes, generation);
    let alone = writes.len() == 1;
    let failure = match outcome {
        Ok(()) => {
            committed();
            None
        }
        Err(TransactionError::OneWrite) if alone => None,
        Err(TransactionError::OneWrite) => {
            for write in writes {
                commit(tx, vec![write], generation, committed);
            }
            return;
        }
        Err(TransactionError::Whole(error)) => Some(error),
    };
    for write in writes {
        write.answer(failure.as_ref());
    }
}

fn attempt(
    tx: &Transaction<'_>,
    writes: &mut [Box<dyn Write>],
    generation: &Generation,
) -> Result<(), TransactionError> {
    let result = run_transaction(tx, writes, generation);
    if result.is_err() && !tx.connection().is_autocommit() {
        // The one thing left to do; if it fails too, the next BEGIN reports it.
        let _ = tx.connection().execute_batch("ROLLBACK");
    }
    result
}

fn run_transaction(
    tx: &Transaction<'_>,
    writes: &mut [Box<dyn Write>],
    generation: &Generation,
) -> Result<(), TransactionError> {
    let run = |step, sql| tx.execute(step, sql, []).map(drop);
    run(StepName::Begin, "BEGIN IMMEDIATE").map_err(TransactionError::Whole)?;
    for write in writes {
        run(StepName::Savepoint, "SAVEPOINT one").map_err(TransactionError::Whole)?;
        if !write.apply(tx) {
            if tx.connection().is_autocommit() {
                return Err(TransactionError::OneWrite);
            }
            tx.connection()
                .execute_batch("ROLLBACK TO one")
                .map_err(error::of)
                .map_err(TransactionError::Whole)?;
        }
        run(StepName::Release, "RELEASE one").map_err(TransactionError::Whole)?;
    }
    // Also if it fails or panics, since it may have happened: a panic answers the callers by dropping them.
    let _advance = generation.advance_on_drop();
    // Whatever the error: part of the log may have reached the disk, so the outcome is unknown.
    run(StepName::Commit, "COMMIT").map_err(|error| TransactionError::Whole(Error::unavailable(error)))
}
