//! The OpenAPI document of all functions, from their code.

use utoipa::{
    OpenApi,
    openapi::{
        ComponentsBuilder, InfoBuilder, LicenseBuilder, OpenApi as Document, OpenApiBuilder,
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
        tag::TagBuilder,
    },
};
use web::problem::{FieldBody, ProblemBody};

/// What [`web::auth`] does.
const TOKEN: &str = "A token of the configured issuer; not needed while authentication is off. `users:read` allows reading users, \
    `users:write` allows everything else. A preflight (`OPTIONS`) and a path or method that does not exist need no \
    token. An invalid token, or one sent in another way, is a `401`.";

const DESCRIPTION: &str = "Users with their avatars. Every error is a problem (RFC 9457) whose `type` names its kind.\n\n\
    While authentication is off, a service on loopback accepts only requests to itself: a `Host` that is neither \
    loopback nor the host of `ROSTER_PUBLIC_URL`, or an `Origin` that is neither of these nor in \
    `ROSTER_CORS_ORIGINS`, is a `403`. Avatars and health are always open.";

/// The document, in reading order.
pub fn document() -> Document {
    let info = InfoBuilder::new()
        .title("Roster")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(DESCRIPTION))
        .license(Some(LicenseBuilder::new().name("MIT OR Apache-2.0").build()))
        .build();
    let tag =
        |name: &str, description: &str| TagBuilder::new().name(name).description(Some(description)).build();
    let tags = [
        tag("users", "Users, each with an avatar."),
        tag("avatars", "Images, open to everyone."),
        tag("operation", "Health and documents."),
    ];
    let token = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .description(Some(TOKEN))
        .build();
    let components = ComponentsBuilder::new()
        .schema_from::<ProblemBody>()
        .schema_from::<FieldBody>()
        .security_scheme("token", SecurityScheme::Http(token))
        .build();
    let mut document = OpenApiBuilder::new().info(info).tags(Some(tags)).components(Some(components)).build();
    for part in [
        list_users::Api::openapi(),
        create_user::Api::openapi(),
        manage_user::Api::openapi(),
        serve_avatar::Api::openapi(),
        web::health::Api::openapi(),
    ] {
        document.merge(part);
    }
    document
}

/// The document as it is checked in and served.
pub fn text() -> String {
    let mut text = document().to_pretty_json().expect("the document serialises");
    text.push('\n');
    text
}
