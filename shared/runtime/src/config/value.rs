//! Parsers of the values of settings. An error is what the value must be.

use std::{net::SocketAddr, time::Duration};

use domain::{Environment, Image};

use super::{LogFormat, storage_url::StorageUrl};
use crate::loopback::is_secure;

#[expect(clippy::unnecessary_wraps, reason = "as every parser")]
pub(super) fn text(value: &str) -> Result<String, &'static str> {
    Ok(value.to_owned())
}

#[expect(clippy::unnecessary_wraps, reason = "as every parser; `storage` reads it")]
pub(super) fn storage(value: &str) -> Result<StorageUrl, &'static str> {
    Ok(StorageUrl::new(value))
}

pub(super) fn address(value: &str) -> Result<SocketAddr, &'static str> {
    value.parse().map_err(|_| "must be an address and a port such as 127.0.0.1:8080")
}

pub(super) fn base_url(value: &str) -> Result<String, &'static str> {
    let uri = value.parse::<http::Uri>().ok();
    let fits = uri.is_some_and(|uri| {
        let host = uri.host().unwrap_or_default();
        let port = uri.authority().map_or("", |authority| &authority.as_str()[host.len()..]);
        let port_fits =
            port.is_empty() || port.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok());
        matches!(uri.scheme_str(), Some("http" | "https"))
            && !host.is_empty()
            && port_fits
            && uri.query().is_none()
    });
    let plain = !value.contains(['#', '"', '<', '>', ' ', '@', '\\', '`', '{', '}', '|', '^']);
    let url = value.trim_end_matches('/').to_owned();
    if fits && plain { Ok(url) } else { Err("must be a URL such as https://users.example.org") }
}

/// A URL inside a private network, of a service without TLS.
pub(super) fn plain_url(value: &str) -> Result<String, &'static str> {
    let url = base_url(value).ok().filter(|url| url.starts_with("http://"));
    url.ok_or("must be an http:// URL such as http://cache:8082")
}

/// The URL of an issuer, unchanged: anyone who impersonates it can issue tokens, so TLS is required.
pub(super) fn issuer(value: &str) -> Result<String, &'static str> {
    base_url(value)?;
    if is_secure(value) {
        Ok(value.to_owned())
    } else {
        Err("must be an https:// URL; http:// is for an issuer on loopback, such as http://localhost:8180")
    }
}

pub(super) fn upload_bytes(value: &str) -> Result<usize, &'static str> {
    let fits = |bytes: &usize| (1..=Image::MAX_BYTES).contains(bytes);
    value.parse().ok().filter(fits).ok_or("must be a number of bytes from 1 to 33554432")
}

pub(super) fn mebibytes(value: &str) -> Result<u64, &'static str> {
    let number: Option<u64> = value.parse().ok().filter(|mebibytes| (16..=65_536).contains(mebibytes));
    number.map(|mebibytes| mebibytes << 20).ok_or("must be a number of MiB from 16 to 65536")
}

pub(super) fn log_format(value: &str) -> Result<LogFormat, &'static str> {
    match value {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err("must be text or json"),
    }
}

pub(super) fn duration(value: &str) -> Result<Duration, &'static str> {
    let fits = |duration: &Duration| *duration <= Duration::from_mins(5);
    humantime::parse_duration(value)
        .ok()
        .filter(fits)
        .ok_or("must be a duration such as 500ms or 5s, at most 300s")
}

pub(super) fn environment(value: &str) -> Result<Environment, &'static str> {
    value.parse().map_err(|_| "must be 1 to 63 lower-case letters, digits and hyphens, such as prod")
}

pub(super) fn oidc(value: &str) -> Result<bool, &'static str> {
    match value {
        "oidc" => Ok(true),
        "off" => Ok(false),
        _ => Err("must be off or oidc"),
    }
}

pub(super) fn switch(value: &str) -> Result<bool, &'static str> {
    match value {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err("must be on or off"),
    }
}

/// Origins as a browser writes them (RFC 6454): no path, no wildcard, no `null`.
pub(super) fn origins(value: &str) -> Result<Vec<String>, &'static str> {
    let must = "must be origins such as https://app.example.org, separated by commas";
    let origins = value.split(',').map(str::trim).map(|origin| {
        let authority = origin.split_once("://").map_or("", |(_, authority)| authority);
        let plain =
            !origin.contains('*') && !authority.contains('/') && origin == origin.to_ascii_lowercase();
        base_url(origin).ok().filter(|_| plain).ok_or(must)
    });
    origins.collect()
}

pub(super) fn cache_bytes(value: &str) -> Result<u64, &'static str> {
    value.parse().map_err(|_| "must be a number of bytes such as 67108864, or 0 for none")
}

/// Host names without a port, as in a URL.
pub(super) fn hosts(value: &str) -> Result<Vec<String>, &'static str> {
    let must = "must be host names such as images.example.org, separated by commas";
    let hosts = value.split(',').map(str::trim).map(|host| {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
        let fits = !host.is_empty() && host.len() <= 253 && host.chars().all(plain);
        if fits { Ok(host.to_ascii_lowercase()) } else { Err(must) }
    });
    hosts.collect()
}
