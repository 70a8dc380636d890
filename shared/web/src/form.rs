//! `multipart/form-data`, streamed, with a limit on each part and no temporary files.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue},
};
use domain::FieldError;
use multer::{Field, Multipart};

use crate::{
    Kind, Problem,
    body::{BodyBuffer, BodyBytes, BodyError, BodyMemory, Limited, declared},
    content_type::{content_type, media_type},
    parameters::parameters,
    problem::FieldProblem,
};

/// What boundaries, part headers and text fields may add to the largest file.
const OVERHEAD_BYTES: usize = 64 * 1024;
/// Maximum length of a boundary (RFC 2046, 5.1.1).
const MAX_BOUNDARY_BYTES: usize = 70;
/// Maximum size of a text part: above every field's own limit, so that the field reports its error.
const MAX_TEXT_BYTES: usize = 4096;

/// A part that a form takes.
#[derive(Clone, Copy, Debug)]
pub enum Part {
    /// Text in UTF-8.
    Text(&'static str),
    /// Bytes, at most this many.
    File(&'static str, usize),
}

impl Part {
    fn name(self) -> &'static str {
        match self {
            Self::Text(name) | Self::File(name, _) => name,
        }
    }

    fn max_bytes(self) -> usize {
        match self {
            Self::Text(_) => MAX_TEXT_BYTES,
            Self::File(_, max_bytes) => max_bytes,
        }
    }
}

/// The parts of a form that was read to its end, each at most once.
#[derive(Debug)]
pub struct Form(Vec<(&'static str, BodyBytes)>);

impl Form {
    /// Reads a body as a form of these `parts`.
    ///
    /// # Errors
    /// `415` if it is not a form; `400` for an unknown, repeated or unnamed part, and for malformed
    /// multipart; `413` for a part that is too large, without reading on; the problems of [`BodyError`].
    pub async fn read(
        body: Body,
        headers: &HeaderMap,
        parts: &[Part],
        memory: &BodyMemory,
    ) -> Result<Self, Problem> {
        let boundary = boundary(headers)?;
        let largest = parts.iter().map(|part| part.max_bytes()).max().unwrap_or(0);
        let most = declared(headers).unwrap_or(largest);
        // The parser takes all that has arrived, so the limit comes before it.
        let pieces = Limited::new(body, headers, largest + OVERHEAD_BYTES, memory).map_err(unread)?;
        let mut multipart = Multipart::new(pieces, boundary);
        let mut form = Self(Vec::with_capacity(parts.len()));
        while let Some(field) = multipart.next_field().await.map_err(malformed)? {
            let part = form.expect(&field, parts)?;
            let bytes = read_part(field, part, BodyBuffer::new(memory, most.min(part.max_bytes()))).await?;
            form.0.push((part.name(), bytes));
        }
        Ok(form)
    }

    fn expect(&self, field: &Field<'_>, parts: &[Part]) -> Result<Part, Problem> {
        let names = || parts.iter().map(|part| format!("`{}`", part.name())).collect::<Vec<_>>().join(", ");
        let Some(name) = name_of(field) else {
            let detail = format!(
                "A part has no name in its `Content-Disposition: form-data; name=\"…\"`; the form accepts {}.",
                names()
            );
            return Err(Problem::new(Kind::BadRequest, detail));
        };
        let Some(part) = parts.iter().find(|part| part.name() == name) else {
            return Err(Problem::new(
                Kind::BadRequest,
                format!("A part has an unknown name; the form accepts {}.", names()),
            ));
        };
        if self.has(part.name()) {
            return Err(Problem::new(
                Kind::BadRequest,
                format!("The part `{}` is repeated; send it once.", part.name()),
            ));
        }
        Ok(*part)
    }

    /// Whether the form has the part `name`.
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(seen, _)| *seen == name)
    }

    /// The file `name`.
    ///
    /// # Errors
    /// The field's problem if it is missing or empty.
    pub fn file(&mut self, name: &'static str) -> Result<BodyBytes, FieldProblem> {
        let bytes = self.take(name)?;
        let empty = || FieldProblem::new(name, &FieldError("must not be empty"));
        if bytes.is_empty() { Err(empty()) } else { Ok(bytes) }
    }

    fn take(&mut self, name: &'static str) -> Result<BodyBytes, FieldProblem> {
        let index = self.0.iter().position(|(seen, _)| *seen == name);
        let missing = || FieldProblem::new(name, &FieldError("is missing: send it as a part of the form"));
        index.map(|index| self.0.swap_remove(index).1).ok_or_else(missing)
    }

    /// The text `name`, parsed.
    ///
    /// # Errors
    /// The field's problem if it is missing, not UTF-8, or refused by `parse`.
    pub fn text<T>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Result<T, FieldError>,
    ) -> Result<T, FieldProblem> {
        let bytes = self.take(name)?;
        let text = std::str::from_utf8(&bytes).map_err(|_| FieldError("must be text in UTF-8"));
        text.and_then(parse).map_err(|error| FieldProblem::new(name, &error))
    }
}

