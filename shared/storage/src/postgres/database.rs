//! Statements: their connections, timeouts and retries.

use std::{sync::Arc, time::Duration};

use deadpool::managed::{Object, Pool, PoolError};
use domain::Error;
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::{Instant, sleep, timeout},
};
use tokio_postgres::{Row, types::ToSql};

use super::{
    connector::Connector,
    error::{self, Mismatched, Outdated},
    tables::Tables,
    transaction::{StepName, Transaction, Write},
};
use crate::{faults::Faults, retry::is_transient};

/// Connections of a process: more would not make a server of a few cores faster. A worker has one more, which waits
/// for notifications.
pub(super) const CONNECTIONS: usize = 10;

/// How many of them writes may hold: the others are left to reads and events.
const WRITES: usize = 7;

/// How long a call waits for a connection that other calls use. Making one has a limit of its own.
const ACQUIRE: Duration = Duration::from_secs(5);

/// Longer than the server's own timeout: only for a server that no longer answers.
const STATEMENT: Duration = Duration::from_secs(15);

/// Before the second try; doubled before each further one up to the longest, and half of it is random.
const FIRST_PAUSE_MS: u64 = 40;
const LONGEST_PAUSE_MS: u64 = 500;

/// How long a health check is tried again: `/readyz` waits for 2 s.
const HEALTH_RETRY: Duration = Duration::from_millis(800);

/// The values of a statement.
pub(super) type Params<'a> = [&'a (dyn ToSql + Sync)];

pub(super) struct Database {
    pool: Pool<Connector>,
    tables: Arc<Tables>,
    /// As many as the pool has connections, so that only this is waited for.
    free: Semaphore,
    writes: Semaphore,
    /// A call that failed is tried again until it took this long.
    retry_within: Duration,
    faults: Faults,
}

/// Why a write failed.
enum WriteError {
    /// It was rolled back, or never began.
    NotDone(Error),
    /// It may have happened.
    Unknown(Error),
}

impl Database {
    pub(super) fn new(connector: Connector, tables: Arc<Tables>, faults: Faults) -> Self {
        let retry_within = connector.timing().retry_within;
        let pool = Pool::builder(connector).max_size(CONNECTIONS).build();
        Self {
            pool: pool.expect("only timeouts of the pool would need a runtime"),
            tables,
            free: Semaphore::new(CONNECTIONS),
            writes: Semaphore::new(WRITES),
            retry_within,
            faults,
        }
    }

    /// A statement that changes nothing, or that can be repeated.
    pub(super) async fn rows(&self, sql: &str, params: &Params<'_>) -> Result<Vec<Row>, Error> {
        self.rows_within(self.retry_within, sql, params).await
    }

    async fn rows_within(&self, within: Duration, sql: &str, params: &Params<'_>) -> Result<Vec<Row>, Error> {
        let mut tries = Tries::new(within);
        loop {
            match self.try_rows(sql, params).await {
                Err(error) if tries.again(&error).await => {}
                answer => return answer,
            }
        }
    }

    /// The same, of at most one row.
    pub(super) async fn row(&self, sql: &str, params: &Params<'_>) -> Result<Option<Row>, Error> {
        Ok(self.rows(sql, params).await?.into_iter().next())
    }

    /// The same, for a health check, which has not as long: it reports the reason before it is cut off.
    pub(super) async fn row_soon(&self, sql: &str) -> Result<Option<Row>, Error> {
        let within = self.retry_within.min(HEALTH_RETRY);
        Ok(self.rows_within(within, sql, &[]).await?.into_iter().next())
    }

    /// A write of one statement that can be repeated.
    pub(super) async fn change(
        &self,
        step: StepName,
        sql: &str,
        params: &Params<'_>,
    ) -> Result<Vec<Row>, Error> {
        self.faults.around(step, self.rows(sql, params)).await
    }

    /// A write in a transaction. After it was rolled back it is tried again; after an unknown outcome it is not.
    pub(super) async fn write<W: Write>(&self, write: &W) -> Result<W::Output, Error> {
        let mut tries = Tries::new(self.retry_within);
        loop {
            match self.try_write(write).await {
                Ok(output) => return Ok(output),
                Err(WriteError::NotDone(error)) if tries.again(&error).await => {}
                Err(WriteError::NotDone(error) | WriteError::Unknown(error)) => return Err(error),
            }
        }
    }

    /// Refuses new calls.
    pub(super) fn close(&self) {
        self.pool.close();
    }

    async fn try_rows(&self, sql: &str, params: &Params<'_>) -> Result<Vec<Row>, Error> {
        let lease = self.connection().await?;
        let answer = within(async {
            let client = lease.client();
            let statement = client.prepare_cached(sql).await?;
            client.query(&statement, params).await
        })
        .await;
        self.release(lease, answer)
    }

