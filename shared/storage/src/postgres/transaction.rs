//! The statements of a write, at each of which a fault can be injected.

use async_trait::async_trait;
use domain::Error;
use tokio_postgres::Row;

use super::database::{self, Params};
pub(super) use super::step_name::StepName;
use crate::faults::Faults;

/// A write of several statements. It may be run again if it was rolled back.
#[async_trait]
pub(super) trait Write: Send + Sync {
    type Output: Send;

    async fn run(&self, tx: &Transaction<'_>) -> Result<Self::Output, Error>;
}

/// An open transaction. Dropped, it is rolled back.
pub(super) struct Transaction<'a> {
    inner: deadpool_postgres::Transaction<'a>,
    faults: &'a Faults,
}

impl<'a> Transaction<'a> {
    pub(super) async fn begin(
        client: &'a mut deadpool_postgres::ClientWrapper,
        faults: &'a Faults,
    ) -> Result<Self, Error> {
        let inner = faults.around(StepName::Begin, database::within(client.transaction())).await?;
        Ok(Self { inner, faults })
    }

    /// Runs a statement; returns the number of rows that it changed.
    pub(super) async fn execute(&self, step: StepName, sql: &str, params: &Params<'_>) -> Result<u64, Error> {
        let run = async {
            let statement = self.inner.prepare_cached(sql).await?;
            self.inner.execute(&statement, params).await
        };
        self.faults.around(step, database::within(run)).await
    }

    /// Runs a statement that returns at most one row.
    pub(super) async fn row(
        &self,
        step: StepName,
        sql: &str,
        params: &Params<'_>,
    ) -> Result<Option<Row>, Error> {
        let run = async {
            let statement = self.inner.prepare_cached(sql).await?;
            self.inner.query_opt(&statement, params).await
        };
        self.faults.around(step, database::within(run)).await
    }

    pub(super) async fn commit(self) -> Result<(), Error> {
        database::within(self.inner.commit()).await
    }
}
