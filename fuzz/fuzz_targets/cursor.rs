//! No text makes the parsers of `domain` panic, and each accepted value has one spelling.

#![no_main]

use std::{fmt::Display, str::FromStr};

use domain::{AvatarKey, Cursor, UserId};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    has_one_spelling::<Cursor>(text);
    has_one_spelling::<AvatarKey>(text);
    has_one_spelling::<UserId>(text);
});

fn has_one_spelling<T: FromStr + Display>(text: &str) {
    if let Ok(value) = text.parse::<T>() {
        assert_eq!(value.to_string(), text);
    }
}
