//! What holds for every response: its status and problem are in the OpenAPI document, a problem has its form,
//! and it has a `Cache-Control`.

use axum::http::Method;
use serde_json::Value;

use super::{Answer, document};

pub fn check(method: &Method, path: &str, answer: &Answer) {
    assert!(!answer.header("x-request-id").is_empty(), "{answer:?}");
    let is_problem = answer.header("content-type") == "application/problem+json";
    if is_problem && !answer.body.is_empty() {
        check_problem(answer);
    }
    // A preflight is not an operation of the document.
    if method == Method::OPTIONS && answer.headers.contains_key("access-control-allow-methods") {
        return;
    }
    if matches!(*method, Method::GET | Method::HEAD) {
        // Without it a shared cache may choose how long it stores a response.
        assert!(!answer.header("cache-control").is_empty(), "{method} {path}: {answer:?}");
    }
    let method = if method == Method::HEAD { "get".to_owned() } else { method.as_str().to_lowercase() };
    let Some(operation) = operation(&method, path) else {
        assert!(
            matches!(answer.status.as_u16(), 403..=405),
            "{method} {path} is not in the document: {answer:?}"
        );
        return;
    };
    let documented = &operation["responses"][answer.status.as_str()];
    assert!(documented.is_object(), "{method} {path}: {} is not in the document: {answer:?}", answer.status);
    if is_problem && !answer.body.is_empty() {
        let urn = answer.json()["type"].as_str().unwrap().to_owned();
        let description = documented["description"].as_str().unwrap();
        assert!(description.contains(&urn), "{method} {path}: {urn} is not in the document");
    }
}

fn check_problem(answer: &Answer) {
    let body = answer.json();
    assert_eq!(body["status"], answer.status.as_u16());
    assert!(body["instance"].as_str().unwrap().starts_with("urn:uuid:"));
    for member in ["title", "detail"] {
        assert!(body[member].as_str().is_some_and(|text| !text.is_empty()), "{body}");
    }
    let retry_after = answer.headers.contains_key("retry-after");
    assert_eq!(retry_after, answer.status == 503, "{answer:?}");
}

fn operation(method: &str, path: &str) -> Option<&'static Value> {
    let paths = document()["paths"].as_object().unwrap();
    let matches = |template: &str| {
        let (template, path): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
        template.len() == path.len() && template.iter().zip(&path).all(|(t, p)| t.starts_with('{') || t == p)
    };
    paths.iter().find(|(template, _)| matches(template)).and_then(|(_, item)| item.get(method))
}
