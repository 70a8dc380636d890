//! Starts each function as it was packed and sends it requests: with tokens required and stores unavailable,
//! then all five on one emulated table and bucket, then on a table of another environment.
//!
//! ```console
//! $ cargo test --workspace --example smoke --no-run && target/debug/examples/smoke target/lambda
//! ```

#![allow(clippy::print_stdout, reason = "it shows the answers")]

use std::{
    io,
    path::{Path, PathBuf},
};

use emulator::{Endpoints, KEY, REGION};
use runtime_api::{ClientRequest, ClientResponse, EventSource, Function, RuntimeApi};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

const UNKNOWN_USER: &str = "/users/0000000000000000000000000000000000000000000000000000000000000000";
const NO_IMAGE: &str = "/avatars/0000000000000000000000000000000000000000000000000000000000000000/01939e2c-0000-7000-8000-000000000000.png";
const PICTURE: &[u8] = include_bytes!("../../../samples/badge.png");
const TABLE: &str = "users";
const BUCKET: &str = "avatars";
const UPLOADS: &str = "uploads";
const PUBLIC_URL: &str = "https://users.example.org";

type Settings = Vec<(&'static str, String)>;

#[tokio::main]
async fn main() -> io::Result<()> {
    let packed = std::env::args().nth(1).ok_or_else(|| io::Error::other("usage: smoke FOLDER"))?;
    let functions = Functions { packed: Path::new(&packed).canonicalize()?, folder: tempfile::tempdir()? };
    functions.without_stores().await?;
    let objects = tempfile::tempdir()?;
    let endpoints = Endpoints::start(objects.path()).await;
    let environment = "smoke".parse().expect("a name");
    storage::aws::provision(&endpoints.config(), TABLE, BUCKET, &environment)
        .await
        .map_err(io::Error::other)?;
    storage::aws::provision_uploads(&endpoints.config(), UPLOADS).await.map_err(io::Error::other)?;
    functions.on_one_store(&endpoints).await?;
    functions.by_direct_upload(&endpoints).await?;
    functions.on_the_store_of_another_environment(&endpoints).await
}

/// The functions as they were packed.
struct Functions {
    packed: PathBuf,
    /// Where they run: it stays empty.
    folder: tempfile::TempDir,
}

impl Functions {
    /// Users need a token, and images are open and cannot be read.
    async fn without_stores(&self) -> io::Result<()> {
        let issuer = [
            ("ROSTER_AUTH", "oidc".to_owned()),
            ("ROSTER_AUTH_ISSUER", "http://127.0.0.1:1".to_owned()),
            ("ROSTER_AUTH_AUDIENCE", "roster".to_owned()),
        ];
        // Nothing listens there.
        let nowhere = "http://127.0.0.1:1".to_owned();
        let settings =
            [aws(&Endpoints { dynamodb: nowhere.clone(), s3: nowhere, sqs: None }), issuer.to_vec()].concat();
        self.invoke_expecting("create-user", &settings, &request("POST", "/user", "", b""), 401).await?;
        self.invoke_expecting("list-users", &settings, &get("/users"), 401).await?;
        self.invoke_expecting("list-users", &settings, &get("/healthz"), 200).await?;
        self.invoke_expecting("manage-user", &settings, &get(UNKNOWN_USER), 401).await?;
        self.invoke_expecting("serve-avatar", &settings, &get(NO_IMAGE), 503).await?;
        Ok(())
    }

    /// What one function writes the others read.
    async fn on_one_store(&self, endpoints: &Endpoints) -> io::Result<()> {
        let settings = aws(endpoints);
        let user = json(&self.invoke_expecting("create-user", &settings, &form(), 201).await?)?;
        let listed = json(&self.invoke_expecting("list-users", &settings, &get("/users"), 200).await?)?;
        ensure(listed[0]["avatar_url"] == user["avatar_url"], "the user is listed")?;
        let url = user["avatar_url"].as_str().unwrap_or_default();
        let image = get(url.strip_prefix(PUBLIC_URL).unwrap_or_default());
        let image = self.invoke_expecting("serve-avatar", &settings, &image, 200).await?;
        ensure(image.body.starts_with(b"\x89PNG"), "the image is a PNG")?;
        let key = url.strip_prefix(PUBLIC_URL).unwrap_or_default().trim_start_matches('/');
        self.work(&settings, key).await?;
        let id = user["id"].as_str().unwrap_or_default();
        let square = self
            .invoke_expecting("serve-avatar", &settings, &get(&format!("/avatar/{id}?s=64")), 200)
            .await?;
        ensure(
            square.body.starts_with(b"\x89PNG") || square.body.starts_with(b"\xff\xd8"),
            "a square is served",
        )?;
        let path = format!("/users/{id}");
        let rename = request("PATCH", &path, "application/merge-patch+json", br#"{"name": "Countess"}"#);
        let renamed = json(&self.invoke_expecting("manage-user", &settings, &rename, 200).await?)?;
        ensure(renamed["name"] == "Countess", "the user is renamed")
    }

    /// An image that is larger than any event: to S3, and then into a user.
    async fn by_direct_upload(&self, endpoints: &Endpoints) -> io::Result<()> {
        let settings = aws(endpoints);
        // Bytes after the image are removed.
        let image = [PICTURE, &vec![0; 8_400_000 - PICTURE.len()]].concat();
        let announcement = json!({"content_type": "image/png", "size": image.len()}).to_string();
        let announced = request("POST", "/uploads", "application/json", announcement.as_bytes());
        let announced = json(&self.invoke_expecting("create-user", &settings, &announced, 201).await?)?;
        let url = announced["url"].as_str().unwrap_or_default();
        ensure(put(url, "image/png", &image).await?.starts_with("HTTP/1.1 200"), "S3 takes the image")?;

        let upload = announced["upload"].as_str().unwrap_or_default();
        let form = [("name", "Bob"), ("email", "bob@example.org"), ("upload", upload)].map(text).concat();
        let form = request("POST", "/user", FORM, format!("{form}--b--\r\n").as_bytes());
        let user = json(&self.invoke_expecting("create-user", &settings, &form, 201).await?)?;
        let path =
            user["avatar_url"].as_str().and_then(|url| url.strip_prefix(PUBLIC_URL)).unwrap_or_default();
        let kept = self.invoke_expecting("serve-avatar", &settings, &get(path), 200).await?;
        ensure(
            kept.body.starts_with(b"\x89PNG") && kept.body.len() <= PICTURE.len(),
            "the image is kept as in a form",
        )?;
        let body = json!({"upload": upload}).to_string();
        let id = user["id"].as_str().unwrap_or_default();
        let again = request("PUT", &format!("/users/{id}/avatar"), "application/json", body.as_bytes());
        self.invoke_expecting("manage-user", &settings, &again, 400).await.map(drop)
    }

    /// Processes the event of an image, in a new process.
    async fn work(&self, settings: &Settings, key: &str) -> io::Result<()> {
        let api = RuntimeApi::start().await?;
        let program = self.packed.join("process-avatar").join("bootstrap");
        let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let function = Function::start(&program, self.folder.path(), &api, &settings)?;
        let s3_event = json!({"Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put",
            "s3": {"bucket": {"name": BUCKET}, "object": {"key": key}}}]});
        let event = json!({"Records": [{"messageId": "1", "receiptHandle": "1", "body": s3_event.to_string(),
            "attributes": {"ApproximateReceiveCount": "1"}}]});
        let answer = api.invoke(event.to_string()).await.answered();
        let log = String::from_utf8_lossy(&function.terminated().await.stderr).into_owned();
        println!("process-avatar: {answer}");
        ensure(answer["batchItemFailures"] == json!([]), &format!("the event is processed: {answer}\n{log}"))
    }

    /// Nothing is read or written, and the log says why.
    async fn on_the_store_of_another_environment(&self, endpoints: &Endpoints) -> io::Result<()> {
        let settings = [aws(endpoints), vec![("ROSTER_ENVIRONMENT", "other".to_owned())]].concat();
        for (name, request) in [
            ("create-user", form()),
            ("list-users", get("/users")),
            ("manage-user", get(UNKNOWN_USER)),
            ("serve-avatar", get(NO_IMAGE)),
        ] {
            let (_, log) = self.invoke_logged(name, &settings, &request, 503).await?;
            ensure(log.contains("`other`") && log.contains("`smoke`"), &format!("the log says why: {log}"))?;
        }
        Ok(())
    }

    async fn invoke_expecting(
        &self,
        name: &str,
        settings: &Settings,
        request: &ClientRequest,
        expected: u16,
    ) -> io::Result<ClientResponse> {
        Ok(self.invoke_logged(name, settings, request, expected).await?.0)
    }

    /// The answer of a new process, and its log.
    async fn invoke_logged(
        &self,
        name: &str,
        settings: &Settings,
        request: &ClientRequest,
        expected: u16,
    ) -> io::Result<(ClientResponse, String)> {
        let program = self.packed.join(name).join("bootstrap").canonicalize()?;
        let api = RuntimeApi::start().await?;
        let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let function = Function::start(&program, self.folder.path(), &api, &settings)?;
        let answer = api.invoke(EventSource::HttpApi.event(request).to_string()).await.answered();
        let response = EventSource::HttpApi.response(&answer);
        let log = String::from_utf8_lossy(&function.terminated().await.stderr).into_owned();
        let target = &request.target;
        println!("{name}: {} {} {}", request.method, &target[..target.len().min(20)], response.status);
        if response.status != expected {
            let body = String::from_utf8_lossy(&response.body);
            let what = format!("{name} answered {} for {expected}: {body}\n{log}", response.status);
            return Err(io::Error::other(what));
        }
        Ok((response, log))
    }
}

