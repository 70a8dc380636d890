//! Parameters in the value of a header, such as `form-data; name="avatar"` (RFC 9110, 5.6.6; RFC 7578, 4.2).

/// Names in lower case with their values, without quotes; `None` where they are malformed.
///
/// More is taken than the RFCs allow: an unquoted value may have any character but `;`, since clients send boundaries
/// with `=`, `/` and `:`; and a backslash is itself unless it escapes a quote or a backslash, since some send paths.
pub(crate) fn parameters(value: &[u8]) -> Option<Vec<(String, Vec<u8>)>> {
    let mut found = Vec::new();
    let (_, mut rest) = before(value, b';');
    while let Some(parameter) = rest.strip_prefix(b";") {
        let parameter = parameter.trim_ascii_start();
        if parameter.is_empty() || parameter.starts_with(b";") {
            rest = parameter;
            continue;
        }
        let (name, after) = before(parameter, b'=');
        if name.contains(&b';') {
            return None;
        }
        let name = std::str::from_utf8(name.trim_ascii_end()).ok()?.to_ascii_lowercase();
        let after = after.strip_prefix(b"=")?.trim_ascii_start();
        let value;
        (value, rest) = if let Some(quoted) = after.strip_prefix(b"\"") {
            unquoted(quoted)?
        } else {
            let (value, rest) = before(after, b';');
            (value.trim_ascii_end().to_vec(), rest)
        };
        rest = rest.trim_ascii_start();
        found.push((name, value));
    }
    rest.is_empty().then_some(found)
}

/// What is before the first `byte`, and the rest from there on.
fn before(bytes: &[u8], byte: u8) -> (&[u8], &[u8]) {
    bytes.split_at(bytes.iter().position(|other| *other == byte).unwrap_or(bytes.len()))
}

/// A quoted string after its first quote, and what follows it.
fn unquoted(quoted: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut value = Vec::new();
    let mut rest = quoted;
    loop {
        rest = match rest {
            [b'"', after @ ..] => return Some((value, after)),
            [b'\\', escaped @ (b'"' | b'\\'), after @ ..] | [escaped, after @ ..] => {
                value.push(*escaped);
                after
            }
            [] => return None,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &str) -> Option<Vec<(String, String)>> {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Some(parameters(value.as_bytes())?.into_iter().map(|(name, value)| (name, text(value))).collect())
    }

    #[test]
    fn quoted_strings_are_whole_and_names_have_no_case() {
        let table: [(&str, &[(&str, &str)]); 9] = [
            ("form-data", &[]),
            ("form-data; name=\"avatar\"", &[("name", "avatar")]),
            ("form-data; NAME=avatar ;", &[("name", "avatar")]),
            (
                "form-data; filename=\"x; name=evil\"; name=\"avatar\"",
                &[("filename", "x; name=evil"), ("name", "avatar")],
            ),
            (
                r#"form-data;filename="a\"; name=\"b";name="c""#,
                &[("filename", r#"a"; name="b"#), ("name", "c")],
            ),
            (r#"form-data; filename="C:\a\\b"; name="c""#, &[("filename", r"C:\a\b"), ("name", "c")]),
            ("multipart/form-data; boundary=a=b/c:d", &[("boundary", "a=b/c:d")]),
            (
                "multipart/form-data;; boundary = \"a;b\" ; charset=utf-8",
                &[("boundary", "a;b"), ("charset", "utf-8")],
            ),
            ("form-data; name=", &[("name", "")]),
        ];
        for (value, expected) in table {
            let expected = expected.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            assert_eq!(read(value), Some(expected.collect()), "{value}");
        }
    }

    #[test]
    fn malformed_parameters_are_not_guessed() {
        for value in
            ["form-data; name", "form-data; name=\"avatar", "form-data; name=\"a\"b", "form-data; x; name=a"]
        {
            assert_eq!(read(value), None, "{value}");
        }
    }
}
