//! Opening a store.

use std::sync::Arc;

use async_trait::async_trait;
use deadpool::managed::Manager as _;
use domain::{Environment, Error, Stores};
use tokio::sync::OnceCell;

use super::{
    connector::Connector,
    database::Database,
    events::wake::Wake,
    open_error::OpenError,
    options::Options,
    schema::{self, SchemaError},
    store::Store,
    uploads::DirectUploads,
};
use crate::{
    adapter::{Adapter, Backend, ConnectError, Opened, Tools},
    faults::Faults,
    uploads::Uploads,
};

#[async_trait]
impl Adapter for Options {
    /// Creates or migrates the tables. A server that cannot be reached yet does not prevent the start: the tables are
    /// checked once it answers, before any other call.
    async fn serve(&self, expected: Option<&Environment>, faults: Faults) -> Result<Opened, ConnectError> {
        let (mut opened, store, uploads) = open(self, Process::Serves(expected.cloned()), faults)?;
        match store.tables.ready().await {
            Ok(created) => opened.created = created,
            Err(SchemaError::Open(error)) if error.may_pass() => {}
            Err(error) => return Err(error.into()),
        }
        uploads.remove_expired_regularly();
        Ok(opened)
    }

    async fn tool(&self, faults: Faults) -> Result<Opened, ConnectError> {
        let (opened, store, _) = open(self, Process::Tool, faults)?;
        store.tables.ready().await?;
        Ok(opened)
    }
}

/// What this process does with the tables.
enum Process {
    /// It creates and migrates them, for this environment.
    Serves(Option<Environment>),
    /// It uses them as they are.
    Tool,
}

/// Whether the tables were checked.
pub(super) struct Tables {
    connector: Connector,
    process: Process,
    /// Once they were: whether this process created them.
    checked: OnceCell<bool>,
}

impl Tables {
    /// Checks the tables, unless that was done; returns whether this process created them.
    pub(super) async fn ready(&self) -> Result<bool, SchemaError> {
        self.checked.get_or_try_init(|| self.check_now()).await.copied()
    }

    async fn check_now(&self) -> Result<bool, SchemaError> {
        let mut client = self.connector.create().await?;
        let target = self.connector.target();
        match &self.process {
            Process::Serves(expected) => schema::migrate(&mut client, target, expected.as_ref()).await,
            Process::Tool => Ok(schema::check(&client, target).await.map(|()| false)?),
        }
    }

    /// The same, for a caller of a port.
    pub(super) async fn check(&self) -> Result<(), Error> {
        self.ready().await.map(drop).map_err(|error| match error {
            SchemaError::Open(error) => Error::unavailable(error),
            SchemaError::WrongEnvironment(why) => Error::WrongEnvironment(why),
        })
    }
}

/// Connects to nothing yet.
fn open(
    options: &Options,
    process: Process,
    faults: Faults,
) -> Result<(Opened, Arc<Store>, DirectUploads), OpenError> {
    let connector = Connector::new(options.clone())?;
    let timing = connector.timing();
    let database = Arc::new(Database::new(connector.clone(), faults));
    let tables = Tables { connector: connector.clone(), process, checked: OnceCell::new() };
    let wake = Wake::new(connector, database.clone());
    let uploads = DirectUploads::new(database.clone());
    let store = Arc::new(Store::new(database, tables, wake, timing));
    let stores = Stores {
        users: store.clone(),
        avatars: store.clone(),
        renditions: store.clone(),
        uploads: Arc::new(Uploads(uploads.clone())),
        health: store.clone(),
    };
    let tools = Tools {
        queue: Some(store.clone()),
        dead_letters: Some(store.clone()),
        inventory: Some(store.clone()),
    };
    let backend = Box::new(Open(store.clone()));
    Ok((Opened { stores, tools, created: false, backend }, store, uploads))
}

/// Ends the connections.
struct Open(Arc<Store>);

#[async_trait]
impl Backend for Open {
    async fn close(self: Box<Self>) {
        self.0.writes.wait_for_all().await;
        drop(self);
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.close();
    }
}
