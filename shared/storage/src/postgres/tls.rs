//! TLS by rustls, with the cryptography that the rest of the program has.

use std::{
    fs, io,
    path::Path,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::SystemTime,
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::{
    Socket,
    tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream},
};
use tokio_rustls::{
    TlsConnector, client,
    rustls::{
        ClientConfig, RootCertStore,
        crypto::aws_lc_rs,
        pki_types::{CertificateDer, ServerName, pem::PemObject as _},
    },
};

use super::options::Tls;

/// Makes [`Handshake`]s. A file of authorities is read again once it has changed, so that an authority can be replaced
/// while Roster runs.
pub(super) struct Handshakes {
    tls: Tls,
    current: Mutex<Current>,
}

struct Current {
    read_from: Option<FileVersion>,
    handshake: Handshake,
}

/// When the file was written, and its length.
type FileVersion = (SystemTime, u64);

impl Handshakes {
    pub(super) fn new(tls: Tls) -> Result<Self, String> {
        // Before the file is read: a change in between is seen by the next connection.
        let read_from = file_version(&tls);
        let handshake = Handshake::new(&tls)?;
        Ok(Self { tls, current: Mutex::new(Current { read_from, handshake }) })
    }

    /// For the next connection; reads the file if it has changed.
    pub(super) fn current(&self) -> Handshake {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let read_from = file_version(&self.tls);
        if read_from.is_some() && read_from != current.read_from {
            match Handshake::new(&self.tls) {
                Ok(handshake) => *current = Current { read_from, handshake },
                Err(why) => tracing::warn!(why, "keeping the certificates of authorities as they were"),
            }
        }
        current.handshake.clone()
    }
}

fn file_version(tls: &Tls) -> Option<FileVersion> {
    let Tls::VerifyFull { authorities: Some(file) } = tls else { return None };
    let found = fs::metadata(file).ok()?;
    Some((found.modified().ok()?, found.len()))
}

/// What a connection negotiates TLS with.
#[derive(Clone)]
pub(super) struct Handshake(Arc<ClientConfig>);

impl Handshake {
    /// Reads the certificates of the trusted authorities.
    fn new(tls: &Tls) -> Result<Self, String> {
        let mut roots = RootCertStore::empty();
        match tls {
            Tls::Disable => {}
            Tls::VerifyFull { authorities: Some(file) } => add_file(&mut roots, file)?,
            Tls::VerifyFull { authorities: None } => {
                let found = rustls_native_certs::load_native_certs();
                let (_, _) = roots.add_parsable_certificates(found.certs);
                if roots.is_empty() {
                    return Err("the system has no certificates of authorities: name a file in sslrootcert"
                        .to_owned());
                }
            }
        }
        let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self(Arc::new(config)))
    }
}

fn add_file(roots: &mut RootCertStore, file: &Path) -> Result<(), String> {
    let failed = |why: String| format!("cannot read certificates from sslrootcert {}: {why}", file.display());
    let found = CertificateDer::pem_file_iter(file).map_err(|error| failed(error.to_string()))?;
    for certificate in found {
        let certificate = certificate.map_err(|error| failed(error.to_string()))?;
        roots.add(certificate).map_err(|error| failed(error.to_string()))?;
    }
    if roots.is_empty() { Err(failed("it has none".to_owned())) } else { Ok(()) }
}

impl MakeTlsConnect<Socket> for Handshake {
    type Stream = Stream;
    type TlsConnect = Pending;
    type Error = io::Error;

    fn make_tls_connect(&mut self, host: &str) -> Result<Pending, io::Error> {
        let host = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        Ok(Pending { config: self.0.clone(), host })
    }
}

/// A handshake that has not begun.
pub(super) struct Pending {
    config: Arc<ClientConfig>,
    host: ServerName<'static>,
}

impl TlsConnect<Socket> for Pending {
    type Stream = Stream;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Stream>> + Send>>;

    fn connect(self, socket: Socket) -> Self::Future {
        Box::pin(async move { TlsConnector::from(self.config).connect(self.host, socket).await.map(Stream) })
    }
}

/// An encrypted connection.
pub(super) struct Stream(client::TlsStream<Socket>);

impl TlsStream for Stream {
    /// None: the certificate was verified, which is what it would prove.
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
