//! Problems in the OpenAPI document.

use std::collections::BTreeMap;

use utoipa::{
    ToSchema,
    openapi::{
        AllOfBuilder, ObjectBuilder, RefOr, Response, Type, content::ContentBuilder, header::HeaderBuilder,
        response::ResponseBuilder, schema::Ref,
    },
};

use super::Kind;

/// A problem (RFC 9457).
#[derive(ToSchema)]
#[schema(as = Problem)]
#[allow(dead_code, reason = "read by the macro")]
pub struct ProblemBody {
    /// Names the kind of problem.
    #[schema(example = "urn:roster:problem:email-taken")]
    r#type: String,
    /// The same text for every occurrence.
    title: String,
    /// The HTTP status code.
    status: u16,
    /// What to do.
    detail: String,
    /// A UUID of this occurrence, also in the log.
    #[schema(example = "urn:uuid:01939e2c-0000-7000-8000-000000000000")]
    instance: String,
    /// The invalid fields, if there are any.
    #[schema(required = false)]
    errors: Vec<FieldBody>,
}

/// An invalid field.
#[derive(ToSchema)]
#[schema(as = FieldProblem)]
#[allow(dead_code, reason = "read by the macro")]
pub struct FieldBody {
    /// Name of the field.
    field: String,
    /// What is wrong with the field.
    detail: String,
}

/// The responses of an operation that can fail with `kinds`; every one can fail with [`Kind::Internal`] and
/// [`Kind::Timeout`].
pub fn responses(kinds: &[Kind]) -> BTreeMap<String, RefOr<Response>> {
    let mut kinds = [kinds, &[Kind::Internal, Kind::Timeout]].concat();
    kinds.sort_unstable();
    let mut by_status: BTreeMap<u16, Vec<Kind>> = BTreeMap::new();
    for kind in kinds {
        by_status.entry(kind.status().as_u16()).or_default().push(kind);
    }
    by_status.into_iter().map(|(status, kinds)| (status.to_string(), RefOr::T(response(&kinds)))).collect()
}

fn response(kinds: &[Kind]) -> Response {
    let lines: Vec<_> = kinds.iter().map(|kind| format!("`{}`: {}.", kind.urn(), kind.title())).collect();
    let types = ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(kinds.iter().map(|kind| kind.urn()).collect::<Vec<_>>()));
    let status = kinds.first().map(|kind| kind.status().as_u16());
    let status = ObjectBuilder::new().schema_type(Type::Integer).enum_values(Some(status));
    let schema = AllOfBuilder::new()
        .item(Ref::from_schema_name("Problem"))
        .item(ObjectBuilder::new().property("type", types).property("status", status));
    let content = ContentBuilder::new().schema(Some(schema)).build();
    let mut response =
        ResponseBuilder::new().description(lines.join("\n\n")).content("application/problem+json", content);
    if kinds.iter().any(|kind| matches!(kind, Kind::Unauthorized | Kind::Forbidden)) {
        let about = "The challenge (RFC 6750, 3).";
        let header = HeaderBuilder::new().description(Some(about)).build();
        response = response.header("WWW-Authenticate", header);
    }
    response.build()
}

/// Declares the problems of one operation in the OpenAPI document:
/// `web::problems!(CreateUserProblems: BadRequest, EmailTaken);`
#[macro_export]
macro_rules! problems {
    ($name:ident: $($kind:ident),* $(,)?) => {
        struct $name;
        impl ::utoipa::IntoResponses for $name {
            fn responses() -> ::std::collections::BTreeMap<String, ::utoipa::openapi::RefOr<::utoipa::openapi::Response>> {
                $crate::problem::responses(&[$($crate::Kind::$kind),*])
            }
        }
    };
}
