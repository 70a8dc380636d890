//! nginx as a peer, with a folder of its own.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};

use crate::server::Server;

const CONFIG: &str = include_str!("../nginx.conf");
const START_TIMEOUT: Duration = Duration::from_secs(5);

/// `Cache-Control` of an uploaded picture, and further headers.
pub(crate) const KEPT: [&str; 2] = ["public, max-age=31536000, immutable", ""];
/// The same for a picture by the hash of an e-mail.
pub(crate) const LIBRAVATAR: [&str; 2] = ["public, max-age=300", "add_header Vary Accept; max_ranges 0;"];

/// Serves `image` at `path`, with this `ETag`.
pub(crate) fn start(
    folder: &Path,
    path: &str,
    image: &[u8],
    etag: &str,
    [cache_control, more]: [&str; 2],
) -> anyhow::Result<Server> {
    let file = folder.join("files").join(path.trim_start_matches('/'));
    fs::create_dir_all(file.parent().context("the path has no folder")?)?;
    fs::write(file, image)?;
    let address = free_address()?;
    let config = CONFIG
        .replace("ADDRESS", &address.to_string())
        .replace("IMAGE_ETAG", etag)
        .replace("IMAGE_CACHE_CONTROL", cache_control)
        .replace("IMAGE_MORE", more);
    fs::write(folder.join("nginx.conf"), config)?;
    let child = Command::new("nginx")
        .args(["-e", "error.log", "-c", "nginx.conf", "-p"])
        .arg(folder)
        .spawn()
        .context("cannot start nginx: apt-get install nginx-light")?;
    let server = Server::started(child, address);
    wait_for(address)?;
    Ok(server)
}

/// An address that is free now, for a program that cannot choose one.
pub(crate) fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}

pub(crate) fn wait_for(address: SocketAddr) -> anyhow::Result<()> {
    let started = Instant::now();
    while TcpStream::connect(address).is_err() {
        if started.elapsed() > START_TIMEOUT {
            bail!("nothing listens at {address}");
        }
        thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}
