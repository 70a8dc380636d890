use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse as _, Response},
};
use domain::{EmailHash, Error, Image};
use imaging::Generated;
use rendering::RenderError;
use web::{Kind, Problem, conditional::ETag};

use crate::{
    ServeAvatar, hash,
    headers::{NOSNIFF, SANDBOX},
    known_user::KnownUser,
    output_format::OutputFormat,
    query::{AvatarQuery, Default},
};

/// How long clients may cache a picture, and so how long a change may stay unseen.
const FIVE_MINUTES: HeaderValue = HeaderValue::from_static("public, max-age=300");

web::problems!(GetLibravatarProblems: BadRequest, NotFound, PreconditionFailed, ImageTooDemanding, Unavailable,
    Busy);

/// Get a picture by the hash of an e-mail
///
/// The protocol of Libravatar and Gravatar. Malformed query parameters are ignored. `Accept: image/webp` selects WebP,
/// unless the extension selects a format.
#[cfg_attr(feature = "openapi", utoipa::path(get, path = "/avatar/{hash}", tag = "avatars",
    params(
        ("hash" = String, Path, description = "SHA-256 or MD5 of the trimmed e-mail in lower case and NFC, in hex, with its domain in Unicode or in Punycode. An extension `.jpg`, `.jpeg`, `.png` or `.webp` selects the format.",
            pattern = r"^([0-9a-fA-F]{32}|[0-9a-fA-F]{64})(\.([jJ][pP][eE]?[gG]|[pP][nN][gG]|[wW][eE][bB][pP]))?$"),
        ("s" = Option<String>, Query, description = "Size in pixels, 1 to 512; 80 by default. Alias: `size`."),
        ("d" = Option<String>, Query, description = "Fallback for users without an avatar: `404`, `mp`, `mm`, `identicon`, `retro`, `blank`, `initials` if they are allowed, or a URL of an allowed host. `mp` by default. Alias: `default`."),
        ("f" = Option<String>, Query, description = "`y` forces the fallback for every user. Alias: `forcedefault`."),
        web::schema::IfMatch,
        web::schema::IfNoneMatch,
    ),
    responses(
        (status = 200, description = "A square image of the requested size.", headers(("ETag" = String, description = "SHA-256 of the content.")),
            content((inline(web::schema::ImageBytes) = "image/jpeg"), (inline(web::schema::ImageBytes) = "image/png"),
                (inline(web::schema::ImageBytes) = "image/webp"))),
        (status = 302, description = "The fallback is a URL.", headers(("Location" = String, description = "URL of the fallback."))),
        web::schema::NotModified,
        GetLibravatarProblems,
    )))]
pub(crate) async fn get_libravatar(
    State(state): State<ServeAvatar>,
    request: Request,
) -> Result<Response, Problem> {
    let file = request.uri().path().rsplit('/').next().unwrap_or_default();
    let (hash, extension) = hash::parse(file).ok_or_else(|| {
        let detail = "The last path segment must be the SHA-256 or MD5 of an e-mail in hex, optionally with \
                      `.jpg`, `.jpeg`, `.png` or `.webp`.";
        Problem::new(Kind::BadRequest, detail)
    })?;
    let query = AvatarQuery::parse(request.uri().query().unwrap_or_default());
    let output = extension.map_or_else(|| OutputFormat::of(request.headers()), OutputFormat::Exactly);

    let found = find(&state, &hash, &query, output).await?;
    let image = match found {
        Found::Picture(image) => image,
        Found::Fallback(user) => match fallback(&state, &query, user) {
            Fallback::Nothing => return Err(Error::NotFound.into()),
            Fallback::Elsewhere(location) => return Ok(redirect(location)),
            Fallback::Generated(kind) => {
                let drawn = state.pictures.generated(kind, hash.as_bytes(), query.size, output).await;
                drawn.map_err(problem)?
            }
        },
    };
    let is_negotiated = extension.is_none();
    answer(&state, request.headers(), image, is_negotiated)
}

enum Found {
    Picture(Image),
    /// There is no such user, or the user has no stored picture.
    Fallback(Option<KnownUser>),
}

