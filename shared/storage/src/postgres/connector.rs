//! A connection, with the settings of its session.

use std::{sync::Arc, time::Duration};

use deadpool::managed::{Manager, Metrics, RecycleError, RecycleResult};
use deadpool_postgres::ClientWrapper;
use tokio::{task::spawn_blocking, time::timeout};
use tokio_postgres::{Client, Config, Connection, Socket, config::SslMode};

use super::{
    error,
    open_error::OpenError,
    options::{Options, Target, Timing, Tls},
    tls::{Handshake, Handshakes, Stream},
};

/// Everything until a connection can be used, its session included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long sent data may stay unacknowledged: a server that vanished without a word is noticed.
const UNACKNOWLEDGED: Duration = Duration::from_secs(15);

const KEEPALIVE: Duration = Duration::from_secs(30);

/// An acknowledged write is on the disk, whatever the server's default is; a stricter one stays. The timeouts free what
/// a caller that gave up would hold.
const SESSION: &str = "SET statement_timeout = '10s'; SET lock_timeout = '5s'; \
    SET idle_in_transaction_session_timeout = '15s'; SET default_transaction_isolation = 'read committed'; \
    SELECT set_config('synchronous_commit', 'on', false) \
    WHERE current_setting('synchronous_commit') IN ('off', 'local', 'remote_write')";

/// Makes connections. Clones share what they are made with.
#[derive(Clone)]
pub(super) struct Connector(Arc<Inner>);

struct Inner {
    options: Options,
    handshakes: Handshakes,
}

impl Connector {
    pub(super) fn new(options: Options) -> Result<Self, OpenError> {
        let handshakes = Handshakes::new(options.tls.clone())
            .map_err(|why| OpenError::Untrusted { target: options.target.to_string(), why })?;
        Ok(Self(Arc::new(Inner { options, handshakes })))
    }

    pub(super) fn target(&self) -> &Target {
        &self.0.options.target
    }

    pub(super) fn timing(&self) -> Timing {
        self.0.options.timing
    }

    /// A connection that its caller must drive.
    pub(super) async fn connect(&self) -> Result<(Client, Connection<Socket, Stream>), OpenError> {
        let (config, handshake) = self.config().await?;
        config.connect(handshake).await.map_err(|why| error::on_connect(self.target(), &why))
    }

    /// Limits how long it takes until a connection can be used.
    pub(super) fn in_time<T>(
        &self,
        open: impl Future<Output = Result<T, OpenError>> + Send,
    ) -> impl Future<Output = Result<T, OpenError>> + Send {
        // On the heap: it is large, and most calls have a connection already.
        let open = timeout(CONNECT_TIMEOUT, Box::pin(open));
        async move {
            open.await.unwrap_or_else(|_| {
                Err(OpenError::Unreachable {
                    target: self.target().to_string(),
                    why: "it did not answer within 5 s".to_owned(),
                })
            })
        }
    }

    async fn config(&self) -> Result<(Config, Handshake), OpenError> {
        let Options { target, tls, .. } = &self.0.options;
        let inner = self.0.clone();
        let read = move || (inner.options.password.read(&inner.options.target), inner.handshakes.current());
        let (password, handshake) = spawn_blocking(read).await.expect("reading a file does not panic");
        let password =
            password.map_err(|unreadable| OpenError::no_password(unreadable.file, &unreadable.why))?;
        let mut config = Config::new();
        config
            .host(&target.host)
            .port(target.port)
            .user(&target.user)
            .dbname(&target.database)
            .application_name("roster")
            .ssl_mode(if *tls == Tls::Disable { SslMode::Disable } else { SslMode::Require })
            .connect_timeout(CONNECT_TIMEOUT)
            .tcp_user_timeout(UNACKNOWLEDGED)
            .keepalives_idle(KEEPALIVE);
        if let Some(password) = password {
            config.password(password);
        }
        Ok((config, handshake))
    }
}

impl Manager for Connector {
    type Type = ClientWrapper;
    type Error = OpenError;

    async fn create(&self) -> Result<ClientWrapper, OpenError> {
        self.in_time(async {
            let (client, connection) = self.connect().await?;
            // Its end is seen by the next statement.
            let driven = tokio::spawn(async move { drop(connection.await) });
            let client = ClientWrapper::new(client, driven);
            client.batch_execute(SESSION).await.map_err(|why| error::on_open(self.target(), &why))?;
            Ok(client)
        })
        .await
    }

    async fn recycle(&self, client: &mut ClientWrapper, _: &Metrics) -> RecycleResult<OpenError> {
        if client.is_closed() { Err(RecycleError::message("the connection ended")) } else { Ok(()) }
    }
}
