//! The function, started as Lambda does.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod collector;
mod traces;

use runtime_api::{ClientRequest, ClientResponse, EventSource, Function, Outcome, RuntimeApi};
use tempfile::{TempDir, tempdir};

const PROGRAM: &str = env!("CARGO_BIN_EXE_list-users");

async fn start(settings: &[(&str, &str)]) -> (TempDir, RuntimeApi, Function) {
    let (folder, api) = (tempdir().unwrap(), RuntimeApi::start().await.unwrap());
    let function = Function::start(PROGRAM, folder.path(), &api, settings).unwrap();
    (folder, api, function)
}

async fn get(api: &RuntimeApi, source: EventSource, target: &str) -> ClientResponse {
    let request =
        ClientRequest { method: "GET".to_owned(), target: target.to_owned(), ..ClientRequest::default() };
    source.response(&api.invoke(source.event(&request).to_string()).await.answered())
}

#[tokio::test]
async fn one_process_answers_events_from_every_event_source() {
    // Probes are logged at `debug`.
    let (_folder, api, function) = start(&[("RUST_LOG", "info,web::event=debug")]).await;
    for source in EventSource::ALL {
        assert_eq!(get(&api, source, "/healthz").await.body, b"ok\n", "{source:?}");
        let users = get(&api, source, "/users").await;
        assert_eq!((users.status, users.body.as_slice()), (200, b"[]".as_slice()), "{source:?}");
    }
    assert_eq!(get(&api, EventSource::HttpApi, "/readyz").await.status, 200);
    assert_eq!(get(&api, EventSource::HttpApi, "/nothing").await.status, 404);
    let log = function.terminated().await;
    assert!(log.status.success());
    let lines = String::from_utf8(log.stderr).unwrap();
    let requests = lines.lines().filter(|line| line.contains("\"faas.invocation_id\":\"invocation-"));
    assert_eq!(requests.count(), 2 * EventSource::ALL.len() + 2, "{lines}");
    // Standard output has a line of metrics for each, and nothing else.
    let metrics = String::from_utf8(log.stdout).unwrap();
    let metrics: Vec<serde_json::Value> =
        metrics.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(metrics.len(), 2 * EventSource::ALL.len() + 2);
    for line in metrics {
        assert_eq!(line["_aws"]["CloudWatchMetrics"][0]["Namespace"], "Roster");
        assert!(line["http.server.request.duration"].is_number() && line["http.route"].is_string(), "{line}");
    }
}

