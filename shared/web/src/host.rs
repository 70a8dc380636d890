//! Which `Host` a request must have that came over a connection (RFC 9112, 3.2).

use axum::{
    extract::Request,
    http::{HeaderValue, Version, header, uri::Authority},
};

use crate::{Kind, Problem};

/// In the extensions of a request that came over a connection, rather than as an event.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OverConnection;

/// Refuses a request over a connection with several hosts, with an invalid one, or, since HTTP/1.1, without any: a
/// proxy in between may have read another one.
pub(crate) fn check(request: &Request) -> Result<(), Problem> {
    if request.extensions().get::<OverConnection>().is_none() {
        return Ok(());
    }
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let is_valid = match (hosts.next(), hosts.next()) {
        (None, _) => request.version() < Version::HTTP_11,
        (Some(host), None) => is_host(host),
        (Some(_), Some(_)) => false,
    };
    let detail = "Send exactly one `Host`, such as `Host: users.example.org`.";
    if is_valid { Ok(()) } else { Err(Problem::new(Kind::BadRequest, detail)) }
}

/// An empty one is sent for a URL without authority.
fn is_host(value: &HeaderValue) -> bool {
    let authority = |text: &str| text.parse::<Authority>().is_ok_and(|host| !host.as_str().contains('@'));
    value.to_str().is_ok_and(|text| text.is_empty() || authority(text))
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    fn is_accepted(version: Version, hosts: &[&str]) -> bool {
        let request = Request::get("/users").version(version).extension(OverConnection);
        let request = hosts.iter().fold(request, |request, host| request.header(header::HOST, *host));
        check(&request.body(Body::empty()).unwrap()).is_ok()
    }

    #[test]
    fn exactly_one_valid_host_is_required() {
        for (hosts, in_1_1, in_1_0) in [
            (&[][..], false, true),
            (&["a.example.org"], true, true),
            (&["a.example.org:8080"], true, true),
            (&["[::1]:8080"], true, true),
            (&[""], true, true),
            (&["a.example.org", "a.example.org"], false, false),
            (&["a b"], false, false),
            (&["a.example.org/users"], false, false),
            (&["a@b.example.org"], false, false),
            (&["a,b"], true, true),
        ] {
            assert_eq!(is_accepted(Version::HTTP_11, hosts), in_1_1, "{hosts:?}");
            assert_eq!(is_accepted(Version::HTTP_10, hosts), in_1_0, "{hosts:?}");
        }
    }

    #[test]
    fn an_event_of_a_gateway_needs_no_host() {
        assert!(check(&Request::get("/users").body(Body::empty()).unwrap()).is_ok());
    }
}
