//! The statements of a write, at each of which a fault can be injected.

use domain::Error;
use rusqlite::{Connection, Params, Row};

pub(super) use super::step_name::StepName;
use super::{error, reads};
use crate::faults::Faults;

/// The writer's connection, inside a transaction.
pub(super) struct Transaction<'a> {
    connection: &'a Connection,
    faults: &'a Faults,
}

impl<'a> Transaction<'a> {
    pub(super) fn new(connection: &'a Connection, faults: &'a Faults) -> Self {
        Self { connection, faults }
    }

    pub(super) fn connection(&self) -> &'a Connection {
        self.connection
    }

    /// Runs a statement; returns the number of rows that it changed.
    pub(super) fn execute(&self, step: StepName, sql: &str, params: impl Params) -> Result<usize, Error> {
        self.step(step, || {
            let mut statement = self.connection.prepare_cached(sql).map_err(error::of)?;
            statement.execute(params).map_err(error::of)
        })
    }

    /// Runs a statement that returns at most one row.
    pub(super) fn query<T>(
        &self,
        step: StepName,
        sql: &str,
        params: impl Params,
        read: impl FnOnce(&Row<'_>) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        self.step(step, || reads::query_optional(self.connection, sql, params, read))
    }

    /// Runs a statement that returns rows.
    pub(super) fn query_all<T>(
        &self,
        step: StepName,
        sql: &str,
        params: impl Params,
        read: impl FnMut(&Row<'_>) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        self.step(step, || reads::query_all(self.connection, sql, params, read))
    }

    fn step<T>(&self, step: StepName, run: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
        self.faults.before(step).apply_blocking()?;
        let answer = run()?;
        self.faults.after(step).apply_blocking()?;
        Ok(answer)
    }
}