#[tokio::test]
async fn a_bad_event_is_an_error_and_the_next_one_is_answered() {
    let (_folder, api, _function) = start(&[]).await;
    let not_http = r#"{"Records": [{"eventSource": "aws:s3"}]}"#;
    for event in
        ["{}", "[]", "null", "\"text\"", "{", "", not_http, r#"{"version": "2.0", "requestContext": {}}"#]
    {
        let Outcome::Failed(error) = api.invoke(event).await else { panic!("{event} was answered") };
        assert!(error["errorMessage"].is_string(), "{event}: {error}");
        assert_eq!(get(&api, EventSource::HttpApi, "/healthz").await.status, 200, "after {event}");
    }
}

#[tokio::test]
async fn events_are_not_logged_with_any_filter() {
    let (_folder, api, function) = start(&[("RUST_LOG", "info,lambda_runtime=trace")]).await;
    let request = ClientRequest {
        method: "GET".to_owned(),
        target: "/users?cursor=secret".to_owned(),
        headers: vec![("authorization".to_owned(), "Bearer secret".to_owned())],
        body: b"secret".to_vec(),
    };
    for source in EventSource::ALL {
        api.invoke(source.event(&request).to_string()).await.answered();
    }
    api.invoke("[\"secret\"]").await;
    let log = String::from_utf8(function.terminated().await.stderr).unwrap();
    assert!(log.contains("/users") && !log.contains("secret"), "{log}");
}

#[tokio::test]
async fn the_base_path_of_the_public_url_is_stripped() {
    let (_folder, api, _function) = start(&[("ROSTER_PUBLIC_URL", "https://api.example.org/v1/")]).await;
    for source in [EventSource::RestApi, EventSource::Alb, EventSource::HttpApiStage] {
        assert_eq!(get(&api, source, "/v1/healthz").await.status, 200, "{source:?}");
        assert_eq!(get(&api, source, "/v1/docs").await.status, 200, "{source:?}");
        assert_eq!(get(&api, source, "/v1/openapi.json").await.status, 200, "{source:?}");
        assert_eq!(get(&api, source, "/healthz").await.status, 200, "{source:?}");
        assert_eq!(get(&api, source, "/v1/v1/healthz").await.status, 404, "{source:?}");
    }
}

#[tokio::test]
async fn a_failed_start_is_one_log_line_and_reported_once_to_lambda() {
    let prod = ("ROSTER_ENVIRONMENT", "prod");
    for (name, value, code) in [
        ("ROSTER_AUTH", "", 64),
        ("ROSTER_STORAGE", "mysql://x", 64),
        ("ROSTER_FAULTS", "x=y", 64),
        ("RUST_LOG", "a=b=c", 64),
        ("ROSTER_STORAGE", "sqlite:no/such/folder/roster.db", 1),
        ("ROSTER_CONFIG_ENVIRONMENT", "beta", 78),
    ] {
        let (_folder, api, function) = start(&[prod, (name, value)]).await;
        let reason = refused(&api, function, code).await;
        assert!(code != 64 || reason.starts_with(&format!("{name}: ")), "{reason}");
    }
}

#[tokio::test]
async fn a_file_of_another_environment_fails_the_start_with_78() {
    let (folder, api, function) = start(&[("ROSTER_ENVIRONMENT", "prod")]).await;
    api.ready().await;
    assert!(function.terminated().await.status.success());
    let api = RuntimeApi::start().await.unwrap();
    let function = Function::start(PROGRAM, folder.path(), &api, &[("ROSTER_ENVIRONMENT", "beta")]).unwrap();
    let reason = refused(&api, function, 78).await;
    assert!(reason.contains("`beta`") && reason.contains("`prod`"), "{reason}");
}

/// Why a function did not start: one line in its log, and the same text to Lambda.
async fn refused(api: &RuntimeApi, function: Function, code: i32) -> String {
    let ended = function.ended().await;
    let log = String::from_utf8(ended.stderr).unwrap();
    assert_eq!((ended.status.code(), log.lines().count()), (Some(code), 1), "{log}");
    let errors = api.init_errors();
    assert_eq!(errors.len(), 1, "{errors:?}");
    let line: serde_json::Value = serde_json::from_str(&log).unwrap();
    assert_eq!(line["message"], errors[0]["errorMessage"]);
    line["message"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn no_start_loads_the_certificates_of_the_system() {
    let folder = tempdir().unwrap();
    let certificates = folder.path().join("certificates");
    // Opening it for reading waits for a writer, and there is none.
    assert!(std::process::Command::new("mkfifo").arg(&certificates).status().unwrap().success());
    let settings = [
        ("ROSTER_STORAGE", "aws"),
        ("ROSTER_USERS_TABLE", "users"),
        ("ROSTER_ENVIRONMENT", "test"),
        ("ROSTER_AUTH", "oidc"),
        ("ROSTER_AUTH_ISSUER", "https://issuer.example.org"),
        ("ROSTER_AUTH_AUDIENCE", "roster"),
        ("AWS_REGION", "eu-central-1"),
        ("SSL_CERT_FILE", certificates.to_str().unwrap()),
    ];
    let (_folder, api, function) = start(&settings).await;
    assert_eq!(get(&api, EventSource::HttpApi, "/healthz").await.status, 200);
    // Nor does an end.
    assert!(function.terminated().await.status.success());
}

#[tokio::test]
async fn outside_lambda_the_missing_variable_is_named() {
    let (_folder, _api, function) = start(&[("AWS_LAMBDA_RUNTIME_API", "")]).await;
    let ended = function.ended().await;
    let log = String::from_utf8(ended.stderr).unwrap();
    assert_eq!((ended.status.code(), log.lines().count()), (Some(64), 1), "{log}");
    assert!(log.contains("AWS_LAMBDA_RUNTIME_API"), "{log}");
}

#[tokio::test]
async fn an_idle_function_ends_at_sigterm() {
    let (_folder, api, function) = start(&[]).await;
    api.ready().await;
    assert!(function.terminated().await.status.success());
}
