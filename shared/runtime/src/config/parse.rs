//! From the text of a setting to its value.

use super::ConfigError;

/// A parser of a value; an error is what the value must be.
type Parse<T> = fn(&str) -> Result<T, &'static str>;

/// A setting without a default.
pub(super) fn optional<T>(
    parse: Parse<T>,
) -> impl FnOnce(&'static str, Option<String>) -> Result<Option<T>, ConfigError> {
    move |name, value| {
        let Some(value) = value else { return Ok(None) };
        parse(&value).map(Some).map_err(|must| ConfigError { name, problem: format!("`{value}` {must}") })
    }
}

/// A setting with a default.
pub(super) fn or<T>(
    parse: Parse<T>,
    default: impl FnOnce() -> T,
) -> impl FnOnce(&'static str, Option<String>) -> Result<T, ConfigError> {
    move |name, value| Ok(optional(parse)(name, value)?.unwrap_or_else(default))
}
