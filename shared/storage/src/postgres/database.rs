//! Statements: their connections, timeouts and retries.

use std::time::Duration;

use deadpool::managed::{Object, Pool, PoolError};
use domain::Error;
use tokio::time::{Instant, sleep, timeout};
use tokio_postgres::{Row, types::ToSql};

use super::{
    connector::Connector,
    error,
    transaction::{StepName, Transaction, Write},
};
use crate::{faults::Faults, retry::is_transient};

/// Connections of a process: more would not make a server of a few cores faster. A worker has one more, which waits
/// for notifications.
pub(super) const CONNECTIONS: usize = 10;

/// How long a call waits for a connection.
const ACQUIRE: Duration = Duration::from_secs(6);

/// Longer than the server's own timeout: only for a server that no longer answers.
const STATEMENT: Duration = Duration::from_secs(15);

/// A call that failed is tried again until it took this long, a few times.
const RETRY_WITHIN: Duration = Duration::from_secs(4);
const TRIES: u32 = 4;

/// Before the second try; doubled before each further one, and half of it is random.
const FIRST_PAUSE_MS: u64 = 40;

/// The values of a statement.
pub(super) type Params<'a> = [&'a (dyn ToSql + Sync)];

pub(super) struct Database {
    pool: Pool<Connector>,
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
    pub(super) fn new(connector: Connector, faults: Faults) -> Self {
        let pool = Pool::builder(connector).max_size(CONNECTIONS).build();
        Self { pool: pool.expect("only timeouts of the pool would need a runtime"), faults }
    }

    /// A statement that changes nothing, or that can be repeated.
    pub(super) async fn rows(&self, sql: &str, params: &Params<'_>) -> Result<Vec<Row>, Error> {
        let mut tries = Tries::new();
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
        let mut tries = Tries::new();
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
        let client = self.connection().await?;
        let answer = within(async {
            let statement = client.prepare_cached(sql).await?;
            client.query(&statement, params).await
        })
        .await;
        release(client, answer)
    }

    async fn try_write<W: Write>(&self, write: &W) -> Result<W::Output, WriteError> {
        let mut client = self.connection().await.map_err(WriteError::NotDone)?;
        let answer = self.run(&mut client, write).await;
        match answer {
            Ok(output) => Ok(output),
            Err(WriteError::NotDone(error)) => release(client, Err(error)).map_err(WriteError::NotDone),
            Err(WriteError::Unknown(error)) => release(client, Err(error)).map_err(WriteError::Unknown),
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

    async fn connection(&self) -> Result<Object<Connector>, Error> {
        match timeout(ACQUIRE, self.pool.get()).await {
            // All of them are in use.
            Err(_) => Err(Error::Throttled),
            Ok(Ok(connection)) => Ok(connection),
            Ok(Err(PoolError::Backend(error))) => Err(Error::unavailable(error)),
            Ok(Err(_)) => Err(Error::unavailable("store is closed")),
        }
    }
}

/// Gives a connection back, or ends it after an error: its server may be away, or read-only since another was promoted.
fn release<T>(client: Object<Connector>, answer: Result<T, Error>) -> Result<T, Error> {
    if matches!(answer, Err(Error::Unavailable(_))) {
        drop(Object::take(client));
    }
    answer
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
    tried: u32,
}

impl Tries {
    fn new() -> Self {
        Self { began: Instant::now(), tried: 0 }
    }

    /// Whether to try again after this error, once this returns.
    async fn again(&mut self, error: &Error) -> bool {
        self.tried += 1;
        if !is_transient(error) || self.tried == TRIES || self.began.elapsed() >= RETRY_WITHIN {
            return false;
        }
        let most = FIRST_PAUSE_MS << self.tried;
        sleep(Duration::from_millis(fastrand::u64(most / 2..=most))).await;
        true
    }
}
