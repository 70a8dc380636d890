//! AWS for pods that are under load (`just e2e`): a table and a bucket, emulated, at an address that they reach.
//!
//! `emulate ADDRESS FOLDER TABLE BUCKET ENVIRONMENT` makes them empty, objects in FOLDER, prints the URLs of DynamoDB and S3 in
//! a line, and serves until it is ended.

#![allow(clippy::print_stdout, reason = "its output is what it is for")]

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
    let [address, folder, table, bucket, environment] = arguments.as_slice() else {
        bail!("usage: emulate ADDRESS FOLDER TABLE BUCKET ENVIRONMENT");
    };
    let address = address.parse().context("an address")?;
    let endpoints = Endpoints::start(Path::new(folder)).await;
    let environment = environment.parse().context("the name of an environment")?;
    let made = storage::aws::provision(&endpoints.config(), table, bucket, &environment).await;
    made.map_err(|error| anyhow::anyhow!(error)).context("a table and a bucket")?;
    let dynamodb = forward(address, &endpoints.dynamodb).await?;
    let s3 = forward(address, &endpoints.s3).await?;
    println!("{dynamodb} {s3}");
    std::future::pending().await
}

/// The emulators listen on loopback, where pods do not come: hands on what comes to `address`, and says its URL.
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
                    // Either end may go away at any time: that is theirs to see.
                    let _ = copy_bidirectional(&mut client, &mut server).await;
                }
            });
        }
    });
    Ok(url)
}
