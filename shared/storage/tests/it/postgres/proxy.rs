//! A proxy before the server, which loses the answer to a commit.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

pub(crate) struct Proxy {
    pub(crate) port: u16,
    lose: Arc<AtomicBool>,
}

impl Proxy {
    /// Forwards connections to this port.
    pub(crate) async fn to(server: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let (port, lose) = (listener.local_addr().unwrap().port(), Arc::new(AtomicBool::default()));
        let loses = lose.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if let Ok(server) = TcpStream::connect(("127.0.0.1", server)).await {
                    tokio::spawn(forward(client, server, loses.clone()));
                }
            }
        });
        Self { port, lose }
    }

    /// The next `COMMIT` reaches the server, and when its answer arrives the connection ends instead.
    pub(crate) fn lose_next_commit(&self) {
        self.lose.store(true, Ordering::SeqCst);
    }

    /// Whether that has happened.
    pub(crate) fn has_lost_it(&self) -> bool {
        !self.lose.load(Ordering::SeqCst)
    }
}

async fn forward(mut client: TcpStream, mut server: TcpStream, lose: Arc<AtomicBool>) {
    let (mut from_client, mut from_server) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    let mut is_lost = false;
    loop {
        let forwarded = tokio::select! {
            read = client.read(&mut from_client) => {
                let sent = &from_client[..read.unwrap_or(0)];
                if sent.is_empty() {
                    return;
                }
                is_lost |= sent.windows(6).any(|part| part == b"COMMIT") && lose.swap(false, Ordering::SeqCst);
                server.write_all(sent).await
            }
            read = server.read(&mut from_server) => {
                let answer = &from_server[..read.unwrap_or(0)];
                if answer.is_empty() || is_lost {
                    return;
                }
                client.write_all(answer).await
            }
        };
        if forwarded.is_err() {
            return;
        }
    }
}