async fn read_part(mut field: Field<'_>, part: Part, mut buffer: BodyBuffer) -> Result<BodyBytes, Problem> {
    if let Part::Text(name) = part {
        refuse_other_charset(&field, name)?;
    }
    refuse_transfer_encoding(&field)?;
    let max_bytes = part.max_bytes();
    while let Some(piece) = field.chunk().await.map_err(malformed)? {
        if buffer.len() + piece.len() > max_bytes {
            let detail = format!("The part `{}` may have at most {max_bytes} bytes.", part.name());
            let problem = Problem::new(Kind::TooLarge, detail);
            return Err(match part {
                Part::Text(_) => problem,
                Part::File(..) => problem.of_upload(),
            });
        }
        buffer.push(&piece).await?;
    }
    Ok(buffer.finish())
}

fn refuse_other_charset(field: &Field<'_>, name: &'static str) -> Result<(), Problem> {
    let charset = field.content_type().and_then(|media_type| media_type.get_param("charset"));
    match charset {
        Some(charset) if charset != "utf-8" && charset != "utf8" && charset != "us-ascii" => {
            let error = FieldError("must be text in UTF-8, not in another charset");
            Err(Problem::fields(vec![FieldProblem::new(name, &error)]))
        }
        _ => Ok(()),
    }
}

/// Forms have no transfer encoding (RFC 7578, 4.7); ignoring one would change the content of the part.
fn refuse_transfer_encoding(field: &Field<'_>) -> Result<(), Problem> {
    let encoding = field.headers().get("content-transfer-encoding").map(HeaderValue::as_bytes);
    let plain = |encoding: &[u8]| {
        [b"7bit".as_slice(), b"8bit", b"binary"].iter().any(|p| encoding.eq_ignore_ascii_case(p))
    };
    if encoding.is_none_or(plain) {
        return Ok(());
    }
    Err(Problem::new(Kind::BadRequest, "Send parts as they are, without `Content-Transfer-Encoding`."))
}

/// The name in `Content-Disposition`, if there is exactly one.
fn name_of(field: &Field<'_>) -> Option<String> {
    let disposition = field.headers().get("content-disposition")?.as_bytes();
    let mut names = parameters(disposition)?.into_iter().filter(|(name, _)| name == "name");
    let (_, name) = names.next().filter(|_| names.next().is_none())?;
    String::from_utf8(name).ok()
}

fn boundary(headers: &HeaderMap) -> Result<String, Problem> {
    if media_type(headers) != "multipart/form-data" {
        return Err(Problem::new(Kind::UnsupportedMediaType, "Send the fields as `multipart/form-data`."));
    }
    let parameters = parameters(content_type(headers).as_bytes()).unwrap_or_default();
    let boundary = parameters.into_iter().find(|(name, _)| name == "boundary").ok_or_else(|| {
        let detail = "`Content-Type` has no boundary, or is malformed; let the HTTP client set it.";
        Problem::new(Kind::BadRequest, detail)
    })?;
    String::from_utf8(boundary.1).ok().filter(|boundary| is_boundary(boundary)).ok_or_else(|| {
        let detail = "The boundary in `Content-Type` must have 1 to 70 visible ASCII characters.";
        Problem::new(Kind::BadRequest, detail)
    })
}

/// As in RFC 2046, 5.1.1, and with any visible character, as clients send and other servers accept.
fn is_boundary(boundary: &str) -> bool {
    (1..=MAX_BOUNDARY_BYTES).contains(&boundary.len())
        && boundary.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic())
        && !boundary.ends_with(' ')
}

/// A form above the total limit counts as a refused file: nothing else in it may be large.
fn unread(error: BodyError) -> Problem {
    Problem::from(error).of_upload()
}

fn malformed(error: multer::Error) -> Problem {
    match error {
        multer::Error::StreamReadFailed(inner) => match inner.downcast::<BodyError>() {
            Ok(error) => unread(*error),
            Err(other) => BodyError::Broken(axum::Error::new(other)).into(),
        },
        other => Problem::new(
            Kind::BadRequest,
            "The body is not valid `multipart/form-data` with the boundary in `Content-Type`.",
        )
        .caused_by(&other),
    }
}
