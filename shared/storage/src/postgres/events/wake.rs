//! Waking the workers that wait for an event: those of this process at once, the others by `NOTIFY`.
//!
//! A notification is sent after the commit that added the event, by a task that sends one for all events since its last.
//! Inside the transaction it would take a lock of the whole server until the commit is on the disk, one after the other.
//! If the process is killed in between, the others find the event when they poll.

use std::{
    future::poll_fn,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{Notify, futures::Notified},
    task::AbortHandle,
    time::sleep,
};
use tokio_postgres::{AsyncMessage, Connection, Socket};

use crate::postgres::{connector::Connector, database::Database, error, tls::Stream};

/// Before the next connection for notifications; half of it is random.
const RECONNECT_MS: u64 = 2000;

pub(in crate::postgres) struct Wake {
    connector: Connector,
    database: Arc<Database>,
    /// The receivers of this process.
    waiting: Arc<Notify>,
    /// The task that sends notifications.
    send: Arc<Notify>,
    tasks: Mutex<Tasks>,
}

#[derive(Default)]
struct Tasks {
    sends: Option<AbortHandle>,
    listens: Option<AbortHandle>,
    closed: bool,
}

impl Wake {
    pub(in crate::postgres) fn new(connector: Connector, database: Arc<Database>) -> Arc<Self> {
        Arc::new(Self {
            connector,
            database,
            waiting: Arc::default(),
            send: Arc::default(),
            tasks: Mutex::default(),
        })
    }

    /// Completes when an event was added after this call.
    pub(super) fn notified(&self) -> Notified<'_> {
        self.waiting.notified()
    }

    /// An event was committed.
    pub(in crate::postgres) fn event_added(&self) {
        self.waiting.notify_waiters();
        self.start(
            |tasks| &mut tasks.sends,
            || tokio::spawn(send(self.database.clone(), self.send.clone())).abort_handle(),
        );
        self.send.notify_one();
    }

    /// Listens for events of other processes from now on: only a process that receives events needs to.
    pub(super) fn listen(&self) {
        let listens = || tokio::spawn(listen(self.connector.clone(), self.waiting.clone())).abort_handle();
        self.start(|tasks| &mut tasks.listens, listens);
    }

    /// Ends the tasks.
    pub(in crate::postgres) fn close(&self) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        tasks.closed = true;
        for task in [tasks.sends.take(), tasks.listens.take()].into_iter().flatten() {
            task.abort();
        }
    }

    fn start(
        &self,
        task: impl Fn(&mut Tasks) -> &mut Option<AbortHandle>,
        spawn: impl FnOnce() -> AbortHandle,
    ) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        if !tasks.closed {
            // One that panicked is started again.
            let running = task(&mut tasks);
            if running.as_ref().is_none_or(AbortHandle::is_finished) {
                *running = Some(spawn());
            }
        }
    }
}

async fn send(database: Arc<Database>, added: Arc<Notify>) {
    loop {
        added.notified().await;
        // If it fails, the workers find the event when they poll.
        let _ = database.rows("NOTIFY roster_events", &[]).await;
    }
}

async fn listen(connector: Connector, waiting: Arc<Notify>) {
    let mut last = None;
    loop {
        let opened = connector.in_time(async {
            let (client, connection) = connector.connect().await?;
            let driven = tokio::spawn(drive(connection, waiting.clone()));
            let listens = client.batch_execute("LISTEN roster_events").await;
            listens.map_err(|why| error::on_open(connector.target(), &why))?;
            Ok((client, driven))
        });
        match opened.await {
            Ok((_client, driven)) => {
                last = None;
                // Events that were added while no one listened.
                waiting.notify_waiters();
                // Until the connection ends.
                let _ = driven.await;
            }
            Err(why) => {
                let why = why.to_string();
                if last.as_ref() != Some(&why) {
                    tracing::warn!(why, "cannot listen for events of other processes; looking every 5 s");
                    last = Some(why);
                }
            }
        }
        sleep(Duration::from_millis(fastrand::u64(RECONNECT_MS / 2..=RECONNECT_MS))).await;
    }
}

async fn drive(mut connection: Connection<Socket, Stream>, waiting: Arc<Notify>) {
    while let Some(Ok(message)) = poll_fn(|cx| connection.poll_message(cx)).await {
        if matches!(message, AsyncMessage::Notification(_)) {
            waiting.notify_waiters();
        }
    }
}