/// The stores of AWS at `endpoints`, open to everyone.
fn aws(endpoints: &Endpoints) -> Settings {
    let settings = [
        ("ROSTER_STORAGE", "aws"),
        ("ROSTER_USERS_TABLE", TABLE),
        ("ROSTER_AVATARS_BUCKET", BUCKET),
        ("ROSTER_UPLOADS_BUCKET", UPLOADS),
        ("ROSTER_EVENTS_QUEUE_URL", "http://127.0.0.1:1/events"),
        ("ROSTER_DEAD_LETTERS_URL", "http://127.0.0.1:1/dead-letters"),
        ("ROSTER_ENVIRONMENT", "smoke"),
        ("ROSTER_PUBLIC_URL", PUBLIC_URL),
        ("ROSTER_AUTH", "off"),
        ("AWS_ENDPOINT_URL_DYNAMODB", &endpoints.dynamodb),
        ("AWS_ENDPOINT_URL_S3", &endpoints.s3),
        ("AWS_REGION", REGION),
        ("AWS_ACCESS_KEY_ID", KEY),
        ("AWS_SECRET_ACCESS_KEY", KEY),
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("RUST_LOG", "warn"),
    ];
    settings.map(|(name, value)| (name, value.to_owned())).to_vec()
}

fn request(method: &str, target: &str, content_type: &str, body: &[u8]) -> ClientRequest {
    let headers = vec![("content-type".to_owned(), content_type.to_owned())];
    ClientRequest { method: method.to_owned(), target: target.to_owned(), headers, body: body.to_vec() }
}

