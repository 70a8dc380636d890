//! Logs: text on a terminal, else JSON, one line for each event, on standard error.

mod json;

use std::{fs::File, io::IsTerminal as _, os::fd::AsFd as _, sync::Arc};

use tracing::{Level, Metadata};
use tracing_subscriber::{
    EnvFilter, Layer as _, filter::filter_fn, fmt, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};

use crate::config::LogFormat;

/// What shows whole requests below these levels, whoever asks for it: items of the table, bodies, tokens.
const LOUD: [(&str, Level); 2] = [("aws_", Level::INFO), ("lambda_runtime", Level::DEBUG)];

/// Starts logging, once. `filter` is what `RUST_LOG` says; what it does not say is `info`.
///
/// # Errors
/// One line for a filter that cannot be understood, or for a standard error that cannot be had.
pub fn start(format: Option<LogFormat>, filter: Option<&str>) -> Result<(), String> {
    let filter =
        EnvFilter::try_new(filter.unwrap_or("info")).map_err(|error| format!("RUST_LOG: {error}"))?;
    let stderr = std::io::stderr();
    let terminal = stderr.is_terminal();
    let default = if terminal { LogFormat::Text } else { LogFormat::Json };
    // A file of our own: each line is one call of the system, which keeps it whole (in a pipe that is full, up to 4 KiB of
    // it), and threads need not wait for the lock of `Stderr` around it.
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
