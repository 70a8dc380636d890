//! The OpenAPI document of this process: that of all functions, without what its settings switch off.

use serde_json::{Map, Value};
use web::{App, Kind};

/// The OpenAPI document of all functions: `just openapi` generates it from the code; a test compares them.
pub const OPENAPI: &str = include_str!("../../../docs/openapi.json");

type Object = Map<String, Value>;

/// The document, as text.
pub(crate) fn served_document(app: &App) -> String {
    let mut document: Object = serde_json::from_str(OPENAPI).expect("a test compares it with the code");
    if !app.config.demo {
        remove_paths(&mut document, "/demo/");
    }
    if app.config.storage.is_aws() {
        // S3 takes the bytes.
        remove_paths(&mut document, "/uploads/");
        for links in responses(&mut document).filter_map(|response| object(response, "links")) {
            links.remove("send");
        }
    }
    let mut impossible = Vec::new();
    if !app.requires_tokens() {
        impossible.extend([Kind::Unauthorized, Kind::Forbidden, Kind::IssuerUnavailable]);
        without_tokens(&mut document);
    }
    if !app.refuses_foreign_sites() {
        impossible.push(Kind::ForeignSite);
    }
    let impossible: Vec<_> = impossible.into_iter().map(Kind::urn).collect();
    for responses in operations(&mut document).filter_map(|operation| object(operation, "responses")) {
        responses.retain(|_, response| keep_problems(response, &impossible));
    }
    let size = "/schemas/UploadAnnouncement/properties/size/maximum";
    if let Some(maximum) = document.get_mut("components").and_then(|components| components.pointer_mut(size))
    {
        *maximum = app.config.max_upload_bytes.into();
    }
    serde_json::to_string_pretty(&document).expect("what was JSON is JSON")
}

fn remove_paths(document: &mut Object, prefix: &str) {
    if let Some(paths) = object(document, "paths") {
        paths.retain(|path, _| !path.starts_with(prefix));
    }
}

/// Removes tokens from the operations, and the challenges that ask for them.
fn without_tokens(document: &mut Object) {
    if let Some(components) = object(document, "components") {
        components.remove("securitySchemes");
    }
    for operation in operations(document) {
        operation.remove("security");
    }
    for headers in responses(document).filter_map(|response| object(response, "headers")) {
        headers.remove("WWW-Authenticate");
    }
}

/// Removes `impossible` problems from a response; returns whether it has any left, or is not a problem.
fn keep_problems(response: &mut Value, impossible: &[String]) -> bool {
    let types = "/content/application~1problem+json/schema/allOf/1/properties/type/enum";
    let Some(types) = response.pointer_mut(types).and_then(Value::as_array_mut) else { return true };
    types.retain(|known| !impossible.iter().any(|urn| known == urn));
    let is_possible = !types.is_empty();
    if let Some(Value::String(description)) = response.get_mut("description") {
        let is_kept = |line: &&str| !impossible.iter().any(|urn| line.contains(&format!("`{urn}`")));
        *description = description.split("\n\n").filter(is_kept).collect::<Vec<_>>().join("\n\n");
    }
    is_possible
}

fn operations(document: &mut Object) -> impl Iterator<Item = &mut Object> {
    let paths = object(document, "paths").into_iter().flat_map(Map::values_mut);
    paths.filter_map(Value::as_object_mut).flat_map(Map::values_mut).filter_map(Value::as_object_mut)
}

fn responses(document: &mut Object) -> impl Iterator<Item = &mut Object> {
    let responses = operations(document).filter_map(|operation| object(operation, "responses"));
    responses.flat_map(Map::values_mut).filter_map(Value::as_object_mut)
}

fn object<'a>(parent: &'a mut Object, member: &str) -> Option<&'a mut Object> {
    parent.get_mut(member)?.as_object_mut()
}
