//! What goes through the forward proxy of the standard variables.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use serde_json::json;
use tempfile::tempdir;

use crate::support::{
    collector::Collector,
    issuer::{AUDIENCE, TestIssuer, signed},
    keys::Key,
    running::{Running, command},
};

/// Remembers the first line of each request, and answers all of them with `502`.
struct Proxy {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::<Mutex<Vec<String>>>::default();
        let seen = requests.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let seen = seen.clone();
                std::thread::spawn(move || {
                    let mut lines = BufReader::new(stream.try_clone().unwrap());
                    let mut first = String::new();
                    let (mut line, mut length) = (String::new(), 0);
                    let _ = lines.read_line(&mut first);
                    while lines.read_line(&mut line).is_ok_and(|read| read > 2) {
                        let text = line.to_ascii_lowercase();
                        length = text
                            .strip_prefix("content-length: ")
                            .map_or(length, |length| length.trim().parse().unwrap());
                        line.clear();
                    }
                    let _ = lines.read_exact(&mut vec![0; length]);
                    seen.lock().unwrap().push(first.trim().to_owned());
                    let _ = stream.write_all(
                        b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
                    );
                });
            }
        });
        Self { address, requests }
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    fn until_it_has(&self, line: &str) {
        let deadline = Instant::now() + Duration::from_mins(1);
        while !self.requests().iter().any(|request| request == line) {
            assert!(Instant::now() < deadline, "{:?}", self.requests());
            std::thread::yield_now();
        }
    }
}

/// A token that no key was fetched for.
fn bearer() -> String {
    let key = Key::new("stranger", "ES256");
    let token = signed(&key, "ES256", &json!({"alg": "ES256", "kid": "stranger"}), &json!({"exp": 1}));
    format!("Bearer {token}")
}

#[test]
fn an_issuers_keys_are_fetched_through_the_proxy_unless_its_host_is_exempt() {
    for (variable, exempt, by_proxy) in [
        ("HTTPS_PROXY", "", true),
        ("https_proxy", "other.example.org", true),
        ("ALL_PROXY", "", true),
        ("HTTP_PROXY", "", false),
        ("HTTPS_PROXY", "issuer.invalid", false),
        ("HTTPS_PROXY", ".invalid,10.0.0.0/8", false),
    ] {
        let (proxy, folder) = (Proxy::start(), tempdir().unwrap());
        let mut command = command(folder.path());
        command
            .env("ROSTER_AUTH", "oidc")
            .env("ROSTER_AUTH_ISSUER", "https://issuer.invalid/realms/people")
            .env("ROSTER_AUTH_AUDIENCE", AUDIENCE)
            .env(variable, proxy.url())
            .env("NO_PROXY", exempt);
        let running = Running::spawn(&mut command);
        let answer = running.request_with("GET /users", &[("Authorization", &bearer())], b"").unwrap();
        assert_eq!(answer.0, 503);
        let requests = proxy.requests();
        let asked = requests.iter().any(|line| line == "CONNECT issuer.invalid:443 HTTP/1.1");
        assert_eq!(asked, by_proxy, "{variable} {exempt}: {requests:?}");
        assert!(by_proxy || requests.is_empty(), "{requests:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issuer_on_loopback_is_never_asked_through_a_proxy() {
    let (issuer, proxy, folder) = (TestIssuer::start().await, Proxy::start(), tempdir().unwrap());
    let mut command = command(folder.path());
    command
        .env("ROSTER_AUTH", "oidc")
        .env("ROSTER_AUTH_ISSUER", &issuer.url)
        .env("ROSTER_AUTH_AUDIENCE", AUDIENCE)
        .env("HTTP_PROXY", proxy.url())
        .env("ALL_PROXY", proxy.url());
    let bearer = format!("Bearer {}", issuer.token());
    tokio::task::block_in_place(|| {
        let running = Running::spawn(&mut command);
        let answer = running.request_with("GET /users", &[("Authorization", &bearer)], b"").unwrap();
        assert_eq!(answer.0, 200);
    });
    assert!(proxy.requests().is_empty(), "{:?}", proxy.requests());
}

#[test]
fn spans_go_through_the_proxy_unless_the_collector_is_exempt_or_on_loopback() {
    let (proxy, folder) = (Proxy::start(), tempdir().unwrap());
    for (endpoint, line) in [
        ("http://collector.invalid:4318", "POST http://collector.invalid:4318/v1/traces HTTP/1.1"),
        ("https://collector.invalid:4318", "CONNECT collector.invalid:4318 HTTP/1.1"),
    ] {
        let mut command = command(folder.path());
        command
            .env("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
            .env("HTTP_PROXY", proxy.url())
            .env("HTTPS_PROXY", proxy.url());
        let running = Running::spawn(&mut command);
        assert_eq!(running.get("/users").0, 200);
        proxy.until_it_has(line);
    }

    let (proxy, collector) = (Proxy::start(), Collector::start());
    for (endpoint, exempt) in
        [(collector.endpoint(), ""), ("http://collector.invalid:4318".to_owned(), "collector.invalid")]
    {
        let mut command = command(folder.path());
        command
            .env("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
            .env("HTTP_PROXY", proxy.url())
            .env("NO_PROXY", exempt);
        let mut running = Running::spawn(&mut command);
        assert_eq!(running.get("/users").0, 200);
        // It flushes its spans.
        running.signal("-TERM");
        assert!(running.child.wait().unwrap().success());
    }
    assert!(!collector.spans().is_empty());
    assert!(proxy.requests().is_empty(), "{:?}", proxy.requests());
}
