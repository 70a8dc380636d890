//! Logs: text on a terminal, else JSON, one line for each event, on standard error.

mod json;

use std::{fs::File, io::IsTerminal as _, os::fd::AsFd as _, str::FromStr as _, sync::Arc};

use tracing::{Level, Metadata};
use tracing_subscriber::{
    Layer as _,
    filter::{Targets, filter_fn},
    fmt,
    layer::SubscriberExt as _,
    util::SubscriberInitExt as _,
};

use crate::config::LogFormat;

/// Targets that log whole requests (table items, bodies, tokens) below these levels, which no filter enables.
const LOUD: [(&str, Level); 2] = [("aws_", Level::INFO), ("lambda_runtime", Level::DEBUG)];

/// Starts logging, once. `filter` is the value of `RUST_LOG`, directives such as `info,web::event=debug`; without it
/// everything is `info`.
///
/// # Errors
/// One line if the filter is invalid, or standard error is unavailable.
pub fn start(format: Option<LogFormat>, filter: Option<&str>) -> Result<(), String> {
    let filter = filter.filter(|filter| !filter.trim().is_empty()).unwrap_or("info");
    let filter = Targets::from_str(filter).map_err(|error| format!("RUST_LOG: {error}"))?;
    let stderr = std::io::stderr();
    let terminal = stderr.is_terminal();
    let default = if terminal { LogFormat::Text } else { LogFormat::Json };
    // Our own file: each line is one system call, which keeps it whole (in a full pipe up to 4 KiB of it),
    // and threads need not wait for the lock of `Stderr`.
    let file = stderr.as_fd().try_clone_to_owned().map_err(|error| format!("standard error: {error}"))?;
    let lines = fmt::layer().with_writer(Arc::new(File::from(file))).with_target(false);
    let lines = match format.unwrap_or(default) {
        LogFormat::Text => lines.compact().with_ansi(terminal).boxed(),
        LogFormat::Json => lines.event_format(json::Json).boxed(),
    };
    tracing_subscriber::registry().with(filter).with(filter_fn(is_discreet)).with(lines).init();
    Ok(())
}

fn is_discreet(event: &Metadata<'_>) -> bool {
    LOUD.iter().all(|(target, least)| !event.target().starts_with(target) || event.level() <= least)
}
