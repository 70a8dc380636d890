//! Conditional requests (RFC 9110, 13): entity tags of users and of images.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use domain::{Avatar, Digest, User};

use crate::{Kind, Problem};

/// A strong entity tag, with its quotes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ETag(String);

impl ETag {
    /// The tag of a user: changes with every write, and differs after the user was erased and created again. What
    /// another program wrote has no version: its tag is a digest of what is shown.
    pub fn of_user(user: &User) -> Self {
        if user.version.0 == 0 {
            let (avatar, key) = match &user.avatar {
                Avatar::Kept { key, .. } => ("kept", key.to_string()),
                Avatar::Generated => ("generated", String::new()),
                Avatar::Elsewhere { url } => ("elsewhere", url.clone()),
            };
            let times = [user.created_at, user.updated_at].map(|time| time.as_millisecond().to_be_bytes());
            let shown = [user.name.as_str(), user.email.as_str(), avatar, &key].map(str::as_bytes);
            return Self(format!(
                "\"0-{}\"",
                Digest::of_parts(&[&shown[..], &[&times[0], &times[1]]].concat())
            ));
        }
        Self(format!("\"{}-{:x}\"", user.version.0, user.created_at.as_millisecond()))
    }

    /// The tag of an image: the SHA-256 of its content in hex.
    pub fn of_content(digest: &Digest) -> Self {
        Self(format!("\"{digest}\""))
    }

    /// As the value of a header.
    pub fn to_header(&self) -> HeaderValue {
        HeaderValue::from_str(&self.0).expect("quotes, digits, letters and hyphens")
    }

    /// Whether the header `name` has this tag, by weak comparison where `weak` allows it; `None` if absent.
    fn matches_header(
        &self,
        headers: &HeaderMap,
        name: &HeaderName,
        weak: WeakTags,
    ) -> Result<Option<bool>, Problem> {
        let mut result = None;
        for value in headers.get_all(name) {
            let malformed = || {
                Problem::new(
                    Kind::BadRequest,
                    format!("`{name}` must be `*` or entity tags in double quotes."),
                )
            };
            let value = value.to_str().map_err(|_| malformed())?;
            let matches = self.is_in(value, weak).ok_or_else(malformed)?;
            result = Some(matches || result == Some(true));
        }
        Ok(result)
    }

    fn is_in(&self, list: &str, weak: WeakTags) -> Option<bool> {
        if list.trim() == "*" {
            return Some(true);
        }
        let mut rest = after_empty_elements(list);
        let mut found = false;
        while !rest.is_empty() {
            let (is_weak, quoted) = rest.strip_prefix("W/").map_or((false, rest), |tag| (true, tag));
            let end = quoted.strip_prefix('"')?.find('"')? + 2;
            if !quoted[1..end - 1].bytes().all(|byte| byte.is_ascii_graphic()) {
                return None;
            }
            found |= quoted[..end] == self.0 && (weak == WeakTags::Matches || !is_weak);
            let after = quoted[end..].trim_start();
            rest = if after.is_empty() { after } else { after_empty_elements(after.strip_prefix(',')?) };
        }
        Some(found)
    }

    /// Refuses a write whose `If-Match` has only other tags, or whose `If-None-Match` has this tag or is `*`.
    pub fn check_write(&self, headers: &HeaderMap) -> Result<IfMatch, Problem> {
        let if_match = match self.matches_header(headers, &header::IF_MATCH, WeakTags::Never)? {
            None => IfMatch::AnyVersion,
            Some(true) if is_any(headers) => IfMatch::AnyVersion,
            Some(true) => IfMatch::ThisVersion,
            Some(false) => return Err(domain::Error::Stale.into()),
        };
        if self.client_has_it(headers)? {
            let detail =
                "`If-None-Match` excludes the user as it is; use `If-Match` with its `ETag` to change it.";
            return Err(Problem::new(Kind::PreconditionFailed, detail));
        }
        Ok(if_match)
    }

    /// Whether the client already has what it reads, by its `If-None-Match`.
    ///
    /// # Errors
    /// `412` if its `If-Match` has only other tags (RFC 9110, 13.1.1).
    pub fn check_read(&self, headers: &HeaderMap) -> Result<bool, Problem> {
        if self.matches_header(headers, &header::IF_MATCH, WeakTags::Never)? == Some(false) {
            let detail = "None of the tags of `If-Match` is current.";
            return Err(Problem::new(Kind::PreconditionFailed, detail));
        }
        self.client_has_it(headers)
    }

    /// The same for what has no tag: `*` is any of it.
    ///
    /// # Errors
    /// `412` if its `If-Match` has tags, `400` if one of the headers is malformed.
    pub fn check_read_without_tag(headers: &HeaderMap) -> Result<bool, Problem> {
        Self(String::new()).check_read(headers)
    }

    fn client_has_it(&self, headers: &HeaderMap) -> Result<bool, Problem> {
        Ok(self.matches_header(headers, &header::IF_NONE_MATCH, WeakTags::Matches)?.unwrap_or(false))
    }

    /// Whether a `Range` applies: there is no `If-Range`, or it is exactly this tag.
    pub fn allows_range(&self, headers: &HeaderMap) -> bool {
        headers.get(header::IF_RANGE).is_none_or(|value| value.as_bytes() == self.0.as_bytes())
    }
}

