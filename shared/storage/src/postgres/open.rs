//! Opening a store.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use domain::{Environment, Stores};

use super::{
    connector::Connector,
    database::Database,
    events::wake::Wake,
    migration::SCRIPTS,
    open_error::OpenError,
    options::Options,
    schema::SchemaError,
    store::Store,
    tables::{Process, Tables},
    uploads::DirectUploads,
};
use crate::{
    adapter::{Adapter, Backend, ConnectError, Opened, Tools},
    faults::Faults,
    uploads::Uploads,
};

/// How long a data tool waits: longer than connecting and checking may take.
const TOOL: Duration = Duration::from_secs(30);

#[async_trait]
impl Adapter for Options {
    /// Creates or migrates the tables. Neither a server that cannot be reached yet nor a migration that takes long
    /// prevents the start: no other call is made before the tables were checked.
    async fn serve(&self, expected: Option<&Environment>, faults: Faults) -> Result<Opened, ConnectError> {
        let (mut opened, store, uploads) = open(self, Process::Serves(expected.cloned()), faults)?;
        match store.tables.ready(self.timing.start).await {
            Ok(created) => opened.created = created,
            Err(SchemaError::Open(error)) if error.may_pass() => {}
            Err(error) => return Err(error.into()),
        }
        uploads.remove_expired_regularly();
        Ok(opened)
    }

    async fn tool(&self, faults: Faults) -> Result<Opened, ConnectError> {
        let (opened, store, _) = open(self, Process::Tool, faults)?;
        store.tables.ready(TOOL).await?;
        Ok(opened)
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
    let tables = Arc::new(Tables::new(connector.clone(), process, SCRIPTS));
    let database = Arc::new(Database::new(connector.clone(), tables.clone(), faults));
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
