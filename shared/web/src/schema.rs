//! What several operations share in the OpenAPI document: parameters, the bytes of an image, the response `304`.

use std::collections::BTreeMap;

use utoipa::{
    IntoParams, IntoResponses, PartialSchema, ToSchema,
    openapi::{
        KnownFormat, ObjectBuilder, RefOr, Required, Response, Schema, SchemaFormat, Type,
        header::HeaderBuilder,
        path::{Parameter, ParameterBuilder, ParameterIn},
        response::ResponseBuilder,
    },
};

/// SHA-256 in lower-case hex.
const SHA256: &str = "^[0-9a-f]{64}$";

/// `*`, or a list of entity tags (RFC 9110, 13.1): elements may be empty (5.6.1).
const ENTITY_TAGS: &str = r#"^(\*|((W/)?"[!#-~]*")?([ \t]*,[ \t]*((W/)?"[!#-~]*")?)*)$"#;

/// Declares parameters: where each is, its name there, its pattern, and a description.
macro_rules! parameters {
    ($($name:ident: $place:ident $wire:literal $pattern:expr, $about:literal;)*) => {$(
        #[doc = concat!("The parameter `", $wire, "`.")]
        pub struct $name;

        impl IntoParams for $name {
            fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
                let place = ParameterIn::$place;
                let required = if place == ParameterIn::Path { Required::True } else { Required::False };
                let schema = ObjectBuilder::new().schema_type(Type::String).pattern($pattern);
                let parameter = ParameterBuilder::new()
                    .name($wire)
                    .parameter_in(place)
                    .required(required)
                    .description(Some($about))
                    .schema(Some(schema));
                vec![parameter.build()]
            }
        }
    )*};
}

parameters! {
    UserId: Path "id" Some(SHA256), "SHA-256 of the trimmed e-mail in lower case and NFC, with its domain in Unicode, in hex in lower case.";
    IfMatch: Header "If-Match" Some(ENTITY_TAGS),
        "`ETag`s, or `*`: if none of them is current, the response is a `412`.";
    IfNoneMatch: Header "If-None-Match" Some(ENTITY_TAGS),
        "`ETag`s, or `*`: if one of them is current, the response is a `304`.";
    IfNoneMatchOfWrite: Header "If-None-Match" Some(ENTITY_TAGS),
        "`ETag`s, or `*`: if one of them is current, the response is a `412`.";
    Range: Header "Range" None::<String>, "One range of bytes (RFC 9110, 14). Others, and malformed ones, are ignored.";
    IdempotencyKey: Header "Idempotency-Key" Some("^[!-~]{1,255}$"),
        "Identifies this request, so that it can be retried: 1 to 255 visible ASCII characters.";
}

/// The bytes of an image.
pub struct ImageBytes;

impl PartialSchema for ImageBytes {
    fn schema() -> RefOr<Schema> {
        let binary = SchemaFormat::KnownFormat(KnownFormat::Binary);
        ObjectBuilder::new().schema_type(Type::String).format(Some(binary)).into()
    }
}

impl ToSchema for ImageBytes {}

/// The client's copy is current.
pub struct NotModified;

impl IntoResponses for NotModified {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let header =
            |about| HeaderBuilder::new().schema(Some(String::schema())).description(Some(about)).build();
        let response = ResponseBuilder::new()
            .description("`If-None-Match` matches.")
            .header("Cache-Control", header("That of the `200`."))
            .header("ETag", header("That of the `200`, if it has one."));
        BTreeMap::from([("304".to_owned(), RefOr::T(response.build()))])
    }
}
