use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse as _, Response},
};
use domain::{Avatar, AvatarKey, Error, Image, User};
use imaging::{Generated, Initials};
use rendering::RenderError;
use web::{Kind, Problem, conditional::ETag};

use crate::{
    ServeAvatar,
    hash::Hash,
    headers::{NOSNIFF, SANDBOX},
    output_format::OutputFormat,
    query::{AvatarQuery, Default},
};

/// How long clients may cache a picture, and so how long a change may stay unseen.
const FIVE_MINUTES: HeaderValue = HeaderValue::from_static("public, max-age=300");

/// How many times a user is looked up if the image is replaced meanwhile.
const ATTEMPTS: usize = 2;

web::problems!(GetLibravatarProblems: BadRequest, NotFound, ImageTooDemanding, Unavailable, Busy);

/// Get a picture by the hash of an e-mail
///
/// The protocol of Libravatar and Gravatar. Malformed query parameters are ignored.
#[cfg_attr(feature = "openapi", utoipa::path(get, path = "/avatar/{hash}", tag = "avatars",
    params(
        ("hash" = String, Path, description = "SHA-256 or MD5 of the trimmed e-mail in lower case, in hex. An extension `.jpg`, `.jpeg`, `.png` or `.webp` selects the format."),
        ("s" = Option<String>, Query, description = "Size in pixels, 1 to 512; 80 by default. Alias: `size`."),
        ("d" = Option<String>, Query, description = "Fallback for users without an avatar: `404`, `mp`, `mm`, `identicon`, `retro`, `blank`, `initials` if they are allowed, or a URL of an allowed host. `mp` by default. Alias: `default`."),
        ("f" = Option<String>, Query, description = "`y` forces the fallback for every user. Alias: `forcedefault`."),
        ("Accept" = Option<String>, Header, description = "`image/webp` selects WebP, unless the extension selects a format."),
        ("If-None-Match" = Option<String>, Header, description = "The client's `ETag`."),
    ),
    responses(
        (status = 200, description = "A square image of the requested size.", headers(("ETag" = String, description = "SHA-256 of the content.")),
            content((Vec<u8> = "image/jpeg"), (Vec<u8> = "image/png"), (Vec<u8> = "image/webp"))),
        (status = 302, description = "The fallback is a URL.", headers(("Location" = String, description = "URL of the fallback."))),
        (status = 304, description = "The client's copy is current."),
        GetLibravatarProblems,
    )))]
pub(crate) async fn get_libravatar(
    State(state): State<ServeAvatar>,
    request: Request,
) -> Result<Response, Problem> {
    let file = request.uri().path().rsplit('/').next().unwrap_or_default();
    let (hash, extension) = Hash::parse(file).ok_or_else(|| {
        let detail = "The last path segment must be the SHA-256 or MD5 of an e-mail in hex, optionally with \
                      `.jpg`, `.jpeg`, `.png` or `.webp`.";
        Problem::new(Kind::BadRequest, detail)
    })?;
    let query = AvatarQuery::parse(request.uri().query().unwrap_or_default());
    let output = extension.map_or_else(|| OutputFormat::of(request.headers()), OutputFormat::Exactly);

    let found = find(&state, &hash, &query, output).await?;
    let image = match found {
        Found::Picture(image) => image,
        Found::Fallback(user) => match fallback(&state, &query, user.as_ref()) {
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
    Fallback(Option<User>),
}

/// The user's picture, unless the default is forced.
async fn find(
    state: &ServeAvatar,
    hash: &Hash,
    query: &AvatarQuery,
    output: OutputFormat,
) -> Result<Found, Problem> {
    // Initials need the user even then.
    if query.is_forced && query.default != Default::Initials {
        return Ok(Found::Fallback(None));
    }
    let mut last = None;
    for _ in 0..ATTEMPTS {
        let user = match hash {
            Hash::Id(id) => state.users.get(id).await,
            Hash::Md5(md5) => state.users.find(md5).await,
        };
        let user = match user {
            Ok(user) => user,
            Err(Error::NotFound) => return Ok(Found::Fallback(None)),
            Err(error) => return Err(error.into()),
        };
        let Some(key) = stored_key(&user).filter(|_| !query.is_forced) else {
            return Ok(Found::Fallback(Some(user)));
        };
        match state.pictures.of_image(key, query.size, output).await {
            // Replaced meanwhile; if it happens again, it is missing.
            Err(RenderError::Store(Error::NotFound)) => last = Some(user),
            made => return Ok(Found::Picture(made.map_err(problem)?)),
        }
    }
    Ok(Found::Fallback(last))
}

fn stored_key(user: &User) -> Option<&AvatarKey> {
    match &user.avatar {
        Avatar::Kept { key, .. } => Some(key),
        Avatar::Generated | Avatar::Elsewhere { .. } => None,
    }
}

enum Fallback {
    Nothing,
    Elsewhere(HeaderValue),
    Generated(Generated),
}

/// The fallback picture. If the requested one is not allowed, it is a person.
fn fallback(state: &ServeAvatar, query: &AvatarQuery, user: Option<&User>) -> Fallback {
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
            let initials = user.and_then(|user| Initials::of(user.name.as_str()));
            initials.map_or(Generated::Person, Generated::Initials)
        }
    })
}

/// The URL as the value of a header, if its host is one of these.
fn allowed(url: &str, hosts: &[String]) -> Option<HeaderValue> {
    let uri = url.parse::<Uri>().ok()?;
    let authority = uri.authority()?.as_str();
    let host = uri.host()?.to_ascii_lowercase();
    // No user info, which may hide another host, and no backslash, which browsers read differently.
    let plain = !authority.contains('@') && !url.contains('\\');
    let value = HeaderValue::from_str(url).ok()?;
    (plain && hosts.contains(&host)).then_some(value)
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
    if tag.client_has_it(request)? {
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