fn get(target: &str) -> ClientRequest {
    ClientRequest { method: "GET".to_owned(), target: target.to_owned(), ..ClientRequest::default() }
}

const FORM: &str = "multipart/form-data; boundary=b";

/// A part of a form.
fn text((name, value): (&str, &str)) -> String {
    format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
}

/// The answer to a request with these bytes, until the server closes the connection.
async fn put(url: &str, content_type: &str, bytes: &[u8]) -> io::Result<String> {
    let (address, path) = url.trim_start_matches("http://").split_once('/').unwrap_or_default();
    let mut stream = TcpStream::connect(address).await?;
    let head = format!(
        "PUT /{path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n",
        bytes.len()
    );
    stream.write_all(&[head.as_bytes(), bytes].concat()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// A user with a picture.
fn form() -> ClientRequest {
    let texts = [("name", "Ada"), ("email", "ada@example.org")].map(text);
    let file = "--b\r\nContent-Disposition: form-data; name=\"avatar\"; filename=\"a\"\r\n\r\n";
    let body = [texts.concat().as_bytes(), file.as_bytes(), PICTURE, b"\r\n--b--\r\n"].concat();
    request("POST", "/user", FORM, &body)
}

fn json(response: &ClientResponse) -> io::Result<Value> {
    serde_json::from_slice(&response.body).map_err(io::Error::other)
}

fn ensure(holds: bool, what: &str) -> io::Result<()> {
    if holds { Ok(()) } else { Err(io::Error::other(format!("check failed: {what}"))) }
}
