//! The query of `/avatar/{hash}`. Nothing in it is an error: invalid values fall back to defaults.

use domain::Size;

/// The fallback that the client requests for users without an avatar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Default {
    /// Nothing: a 404.
    NotFound,
    Person,
    Identicon,
    Retro,
    Initials,
    Blank,
    /// A picture elsewhere.
    Url(String),
}

/// The parsed query. If a parameter is repeated, the first one counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AvatarQuery {
    pub(crate) size: Size,
    pub(crate) default: Default,
    /// Show the default even if the user has an avatar.
    pub(crate) is_forced: bool,
}

/// Default size, in pixels a side.
const SIZE: u32 = 80;

impl AvatarQuery {
    /// Parses a query, without its question mark.
    pub(crate) fn parse(query: &str) -> Self {
        let (mut size, mut default, mut is_forced) = (None, None, None);
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "s" | "size" => drop(size.get_or_insert_with(|| parse_size(&value))),
                "d" | "default" => drop(default.get_or_insert_with(|| parse_default(&value))),
                "f" | "forcedefault" => drop(is_forced.get_or_insert(matches!(&*value, "y" | "yes"))),
                // `r`, `rating` and unknown parameters have no effect.
                _ => {}
            }
        }
        Self {
            size: size.unwrap_or_else(|| parse_size("")),
            default: default.unwrap_or(Default::Person),
            is_forced: is_forced.unwrap_or(false),
        }
    }
}

fn parse_size(value: &str) -> Size {
    let digits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    let pixels = match value.parse::<u32>() {
        _ if !digits => SIZE,
        Ok(0) => SIZE,
        Ok(pixels) => pixels,
        // More digits than fit.
        Err(_) => u32::MAX,
    };
    Size::new(pixels).unwrap_or(Size::MAX)
}

fn parse_default(value: &str) -> Default {
    match value {
        "404" => Default::NotFound,
        "identicon" | "monsterid" | "wavatar" | "robohash" | "pagan" => Default::Identicon,
        "retro" => Default::Retro,
        "initials" => Default::Initials,
        "blank" => Default::Blank,
        url if url.starts_with("http://") || url.starts_with("https://") => Default::Url(url.to_owned()),
        _ => Default::Person,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_1_to_512_and_80_if_invalid() {
        for (query, pixels) in [
            ("", 80),
            ("s=1", 1),
            ("size=300", 300),
            ("s=512", 512),
            ("s=513", 512),
            ("s=99999", 512),
            ("s=99999999999999999999", 512),
            ("s=0", 80),
            ("s=-1", 80),
            ("s=%2B5", 80),
            ("s=abc", 80),
            ("s=", 80),
            ("s=1.5", 80),
            ("s=100&s=200", 100),
            ("size=100&s=200", 100),
            ("d=identicon&s=64&r=x", 64),
        ] {
            assert_eq!(AvatarQuery::parse(query).size.pixels(), pixels, "{query}");
        }
    }

    #[test]
    fn an_unknown_default_is_a_person() {
        for (query, default) in [
            ("d=404", Default::NotFound),
            ("default=retro", Default::Retro),
            ("d=robohash", Default::Identicon),
            ("d=mm", Default::Person),
            ("d=unknown", Default::Person),
            ("d=blank&d=404", Default::Blank),
            ("d=https%3A%2F%2Fexample.org%2Fa.png", Default::Url("https://example.org/a.png".to_owned())),
            ("d=javascript:alert(1)", Default::Person),
            ("", Default::Person),
        ] {
            assert_eq!(AvatarQuery::parse(query).default, default, "{query}");
        }
    }

    #[test]
    fn only_yes_forces_the_default() {
        for (query, is_forced) in
            [("f=y", true), ("forcedefault=y", true), ("f=n", false), ("f=", false), ("", false)]
        {
            assert_eq!(AvatarQuery::parse(query).is_forced, is_forced, "{query}");
        }
    }
}