    async fn try_write<W: Write>(&self, write: &W) -> Result<W::Output, WriteError> {
        let _turn = turn(&self.writes).await.map_err(WriteError::NotDone)?;
        let mut lease = self.connection().await.map_err(WriteError::NotDone)?;
        let answer = self.run(lease.client_mut(), write).await;
        match answer {
            Ok(output) => self.release(lease, Ok(output)).map_err(WriteError::NotDone),
            Err(WriteError::NotDone(error)) => self.release(lease, Err(error)).map_err(WriteError::NotDone),
            Err(WriteError::Unknown(error)) => self.release(lease, Err(error)).map_err(WriteError::Unknown),
        }
    }

    async fn run<W: Write>(
        &self,
        client: &mut Object<Connector>,
        write: &W,
    ) -> Result<W::Output, WriteError> {
        let tx = Transaction::begin(client, &self.faults).await.map_err(WriteError::NotDone)?;
        let output = write.run(&tx).await.map_err(WriteError::NotDone)?;
        self.faults.before(StepName::Commit).apply().await.map_err(WriteError::NotDone)?;
        let unknown = |error| WriteError::Unknown(Error::unavailable(error));
        tx.commit().await.map_err(unknown)?;
        self.faults.after(StepName::Commit).apply().await.map_err(unknown)?;
        Ok(output)
    }

    async fn connection(&self) -> Result<Lease<'_>, Error> {
        self.tables.usable()?;
        let turn = turn(&self.free).await?;
        match self.pool.get().await {
            Ok(connection) => Ok(Lease { connection: Some(connection), _turn: turn }),
            Err(PoolError::Backend(error)) => Err(Error::unavailable(error)),
            Err(_) => Err(Error::unavailable("store is closed")),
        }
    }

    /// Gives a connection back, or ends it after an error: its server may be away. If the others share the reason, such
    /// as statements from before a migration, those that are idle end too. Tables that a statement does not fit are
    /// checked again.
    fn release<T>(&self, mut lease: Lease<'_>, answer: Result<T, Error>) -> Result<T, Error> {
        match &answer {
            Err(Error::Unavailable(why)) => {
                if let Some(Mismatched(why)) = why.downcast_ref() {
                    self.tables.recheck(why);
                }
                if why.is::<Outdated>() || why.is::<Mismatched>() {
                    drop(self.pool.retain(|_, _| false));
                }
            }
            _ => drop(lease.connection.take()),
        }
        answer
    }
}

/// Waits until fewer calls than the limit are at work.
async fn turn(limit: &Semaphore) -> Result<SemaphorePermit<'_>, Error> {
    match timeout(ACQUIRE, limit.acquire()).await {
        Ok(turn) => turn.map_err(Error::unavailable),
        Err(_) => Err(Error::Throttled),
    }
}

/// A connection of the pool. Unless its call has ended it is closed, not given back: if its caller went away, the server
/// may still be at work on it.
struct Lease<'a> {
    connection: Option<Object<Connector>>,
    // Dropped after the connection.
    _turn: SemaphorePermit<'a>,
}

impl Lease<'_> {
    fn client(&self) -> &Object<Connector> {
        self.connection.as_ref().expect("until it is released")
    }

    fn client_mut(&mut self) -> &mut Object<Connector> {
        self.connection.as_mut().expect("until it is released")
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            drop(Object::take(connection));
        }
    }
}

pub(super) async fn within<T>(
    run: impl Future<Output = Result<T, tokio_postgres::Error>>,
) -> Result<T, Error> {
    match timeout(STATEMENT, run).await {
        Ok(answer) => answer.map_err(error::of),
        Err(_) => Err(Error::unavailable("the database did not answer within 15 s")),
    }
}

/// How many times a call was tried, and since when.
struct Tries {
    began: Instant,
    within: Duration,
    tried: u32,
}

impl Tries {
    fn new(within: Duration) -> Self {
        Self { began: Instant::now(), within, tried: 0 }
    }

    /// Whether to try again after this error, once this returns.
    async fn again(&mut self, error: &Error) -> bool {
        let most = LONGEST_PAUSE_MS.min(FIRST_PAUSE_MS << self.tried.min(8));
        let pause = Duration::from_millis(fastrand::u64(most / 2..=most));
        self.tried += 1;
        if !is_transient(error) || self.began.elapsed() + pause > self.within {
            return false;
        }
        sleep(pause).await;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_transient_error_is_retried_for_as_long_as_is_documented_and_another_is_not() {
        let began = Instant::now();
        let mut tries = Tries::new(Duration::from_secs(4));
        while tries.again(&Error::Throttled).await {}
        let took = began.elapsed().as_millis();
        assert!((3500..=4000).contains(&took), "{took}");
        assert!((8..=20).contains(&tries.tried), "{}", tries.tried);
        assert!(!Tries::new(Duration::from_secs(4)).again(&Error::Stale).await);
    }
}
