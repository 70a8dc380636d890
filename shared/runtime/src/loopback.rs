//! Which hosts name this machine.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use http::Uri;

/// Whether a URL's host is this machine: `localhost`, or a loopback address (IPv6 in brackets).
pub fn is_loopback(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    let address = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(v6) => v6.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
        None => host.parse::<Ipv4Addr>().ok().map(IpAddr::V4),
    };
    // `[::ffff:127.0.0.1]` reaches 127.0.0.1.
    host.eq_ignore_ascii_case("localhost")
        || address.is_some_and(|address| address.to_canonical().is_loopback())
}

/// Whether the host of a URL is this machine. Such a URL is never reached through a proxy.
pub fn is_on_this_machine(url: &str) -> bool {
    url.parse::<Uri>().is_ok_and(|url| url.host().is_some_and(is_loopback))
}

/// Whether responses of this URL cannot be tampered with: over TLS, or without leaving this machine.
pub fn is_secure(url: &str) -> bool {
    let Ok(url) = url.parse::<Uri>() else { return false };
    match url.scheme_str() {
        Some("https") => true,
        Some("http") => url.host().is_some_and(is_loopback),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_localhost_and_its_addresses() {
        for host in
            ["localhost", "LocalHost", "localhost.", "127.0.0.1", "127.9.9.9", "[::1]", "[::ffff:127.0.0.1]"]
        {
            assert!(is_loopback(host), "{host}");
        }
        for host in [
            "",
            "example.org",
            "localhost.example.org",
            // Some resolvers ask a name server for it.
            "a.localhost",
            "127.0.0.1.example.org",
            "127.1",
            "0.0.0.0",
            "[::]",
            "::1",
            "[::ffff:10.0.0.1]",
            "10.0.0.1",
        ] {
            assert!(!is_loopback(host), "{host}");
        }
    }

    #[test]
    fn plain_http_is_safe_on_loopback_alone() {
        for url in
            ["https://issuer.example.org/a", "http://localhost:9000/a", "http://[::1]/", "http://127.0.0.1:1"]
        {
            assert!(is_secure(url), "{url}");
        }
        for url in [
            "http://issuer.example.org",
            "http://10.0.0.1/keys",
            "file:///etc/passwd",
            "/keys",
            "",
            "http://a.localhost",
        ] {
            assert!(!is_secure(url), "{url}");
        }
    }
}
