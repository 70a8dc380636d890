//! The OpenAPI document, and the pages that show it.

use std::{collections::BTreeSet, sync::Arc};

use axum::{body::Body, http::Request};
use http_body_util::BodyExt as _;
use runtime::Config;
use serde_json::{Value, json};
use server::app::routes;
use tower::ServiceExt as _;
use web::Callers;

use crate::support::{BASE, Settings, TestApp, document, issuer::TestIssuer};

#[test]
fn the_document_in_docs_matches_the_code() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi.json");
    #[expect(clippy::disallowed_methods, reason = "set by `just openapi`")]
    if std::env::var_os("REWRITE_OPENAPI").is_some() {
        std::fs::write(path, server::document::text()).unwrap();
    }
    let kept = std::fs::read_to_string(path).unwrap();
    assert!(kept == server::document::text(), "docs/openapi.json is old: run `just openapi`");
}

#[tokio::test]
async fn a_process_with_everything_on_serves_the_document_as_checked_in() {
    let issuer = TestIssuer::start().await;
    let (auth, callers) = (issuer.auth(), Callers::on_loopback(Some(BASE), &[]));
    let settings = Settings { auth, callers, demo: true, max_upload_bytes: 32 << 20, ..Default::default() };
    let app = TestApp::with(settings).await;
    let answer = app.request("GET", "/openapi.json", &[("host", "localhost")], "").await;
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(&answer.json(), document());
}

#[tokio::test]
async fn the_document_of_a_process_has_nothing_that_its_settings_switch_off() {
    let app = TestApp::start().await;
    let served = app.get("/openapi.json").await.json();
    let text = served.to_string();
    for absent in ["unauthorized", "forbidden", "foreign-site", "issuer-unavailable"] {
        assert!(!text.contains(&format!("urn:roster:problem:{absent}")), "{absent}");
    }
    assert!(!text.contains("WWW-Authenticate"));
    assert_eq!(served["components"].get("securitySchemes"), None);
    let paths = served["paths"].as_object().unwrap();
    assert!(!paths.keys().any(|path| path.starts_with("/demo/")));
    for operation in paths.values().flat_map(|item| item.as_object().unwrap().values()) {
        assert_eq!(operation.get("security"), None);
        for status in ["401", "403"] {
            assert_eq!(operation["responses"].get(status), None, "{operation}");
        }
        assert!(operation["responses"]["503"].is_object());
    }
    let size = &served["components"]["schemas"]["UploadAnnouncement"]["properties"]["size"];
    assert_eq!(size["maximum"], json!(4 << 20));
}

#[tokio::test]
async fn on_aws_the_document_sends_direct_uploads_only_to_s3() {
    let app = TestApp::start().await;
    let mut on_aws = Settings::default().app(app.connection.stores.clone());
    let aws = |name: &str| match name {
        "ROSTER_STORAGE" => Some("aws".to_owned()),
        "ROSTER_USERS_TABLE" => Some("users".to_owned()),
        "ROSTER_AVATARS_BUCKET" => Some("avatars".to_owned()),
        "ROSTER_PUBLIC_URL" => Some("https://users.example.org".to_owned()),
        "ROSTER_ENVIRONMENT" => Some("test".to_owned()),
        _ => None,
    };
    on_aws.config = Arc::new(Config::read(aws).unwrap());
    let request = Request::get("/openapi.json").body(Body::empty()).unwrap();
    let body = routes(&on_aws).oneshot(request).await.unwrap().into_body().collect().await.unwrap();
    let served: Value = serde_json::from_slice(&body.to_bytes()).unwrap();
    assert_eq!(served["paths"].get("/uploads/{upload}"), None);
    assert_eq!(served["paths"]["/uploads"]["post"]["responses"]["201"]["links"], json!({}));
}

#[tokio::test]
async fn each_documented_path_allows_only_its_methods() {
    let app = TestApp::with(Settings { demo: true, ..Default::default() }).await;
    for (path, item) in document()["paths"].as_object().unwrap() {
        let answer = app.request("TRACE", path, &[], "").await;
        answer.is(405, "method-not-allowed");
        let allowed: BTreeSet<_> = answer.header("allow").split(',').filter(|name| *name != "HEAD").collect();
        let methods: Vec<_> = item.as_object().unwrap().keys().map(|name| name.to_uppercase()).collect();
        assert_eq!(allowed, methods.iter().map(String::as_str).collect(), "{path}");
    }
}

#[test]
fn every_operation_is_named_for_its_handler_and_names_its_problems() {
    let mut names = BTreeSet::new();
    for (path, item) in document()["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            names.insert(operation["operationId"].as_str().unwrap().to_owned());
            assert!(operation["responses"]["503"].is_object(), "{method} {path}");
        }
    }
    let expected = [
        "announce_upload",
        "create_user",
        "delete_avatar",
        "delete_user",
        "get_avatar",
        "get_docs",
        "get_hello",
        "get_libravatar",
        "get_liveness",
        "get_openapi",
        "get_random_error",
        "get_readiness",
        "get_user",
        "list_users",
        "patch_user",
        "put_avatar",
        "put_upload",
    ];
    assert_eq!(names.iter().map(String::as_str).collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn the_page_loads_nothing_from_outside() {
    let app = TestApp::start().await;
    let page = app.get("/docs").await;
    assert!(page.header("content-security-policy").starts_with("default-src 'none'"));
    let text = String::from_utf8(page.body.to_vec()).unwrap();
    for outside in ["http://", "https://", "src=", "@import", "//cdn"] {
        assert!(!text.contains(outside), "{outside}");
    }
}

#[tokio::test]
async fn the_page_calls_the_api_below_its_own_base_path() {
    let app = TestApp::start().await;
    let page = String::from_utf8(app.get("/docs").await.body.to_vec()).unwrap();
    let references: Vec<_> =
        ["fetch(", "href=", "href: "].iter().flat_map(|from| page.split(from).skip(1)).collect();
    assert!(references.len() >= 5, "{references:?}");
    for reference in references {
        let reference: String = reference.chars().take(20).collect();
        let relative = ["\"openapi.json\"", "\"data:,\"", "`.${filled}", "`#${"];
        assert!(relative.iter().any(|begins| reference.starts_with(begins)), "{reference}");
    }
}

#[test]
fn the_configuration_page_lists_every_setting_and_no_other() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/configuration.md");
    let page = std::fs::read_to_string(page).unwrap();
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `ROSTER_"));
    let named: Vec<_> = rows.map(|row| format!("ROSTER_{}", row.split('`').next().unwrap())).collect();
    let settings: Vec<_> = runtime::config::SETTINGS.iter().map(|setting| setting.name).collect();
    assert_eq!(named, settings);
    let plain = page.replace('`', "");
    for setting in runtime::config::SETTINGS {
        let row = format!("| {} | {} | {} |", setting.name, setting.meaning, setting.default);
        assert!(plain.contains(&row), "{row}");
    }
}
