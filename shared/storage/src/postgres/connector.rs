//! A connection, with the settings of its session.

use std::{sync::Arc, time::Duration};

use deadpool::managed::{Manager, Metrics, RecycleError, RecycleResult};
use deadpool_postgres::ClientWrapper;
use tokio::{task::spawn_blocking, time::timeout};
use tokio_postgres::{Client, Config, Connection, Socket, config::SslMode};

use super::{
    error,
    open_error::OpenError,
    options::{Options, Target, Tls},
    tls::{Handshake, Stream},
};

/// Everything until a connection can be used.
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
    handshake: Handshake,
}

impl Connector {
    pub(super) fn new(options: Options) -> Result<Self, OpenError> {
        let handshake = Handshake::new(&options.tls)
            .map_err(|why| OpenError::Untrusted { target: options.target.to_string(), why })?;
        Ok(Self(Arc::new(Inner { options, handshake })))
    }

    pub(super) fn target(&self) -> &Target {
        &self.0.options.target
    }

    /// A connection that its caller must drive.
    pub(super) async fn connect(&self) -> Result<(Client, Connection<Socket, Stream>), OpenError> {
        let config = self.config().await?;
        let unreachable =
            |why: &str| OpenError::Unreachable { target: self.target().to_string(), why: why.to_owned() };
        // On the heap: it is large, and most calls have a connection already.
        let connect = Box::pin(config.connect(self.0.handshake.clone()));
        match timeout(CONNECT_TIMEOUT, connect).await {
            Ok(connected) => connected.map_err(|why| error::on_connect(self.target(), &why)),
            Err(_) => Err(unreachable("it did not answer within 5 s")),
        }
    }

    async fn config(&self) -> Result<Config, OpenError> {
        let Options { target, tls, .. } = &self.0.options;
        let inner = self.0.clone();
        let password = spawn_blocking(move || inner.options.password.read(&inner.options.target)).await;
        let password = password
            .expect("reading a file does not panic")
            .map_err(|unreadable| OpenError::no_password(unreadable.file, &unreadable.why))?;
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
        Ok(config)
    }
}

impl Manager for Connector {
    type Type = ClientWrapper;
    type Error = OpenError;

    async fn create(&self) -> Result<ClientWrapper, OpenError> {
        let (client, connection) = self.connect().await?;
        // Its end is seen by the next statement.
        let driven = tokio::spawn(async move { drop(connection.await) });
        let client = ClientWrapper::new(client, driven);
        let configured = timeout(CONNECT_TIMEOUT, client.batch_execute(SESSION)).await;
        match configured {
            Ok(Ok(())) => Ok(client),
            Ok(Err(why)) => Err(error::on_open(self.target(), &why)),
            Err(_) => Err(OpenError::Unreachable {
                target: self.target().to_string(),
                why: "it did not answer within 5 s".to_owned(),
            }),
        }
    }

    async fn recycle(&self, client: &mut ClientWrapper, _: &Metrics) -> RecycleResult<OpenError> {
        if client.is_closed() { Err(RecycleError::message("the connection ended")) } else { Ok(()) }
    }
}