/// The user's picture, unless the default is forced.
async fn find(
    state: &ServeAvatar,
    hash: &EmailHash,
    query: &AvatarQuery,
    output: OutputFormat,
) -> Result<Found, Problem> {
    // Initials need the user even then.
    if query.is_forced && query.default != Default::Initials {
        return Ok(Found::Fallback(None));
    }
    let known = state.users.get(hash).await?;
    if let Some(found) = show(state, known, query, output).await? {
        return Ok(found);
    }
    // Replaced meanwhile. If it happens again, it is missing.
    let read = state.users.read(hash).await?;
    Ok(show(state, read, query, output).await?.unwrap_or(Found::Fallback(read)))
}

/// What to show of this user; `None` if the user does not have this image any more.
async fn show(
    state: &ServeAvatar,
    user: Option<KnownUser>,
    query: &AvatarQuery,
    output: OutputFormat,
) -> Result<Option<Found>, Problem> {
    let Some(key) = user.and_then(|user| user.image).filter(|_| !query.is_forced) else {
        return Ok(Some(Found::Fallback(user)));
    };
    match state.pictures.of_image(&key, query.size, output).await {
        Err(RenderError::Store(Error::NotFound)) => Ok(None),
        made => Ok(Some(Found::Picture(made.map_err(problem)?))),
    }
}

enum Fallback {
    Nothing,
    Elsewhere(HeaderValue),
    Generated(Generated),
}

/// The fallback picture. If the requested one is not allowed, it is a person.
fn fallback(state: &ServeAvatar, query: &AvatarQuery, user: Option<KnownUser>) -> Fallback {
    Fallback::Generated(match &query.default {
        Default::NotFound => return Fallback::Nothing,
        Default::Url(url) => match allowed(url, &state.config.default_image_hosts) {
            Some(location) => return Fallback::Elsewhere(location),
            None => Generated::Person,
        },
        Default::Identicon => Generated::Identicon,
        Default::Retro => Generated::Retro,
        Default::Blank => Generated::Blank,
        Default::Person => Generated::Person,
        Default::Initials => {
            let user = user.filter(|_| state.config.initials);
            let initials = user.and_then(|user| user.initials);
            initials.map_or(Generated::Person, Generated::Initials)
        }
    })
}

/// The URL as the value of a header, if its host is one of these.
fn allowed(url: &str, hosts: &[String]) -> Option<HeaderValue> {
    let encoded = percent_encoded(url);
    let uri = encoded.parse::<Uri>().ok()?;
    let authority = uri.authority()?.as_str();
    let host = uri.host()?.to_ascii_lowercase();
    // No user info, which may hide another host, and neither backslashes nor control characters, which browsers read
    // differently.
    let plain =
        !authority.contains('@') && !url.contains(|letter: char| letter == '\\' || letter.is_control());
    let value = HeaderValue::from_str(&encoded).ok()?;
    (plain && hosts.contains(&host)).then_some(value)
}

/// The URL with all that a URL cannot have percent-encoded (RFC 3986, 2): clients differ in what they do with raw
/// UTF-8. What is encoded already stays.
fn percent_encoded(url: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&byte);
    let encoded = |byte| if is_plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    url.bytes().map(encoded).collect()
}

fn redirect(location: HeaderValue) -> Response {
    let headers = [(header::LOCATION, location), (header::CACHE_CONTROL, FIVE_MINUTES)];
    (StatusCode::FOUND, headers).into_response()
}

fn answer(
    state: &ServeAvatar,
    request: &HeaderMap,
    image: Image,
    is_negotiated: bool,
) -> Result<Response, Problem> {
    let tag = ETag::of_content(&image.digest);
    let mut headers = HeaderMap::with_capacity(12);
    headers.insert(header::ETAG, tag.to_header());
    headers.insert(header::CACHE_CONTROL, FIVE_MINUTES);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, NOSNIFF);
    headers.insert(header::CONTENT_SECURITY_POLICY, SANDBOX);
    if is_negotiated {
        headers.insert(header::VARY, HeaderValue::from_static("Accept"));
    }
    if tag.check_read(request)? {
        return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(image.format.content_type()));
    Ok((headers, state.memory.keep(image.bytes)?).into_response())
}

fn problem(error: RenderError) -> Problem {
    match error {
        RenderError::Store(error) => error.into(),
        RenderError::Refused(refused) => refused.into(),
        // It was decoded at upload, so it is damaged.
        RenderError::Image(error) => Error::damaged(error).into(),
    }
}