/// A list may have empty elements (RFC 9110, 5.6.1).
fn after_empty_elements(list: &str) -> &str {
    list.trim_start_matches([',', ' ', '\t'])
}

/// Which version of a user a write may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IfMatch {
    /// There is no `If-Match`, or it is `*`: the user exists.
    AnyVersion,
    /// Only this one.
    ThisVersion,
}

/// Whether `If-Match` is `*`.
fn is_any(headers: &HeaderMap) -> bool {
    headers.get_all(header::IF_MATCH).iter().any(|value| value.as_bytes().trim_ascii() == b"*")
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum WeakTags {
    Matches,
    Never,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    #[test]
    fn a_write_passes_only_with_the_exact_tag() {
        let tag = ETag("\"1-a\"".to_owned());
        for (value, passes) in [
            ("*", true),
            ("\"1-a\"", true),
            ("\"x\", \"1-a\"", true),
            (", \"1-a\",", true),
            ("", false),
            ("W/\"1-a\"", false),
            ("\"2-a\"", false),
            ("\"x,\"", false),
        ] {
            let checked = tag.check_write(&headers(header::IF_MATCH, value));
            assert_eq!(checked.is_ok(), passes, "{value}");
            if let Err(problem) = checked {
                assert_eq!(problem.kind(), Kind::PreconditionFailed);
            }
        }
    }

    #[test]
    fn a_write_is_of_any_version_unless_if_match_names_one() {
        let tag = ETag("\"1-a\"".to_owned());
        for headers in [HeaderMap::new(), headers(header::IF_MATCH, " *")] {
            assert_eq!(tag.check_write(&headers).ok(), Some(IfMatch::AnyVersion));
        }
        let named = tag.check_write(&headers(header::IF_MATCH, "\"1-a\""));
        assert_eq!(named.ok(), Some(IfMatch::ThisVersion));
    }

    #[test]
    fn a_write_that_requires_another_version_or_none_is_refused() {
        let tag = ETag("\"1-a\"".to_owned());
        for (value, passes) in [("*", false), ("\"1-a\"", false), ("W/\"1-a\"", false), ("\"2-a\"", true)] {
            let checked = tag.check_write(&headers(header::IF_NONE_MATCH, value));
            assert_eq!(checked.is_ok(), passes, "{value}");
            if let Err(problem) = checked {
                assert_eq!(problem.kind(), Kind::PreconditionFailed);
            }
        }
    }

    #[test]
    fn the_tag_of_another_program_s_user_changes_with_what_is_shown() {
        let user = |name: &str, url: &str, version| User {
            id: domain::UserId::from_bytes([7; 32]),
            name: domain::DisplayName::from_store(name.to_owned()),
            email: domain::Email::from_store("ada@example.org".to_owned()),
            avatar: Avatar::Elsewhere { url: url.to_owned() },
            version: domain::Version(version),
            created_at: domain::Timestamp::UNIX_EPOCH,
            updated_at: domain::Timestamp::UNIX_EPOCH,
        };
        let tags = [("A", "x", 0), ("A", "y", 0), ("Ax", "", 0), ("B", "x", 0), ("A", "x", 1)]
            .map(|(name, url, version)| ETag::of_user(&user(name, url, version)).0);
        let distinct: std::collections::HashSet<_> = tags.iter().collect();
        assert_eq!(distinct.len(), tags.len(), "{tags:?}");
        assert_eq!(ETag::of_user(&user("A", "x", 0)).0, tags[0]);
    }

    #[test]
    fn a_read_passes_only_with_a_tag_that_is_current() {
        let tag = ETag("\"1-a\"".to_owned());
        for (value, passes, passes_without) in [
            ("*", true, true),
            ("\"x\", \"1-a\"", true, false),
            ("W/\"1-a\"", false, false),
            ("\"2-a\"", false, false),
        ] {
            let headers = headers(header::IF_MATCH, value);
            for (checked, passes) in
                [(tag.check_read(&headers), passes), (ETag::check_read_without_tag(&headers), passes_without)]
            {
                let expected = if passes { Ok(false) } else { Err(Kind::PreconditionFailed) };
                assert_eq!(checked.map_err(|problem| problem.kind()), expected, "{value}");
            }
        }
    }

    #[test]
    fn a_read_matches_weakly() {
        let tag = ETag("\"1-a\"".to_owned());
        for (value, has_it) in [("*", true), ("W/\"1-a\"", true), ("\"b\",W/\"1-a\"", true), ("\"b\"", false)]
        {
            assert_eq!(tag.check_read(&headers(header::IF_NONE_MATCH, value)).ok(), Some(has_it), "{value}");
        }
    }

    #[test]
    fn a_malformed_tag_is_a_bad_request() {
        let tag = ETag("\"1-a\"".to_owned());
        for value in ["1-a", "\"1-a", "\"a\" \"b\"", "\"a b\"", "w/\"1-a\"", "*, \"1-a\""] {
            let problem = tag.check_write(&headers(header::IF_MATCH, value)).unwrap_err();
            assert_eq!(problem.kind(), Kind::BadRequest, "{value}");
            for name in [header::IF_MATCH, header::IF_NONE_MATCH] {
                let problem = ETag::check_read_without_tag(&headers(name, value)).unwrap_err();
                assert_eq!(problem.kind(), Kind::BadRequest, "{value}");
            }
        }
    }
}
