//! Which requests a process accepts that listens on loopback without authentication.
//!
//! Anyone who reaches such an address may read and write users. A browser on this machine reaches it for any
//! page that it shows: under a name of the page's own that resolves to loopback (DNS rebinding), or by a form
//! or script of the page. A page cannot set `Host` or `Origin`, so these two headers identify the site.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Request, State},
    http::{Uri, header, uri::Authority},
    middleware::{Next, from_fn_with_state},
    response::Response,
};

use crate::{Kind, Problem};
use runtime::{
    config::{Auth, Config},
    loopback::is_loopback,
};

/// Open to everyone, with or without authentication: avatars and probes.
const OPEN: [&str; 4] = ["/avatar", "/avatars", "/healthz", "/readyz"];

/// Which requests are accepted: all, unless it was built for loopback.
#[derive(Clone, Default)]
pub struct Callers(Option<Arc<KnownCallers>>);

/// What is accepted besides this machine's own names.
#[derive(Default)]
struct KnownCallers {
    /// The host under which clients reach the API, such as that of a proxy on this machine.
    public_host: Option<String>,
    /// Origins of pages, as browsers write them.
    origins: Vec<String>,
}

impl Callers {
    /// For the API: restricted by name if it listens on loopback without authentication.
    pub fn of_api(config: &Config) -> Self {
        let is_for_this_machine = config.auth == Auth::Off && config.listen.ip().to_canonical().is_loopback();
        if is_for_this_machine {
            Self::on_loopback(config.public_url.as_deref(), &config.cors_origins)
        } else {
            Self::default()
        }
    }

    /// For the management address, which never requires a token: restricted by name if it is loopback.
    pub fn of_management(config: &Config) -> Self {
        if config.management_listen.ip().to_canonical().is_loopback() {
            Self::on_loopback(None, &[])
        } else {
            Self::default()
        }
    }

    /// Accepts requests for this machine or `public_url`, from their pages or those of these origins.
    pub fn on_loopback(public_url: Option<&str>, origins: &[String]) -> Self {
        let public = public_url.and_then(|url| url.parse::<Uri>().ok());
        let public_host = public.as_ref().and_then(|url| url.host()).map(str::to_owned);
        let origins = origins.iter().cloned().chain(public.as_ref().and_then(origin_of)).collect();
        Self(Some(Arc::new(KnownCallers { public_host, origins })))
    }

    /// Whether any request is refused.
    pub fn are_restricted(&self) -> bool {
        self.0.is_some()
    }

    /// Wraps all of `router`.
    pub fn around(self, router: Router) -> Router {
        match self.0 {
            Some(known) => router.layer(from_fn_with_state(known, check)),
            None => router,
        }
    }
}

async fn check(
    State(known): State<Arc<KnownCallers>>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    if !is_open(request.uri().path()) {
        if !known.has_known_hosts(&request) {
            let detail = "While authentication is off, this service accepts only requests to `localhost`: use that \
                name, or have the operator set `ROSTER_PUBLIC_URL` to the URL that you use.";
            return Err(Problem::new(Kind::ForeignSite, detail));
        }
        if !request
            .headers()
            .get_all(header::ORIGIN)
            .iter()
            .all(|origin| known.is_known_origin(origin.to_str().ok()))
        {
            let detail = "While authentication is off, pages of other origins cannot call this service: have the \
                operator add this origin to `ROSTER_CORS_ORIGINS`.";
            return Err(Problem::new(Kind::ForeignSite, detail));
        }
    }
    Ok(next.run(request).await)
}

