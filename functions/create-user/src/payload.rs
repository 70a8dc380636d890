//! The fields of the form, validated.

use axum::http::HeaderMap;
use domain::{Digest, DisplayName, Email, Idempotency, IdempotencyKey};
use web::{Kind, Problem, body::BodyBytes, form::Form};

/// The three parts of the form.
#[derive(Clone)]
pub(crate) struct Payload {
    pub(crate) name: DisplayName,
    pub(crate) email: Email,
    pub(crate) avatar: BodyBytes,
}

impl Payload {
    /// The key with a fingerprint of the request: of the fields and the image, not of the form around them.
    pub(crate) fn idempotency(&self, key: IdempotencyKey) -> Idempotency {
        let parts = [self.name.as_str().as_bytes(), self.email.as_str().as_bytes(), &self.avatar];
        Idempotency { key, payload: Digest::of_parts(&parts) }
    }
}

/// Takes the fields from a form; reports all invalid fields at once.
pub(crate) fn payload(form: &mut Form) -> Result<Payload, Problem> {
    let name = form.text("name", DisplayName::parse);
    let email = form.text("email", Email::parse);
    let avatar = form.file("avatar");
    match (name, email, avatar) {
        (Ok(name), Ok(email), Ok(avatar)) => Ok(Payload { name, email, avatar }),
        (name, email, avatar) => {
            let errors = [name.err(), email.err(), avatar.err()].into_iter().flatten().collect();
            Err(Problem::fields(errors))
        }
    }
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
