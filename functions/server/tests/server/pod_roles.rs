//! How a pod gets its role: by the token of its service account (IRSA) or from the EKS Pod Identity agent.
//! Both tokens are files that Kubernetes rotates while the process runs; the credentials that they are
//! exchanged for expire within the hour.

use std::{
    path::Path,
    process::Command,
    sync::{Arc, Mutex},
    time::Instant,
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use tempfile::tempdir;
use tokio::net::TcpListener;

use crate::support::{
    aws::{DEADLINE, blocking, until_ready_returns},
    running::{Running, command},
};

const ROLE: &str = "arn:aws:iam::123456789012:role/roster-test-api";

/// STS, the agent of a node, an empty bucket, and a table whose only item names the environment.
#[derive(Clone, Default)]
struct FakeAws(Arc<Mutex<Requests>>);

#[derive(Default)]
struct Requests {
    /// The tokens that were exchanged for credentials.
    tokens: Vec<String>,
    /// The session tokens of the requests to the table, in order.
    sessions: Vec<String>,
    denies: bool,
    /// How many sessions have expired.
    expired: usize,
}

impl FakeAws {
    async fn start() -> (Self, String) {
        let aws = Self::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(answer).with_state(aws.clone());
        tokio::spawn(async { axum::serve(listener, router).await });
        (aws, url)
    }

    fn with_requests<T>(&self, of: impl FnOnce(&mut Requests) -> T) -> T {
        of(&mut self.0.lock().unwrap())
    }

    /// Exchanges a token for credentials.
    fn exchange(&self, token: String) -> Option<(String, String)> {
        self.with_requests(|requests| {
            requests.tokens.push(token);
            let session = format!("session-{}", requests.tokens.len());
            (!requests.denies).then(|| (session, "2999-01-01T00:00:00Z".to_owned()))
        })
    }
}

/// Which of them the request is for.
async fn answer(State(aws): State<FakeAws>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let of =
        |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let body = String::from_utf8_lossy(&body).into_owned();
    if !of("x-amz-target").is_empty() {
        let session = of("x-amz-security-token");
        let number = session.strip_prefix("session-").and_then(|number| number.parse().ok());
        let has_expired = aws.with_requests(|requests| {
            requests.sessions.push(session);
            number.is_none_or(|number: usize| number <= requests.expired)
        });
        if has_expired { expired().into_response() } else { table(&body).into_response() }
    } else if uri.path() == "/avatars/roster.json" {
        (StatusCode::NOT_FOUND, "<Error><Code>NoSuchKey</Code></Error>").into_response()
    } else if body.contains("Action=AssumeRoleWithWebIdentity") {
        sts(&aws, &body)
    } else {
        agent(&aws, of("authorization"))
    }
}

fn expired() -> impl IntoResponse {
    let error = r#"{"__type":"com.amazon.coral.service#ExpiredTokenException"}"#;
    (StatusCode::BAD_REQUEST, [(header::CONTENT_TYPE, "application/x-amz-json-1.0")], error)
}

fn table(body: &str) -> impl IntoResponse {
    let item = if body.contains("#roster") {
        r##"{"Item": {"id": {"S": "#roster"}, "environment": {"S": "test"}}}"##
    } else {
        "{}"
    };
    ([(header::CONTENT_TYPE, "application/x-amz-json-1.0")], item)
}

fn sts(aws: &FakeAws, body: &str) -> Response {
    let role = "RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Froster-test-api";
    assert!(body.contains(role), "{body}");
    let token = body.split("WebIdentityToken=").nth(1).unwrap().split('&').next().unwrap();
    let Some((session, end)) = aws.exchange(token.to_owned()) else { return denied().into_response() };
    format!(
        "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>\
         <AccessKeyId>ASIA</AccessKeyId><SecretAccessKey>secret</SecretAccessKey>\
         <SessionToken>{session}</SessionToken><Expiration>{end}</Expiration></Credentials>\
         <AssumedRoleUser><Arn>{ROLE}</Arn><AssumedRoleId>id</AssumedRoleId></AssumedRoleUser>\
         </AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"
    )
    .into_response()
}

fn agent(aws: &FakeAws, token: String) -> Response {
    let Some((session, end)) = aws.exchange(token) else { return denied().into_response() };
    format!(
        r#"{{"AccessKeyId": "ASIA", "SecretAccessKey": "secret", "Token": "{session}", "Expiration": "{end}"}}"#
    )
    .into_response()
}

fn denied() -> (StatusCode, &'static str) {
    let error =
        "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>";
    (StatusCode::FORBIDDEN, error)
}

/// On the table alone, with no keys.
fn pod(folder: &Path, aws: &str) -> Command {
    let mut command = command(folder);
    command.envs([
        ("ROSTER_STORAGE", "aws"),
        ("ROSTER_USERS_TABLE", "users"),
        ("ROSTER_AVATARS_BUCKET", "avatars"),
        ("ROSTER_PUBLIC_URL", "https://users.example.org"),
        ("ROSTER_ENVIRONMENT", "test"),
        ("AWS_ENDPOINT_URL", aws),
        ("AWS_REGION", "eu-central-1"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ]);
    command
}

/// Reads an unknown user, so that the table is read.
fn ask(running: &Running) -> u16 {
    running.get(&format!("/users/{}", "0".repeat(64))).0
}

/// Waits for a condition.
fn until(is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + DEADLINE;
    while !is_so() {
        assert!(Instant::now() < deadline);
        std::thread::yield_now();
    }
}

/// The role is assumed with the token that is in the file at that time. Without it nothing is served until it
/// is back.
async fn lives_by_its_token(settings: impl FnOnce(&mut Command, &Path, &str) + Send + 'static) {
    let (aws, url) = FakeAws::start().await;
    blocking(move || {
        let folder = tempdir().unwrap();
        let (token, log) = (folder.path().join("token"), folder.path().join("log"));
        std::fs::write(&token, "first").unwrap();
        let mut command = pod(folder.path(), &url);
        settings(&mut command, &token, &url);
        let running = Running::spawn(command.stderr(std::fs::File::create(&log).unwrap()));
        until_ready_returns(&running, 200, "\"ready\"");
        assert_eq!(ask(&running), 404);
        aws.with_requests(|requests| {
            assert!(requests.tokens.iter().all(|token| token == "first"), "{:?}", requests.tokens);
        });

        // Kubernetes rotates the token, and the credentials have expired.
        let expire = || aws.with_requests(|requests| requests.expired = requests.tokens.len());
        std::fs::write(&token, "second").unwrap();
        expire();
        until(|| ask(&running) == 404);
        aws.with_requests(|requests| {
            assert_eq!(requests.tokens.last().unwrap(), "second");
            assert_eq!(*requests.sessions.last().unwrap(), format!("session-{}", requests.tokens.len()));
        });

        // The role is revoked, and granted again.
        aws.with_requests(|requests| requests.denies = true);
        expire();
        until(|| ask(&running) == 503 && std::fs::read_to_string(&log).unwrap().contains("AWS credentials"));
        aws.with_requests(|requests| requests.denies = false);
        until(|| ask(&running) == 404);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_web_identity_token_is_exchanged_again_after_each_rotation() {
    lives_by_its_token(|command, token, _| {
        command.env("AWS_ROLE_ARN", ROLE).env("AWS_WEB_IDENTITY_TOKEN_FILE", token);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pod_identity_credentials_are_fetched_again_after_each_rotation() {
    lives_by_its_token(|command, token, url| {
        command
            .env("AWS_CONTAINER_CREDENTIALS_FULL_URI", format!("{url}/v1/credentials"))
            .env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", token);
    })
    .await;
}
