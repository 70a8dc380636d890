//! Emulated AWS for pods under load (`just e2e`): a table and buckets, at an address that pods can reach.
//!
//! `emulate ADDRESS FOLDER TABLE BUCKET UPLOADS ENVIRONMENT` creates them empty, with objects in FOLDER, prints
//! the URLs of DynamoDB and S3 on one line, and serves until it is killed.

#![allow(clippy::print_stdout, reason = "its caller reads its output")]

use std::{net::IpAddr, path::Path};

use anyhow::{Context as _, bail};
use emulator::Endpoints;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [address, folder, table, bucket, uploads, environment] = arguments.as_slice() else {
        bail!("usage: emulate ADDRESS FOLDER TABLE BUCKET UPLOADS ENVIRONMENT");
    };
    let address = address.parse().context("ADDRESS is not an IP address")?;
    let endpoints = Endpoints::start(Path::new(folder)).await;
    let environment = environment.parse().context("ENVIRONMENT is not valid")?;
    let made = storage::aws::provision(&endpoints.config(), table, bucket, &environment).await;
    made.map_err(|error| anyhow::anyhow!(error)).context("cannot create the table and the bucket")?;
    let made = storage::aws::provision_uploads(&endpoints.config(), uploads).await;
    made.map_err(|error| anyhow::anyhow!(error)).context("cannot create the bucket of direct uploads")?;
    let dynamodb = forward(address, &endpoints.dynamodb).await?;
    let s3 = forward(address, &endpoints.s3).await?;
    println!("{dynamodb} {s3}");
    std::future::pending().await
}

/// Forwards connections from `address` to an emulator, which listens on loopback, out of reach of pods.
/// Returns the URL.
async fn forward(address: IpAddr, endpoint: &str) -> anyhow::Result<String> {
    let to = endpoint.trim_start_matches("http://").to_owned();
    let listener =
        TcpListener::bind((address, 0)).await.with_context(|| format!("cannot listen on {address}"))?;
    let url = format!("http://{}", listener.local_addr()?);
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let to = to.clone();
            tokio::spawn(async move {
                if let Ok(mut server) = TcpStream::connect(to).await {
                    // Either end may close at any time.
                    let _ = copy_bidirectional(&mut client, &mut server).await;
                }
            });
        }
    });
    Ok(url)
}
