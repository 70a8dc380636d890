//! The fields of the form, validated.

use axum::http::HeaderMap;
use domain::{Digest, DirectUploadId, DisplayName, Email, FieldError, Idempotency, IdempotencyKey};
use web::{Kind, Problem, body::BodyBytes, direct_upload, form::Form, problem::FieldProblem};

/// The three parts of the form.
pub(crate) struct Payload {
    pub(crate) fields: Fields,
    pub(crate) image: Source,
}

/// The parts that are text.
#[derive(Clone)]
pub(crate) struct Fields {
    pub(crate) name: DisplayName,
    pub(crate) email: Email,
}

/// Where the image comes from.
pub(crate) enum Source {
    /// The part `avatar`.
    Form(BodyBytes),
    /// The direct upload that the part `upload` names.
    DirectUpload(DirectUploadId),
}

impl Fields {
    /// The key with a fingerprint of the request: of the fields and the image, not of the form around them. A direct
    /// upload counts by its name.
    pub(crate) fn idempotency(&self, key: IdempotencyKey, image: &[u8]) -> Idempotency {
        let parts = [self.name.as_str().as_bytes(), self.email.as_str().as_bytes(), image];
        Idempotency { key, payload: Digest::of_parts(&parts) }
    }
}

/// Takes the fields from a form; reports all invalid fields at once.
pub(crate) fn payload(form: &mut Form) -> Result<Payload, Problem> {
    let name = form.text("name", DisplayName::parse);
    let email = form.text("email", Email::parse);
    let image = image(form);
    match (name, email, image) {
        (Ok(name), Ok(email), Ok(image)) => Ok(Payload { fields: Fields { name, email }, image }),
        (name, email, image) => {
            let errors = [name.err(), email.err(), image.err()].into_iter().flatten().collect();
            Err(Problem::fields(errors))
        }
    }
}

fn image(form: &mut Form) -> Result<Source, FieldProblem> {
    if !form.has(direct_upload::FIELD) {
        return form.file("avatar").map(Source::Form);
    }
    if form.has("avatar") {
        let both = FieldError("must not come with `avatar`: send one of the two");
        return Err(FieldProblem::new(direct_upload::FIELD, &both));
    }
    form.text(direct_upload::FIELD, direct_upload::parse).map(Source::DirectUpload)
}

/// The `Idempotency-Key`, if the client sent one.
pub(crate) fn idempotency_key(headers: &HeaderMap) -> Result<Option<IdempotencyKey>, Problem> {
    let mut values = headers.get_all("idempotency-key").iter();
    let Some(value) = values.next() else { return Ok(None) };
    let key = value.to_str().ok().and_then(|text| IdempotencyKey::parse(text).ok());
    match key {
        Some(key) if values.next().is_none() => Ok(Some(key)),
        _ => Err(Problem::new(
            Kind::BadRequest,
            "Send `Idempotency-Key` once, as 1 to 255 visible ASCII characters.",
        )),
    }
}
