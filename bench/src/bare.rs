//! The peer: axum with one route that serves a file from memory, and nothing else.

use std::{net::Ipv4Addr, path::Path};

use axum::{
    Router,
    http::{HeaderValue, header},
    routing::get,
};
use bytes::Bytes;
use tokio::net::TcpListener;

pub(crate) fn serve(file: &Path, content_type: &str) -> anyhow::Result<()> {
    let body = Bytes::from(std::fs::read(file)?);
    let content_type = HeaderValue::from_str(content_type)?;
    let router = Router::new()
        .route("/", get(async move || ([(header::CONTENT_TYPE, content_type.clone())], body.clone())));
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        println!("listens at http://{}", listener.local_addr()?);
        axum::serve(listener, router).await?;
        Ok(())
    })
}
