//! No settings make the configuration reader panic, and each error is one line that begins with the setting.

#![no_main]

use libfuzzer_sys::fuzz_target;
use runtime::config::{Config, SETTINGS};

fuzz_target!(|text: &str| {
    // The first line is the first setting, and so on.
    let value = |name: &str| {
        let index = SETTINGS.iter().position(|setting| setting.name == name)?;
        text.split('\n').nth(index).map(str::to_owned)
    };
    if let Err(error) = Config::read(value) {
        let line = error.to_string();
        assert!(line.starts_with(error.name) && !line.contains('\n'), "{line:?}");
    }
});