fn is_open(path: &str) -> bool {
    OPEN.iter()
        .any(|open| path.strip_prefix(open).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
}

impl KnownCallers {
    /// Whether the request has a host, and every host in its target and in `Host` is known.
    fn has_known_hosts(&self, request: &Request) -> bool {
        let mut hosts =
            request.headers().get_all(header::HOST).iter().map(|host| host.to_str().ok()).peekable();
        let target = request.uri().authority().map(|target| Some(target.as_str()));
        (target.is_some() || hosts.peek().is_some())
            && target.into_iter().chain(hosts).all(|host| host.is_some_and(|host| self.is_known_host(host)))
    }

    /// `authority` may have any port: the host alone decides.
    fn is_known_host(&self, authority: &str) -> bool {
        let Ok(authority) = authority.parse::<Authority>() else { return false };
        let host = authority.host();
        let is_public = self.public_host.as_ref().is_some_and(|public| public.eq_ignore_ascii_case(host));
        !authority.as_str().contains('@') && (is_public || is_local(host))
    }

    fn is_known_origin(&self, origin: Option<&str>) -> bool {
        let Some(origin) = origin else { return false };
        let is_local = || {
            let url = origin.parse::<Uri>().ok();
            url.is_some_and(|url| url.scheme().is_some() && url.host().is_some_and(is_local))
        };
        self.origins.iter().any(|known| known == origin) || is_local()
    }
}

/// As [`is_loopback`], and names below `localhost`: browsers resolve them themselves (RFC 6761, 6.3).
fn is_local(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    is_loopback(host) || host.rsplit_once('.').is_some_and(|(_, last)| last.eq_ignore_ascii_case("localhost"))
}

/// The origin of a page at this URL, as browsers write it (RFC 6454, 6.2): without the scheme's default port.
fn origin_of(url: &Uri) -> Option<String> {
    let (scheme, host) = (url.scheme_str()?, url.host()?.to_ascii_lowercase());
    let implied = if scheme == "https" { 443 } else { 80 };
    Some(match url.port_u16().filter(|port| *port != implied) {
        Some(port) => format!("{scheme}://{host}:{port}"),
        None => format!("{scheme}://{host}"),
    })
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    fn known() -> Arc<KnownCallers> {
        let origins = ["https://app.example.org".to_owned()];
        Callers::on_loopback(Some("https://Users.example.org:8443/v1"), &origins).0.unwrap()
    }

    fn request(target: &str, hosts: &[&str]) -> Request {
        let request = hosts.iter().fold(Request::get(target), |request, host| request.header("host", *host));
        request.body(Body::empty()).unwrap()
    }

    #[test]
    fn a_host_is_known_if_it_is_this_machine_or_the_public_one() {
        for host in [
            "localhost",
            "localhost:8080",
            "LOCALHOST.:1",
            "app.localhost:8080",
            "127.0.0.1:8080",
            "[::1]",
            "[::1]:8080",
            "users.example.org",
            "users.example.org:8443",
        ] {
            assert!(known().has_known_hosts(&request("/users", &[host])), "{host}");
        }
        for host in [
            "",
            ":8080",
            "evil.example.org",
            "evil.example.org:8080",
            "localhost.evil.example.org",
            "users.example.org.evil.example",
            "evillocalhost",
            "localhost@evil.example.org",
            "evil@localhost",
            "0.0.0.0:8080",
            "10.0.0.1",
            "::1",
        ] {
            assert!(!known().has_known_hosts(&request("/users", &[host])), "{host}");
        }
    }

    #[test]
    fn every_host_of_a_request_is_checked_and_one_is_required() {
        for (target, hosts, is_known) in [
            ("/users", &[][..], false),
            ("/users", &["localhost", "evil.example.org"], false),
            ("http://localhost/users", &[], true),
            ("http://localhost/users", &["evil.example.org"], false),
            ("http://evil.example.org/users", &["localhost"], false),
        ] {
            assert_eq!(known().has_known_hosts(&request(target, hosts)), is_known, "{target} {hosts:?}");
        }
    }

    #[test]
    fn a_page_is_known_by_its_whole_origin() {
        for origin in [
            "http://localhost:3000",
            "https://app.localhost",
            "http://127.0.0.1",
            "http://[::1]:8080",
            "https://users.example.org:8443",
            "https://app.example.org",
        ] {
            assert!(known().is_known_origin(Some(origin)), "{origin}");
        }
        for origin in [
            "null",
            "",
            "localhost",
            "https://users.example.org",
            "http://users.example.org:8443",
            "https://app.example.org:444",
            "https://evil.example.org",
            "https://localhost.evil.example.org",
        ] {
            assert!(!known().is_known_origin(Some(origin)), "{origin}");
        }
    }

    #[test]
    fn the_origin_of_a_url_has_no_port_that_its_scheme_implies() {
        for (url, origin) in [
            ("https://users.example.org:443/v1", "https://users.example.org"),
            ("http://users.example.org:80", "http://users.example.org"),
            ("http://users.example.org:443", "http://users.example.org:443"),
        ] {
            assert_eq!(origin_of(&url.parse().unwrap()).as_deref(), Some(origin), "{url}");
        }
    }

    #[test]
    fn pictures_and_probes_are_open() {
        for path in ["/avatar/x", "/avatars/a/b.png", "/healthz", "/readyz"] {
            assert!(is_open(path), "{path}");
        }
        for path in
            ["/", "/users", "/user", "/users/x/avatar", "/avatarx", "/docs", "/openapi.json", "/metrics"]
        {
            assert!(!is_open(path), "{path}");
        }
    }
}
