//! Starts each function as it was packed, with tokens asked for and stores that are away, and sends it a request:
//!
//! ```console
//! $ cargo run -p roster-runtime-api --example smoke -- target/lambda
//! ```

#![allow(clippy::print_stdout, reason = "it shows the answers")]

use std::{io, path::Path};

use runtime_api::{Front, Function, RuntimeApi, Sent};

/// A function, a request of its own, and what it must answer: users need a token, images are open and cannot be read.
const ASKED: [(&str, &str, &str, u16); 5] = [
    ("create-user", "POST", "/user", 401),
    ("list-users", "GET", "/users", 401),
    ("list-users", "GET", "/healthz", 200),
    ("manage-user", "GET", "/users/0000000000000000000000000000000000000000000000000000000000000000", 401),
    (
        "serve-avatar",
        "GET",
        "/avatars/0000000000000000000000000000000000000000000000000000000000000000/01939e2c-0000-7000-8000-000000000000.png",
        503,
    ),
];

const SETTINGS: [(&str, &str); 13] = [
    ("ROSTER_STORAGE", "aws"),
    ("ROSTER_USERS_TABLE", "users"),
    ("ROSTER_AVATARS_BUCKET", "avatars"),
    ("ROSTER_ENVIRONMENT", "smoke"),
    ("ROSTER_AUTH", "oidc"),
    ("ROSTER_AUTH_ISSUER", "http://127.0.0.1:1"),
    ("ROSTER_AUTH_AUDIENCE", "roster"),
    // Nothing listens there.
    ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
    ("AWS_REGION", "eu-central-1"),
    ("AWS_ACCESS_KEY_ID", "none"),
    ("AWS_SECRET_ACCESS_KEY", "none"),
    ("AWS_EC2_METADATA_DISABLED", "true"),
    ("RUST_LOG", "warn"),
];

#[tokio::main]
async fn main() -> io::Result<()> {
    let packed = std::env::args().nth(1).ok_or_else(|| io::Error::other("usage: smoke FOLDER"))?;
    for (name, method, target, expected) in ASKED {
        let program = Path::new(&packed).join(name).join("bootstrap").canonicalize()?;
        let api = RuntimeApi::start().await?;
        let function = Function::start(&program, &std::env::temp_dir(), &api, &SETTINGS)?;
        let sent = Sent { method: method.to_owned(), target: target.to_owned(), ..Sent::default() };
        let received =
            Front::HttpApi.received(&api.invoke(Front::HttpApi.event(&sent).to_string()).await.answered());
        println!("{name}: {method} {} {}", &target[..target.len().min(20)], received.status);
        if received.status != expected {
            let body = String::from_utf8_lossy(&received.body);
            return Err(io::Error::other(format!(
                "{name} answered {} for {expected}: {body}",
                received.status
            )));
        }
        function.terminated().await;
    }
    Ok(())
}
