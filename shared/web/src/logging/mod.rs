//! Logs: text on a terminal, else JSON, one line for each event, on standard error.

mod json;

use std::io::IsTerminal as _;

use tracing_subscriber::{EnvFilter, fmt};

use crate::config::LogFormat;

/// Starts logging, once. `filter` is what `RUST_LOG` says; what it does not say is `info`.
///
/// # Errors
/// One line for a filter that cannot be understood.
pub fn start(format: Option<LogFormat>, filter: Option<&str>) -> Result<(), String> {
    let filter =
        EnvFilter::try_new(filter.unwrap_or("info")).map_err(|error| format!("RUST_LOG: {error}"))?;
    // At `trace` Lambda's runtime shows whole events, with the bodies and tokens in them.
    let filter = filter.add_directive("lambda_runtime=debug".parse().expect("a directive"));
    let terminal = std::io::stderr().is_terminal();
    let default = if terminal { LogFormat::Text } else { LogFormat::Json };
    let builder = fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    match format.unwrap_or(default) {
        LogFormat::Text => builder.compact().with_ansi(terminal).init(),
        LogFormat::Json => builder.event_format(json::Json).init(),
    }
    Ok(())
}
