//! The OpenAPI document, and the pages that show it.

use std::collections::BTreeSet;

use crate::support::{TestApp, document};

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
async fn the_document_is_served_as_checked_in() {
    let app = TestApp::start().await;
    let answer = app.get("/openapi.json").await;
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(&answer.json(), document());
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
