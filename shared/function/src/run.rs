//! From the environment to the last event.

use std::{process::ExitCode, time::Duration};

use axum::Router;
use tokio::{
    runtime::Handle,
    signal::unix::{SignalKind, signal},
    time::timeout,
};
use web::{
    Kit, Telemetry,
    config::Config,
    logging,
    telemetry::{self, Traces},
};

use crate::{
    Needs,
    start::{StartError, Started, start},
};

/// What Lambda tells every function, and the runtime cannot do without.
const TOLD_BY_LAMBDA: [&str; 4] = [
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_VERSION",
];

/// How long the last spans may take: Lambda ends a function 2 s after SIGTERM, which it sends where there is an extension.
const LAST_SPANS_WITHIN: Duration = Duration::from_secs(1);

/// Runs a Lambda function until it is told to end: reads the settings that `environment` holds, opens the store, and
/// answers events with `routes`.
///
/// Why it could not start is one line in the log, and told to Lambda.
pub fn run(
    environment: impl Fn(&str) -> Option<String>,
    needs: Needs,
    routes: impl FnOnce(&Kit) -> Router,
) -> ExitCode {
    let config = Config::read_function(&environment);
    let log = config.as_ref().ok().and_then(|config| config.log);
    let filter = environment("RUST_LOG");
    // A filter that cannot be understood must not keep the line from the log that says so.
    let logging = logging::start(log, filter.as_deref())
        .map_err(StartError::Filter)
        .inspect_err(|_| drop(logging::start(log, None)));
    let is_missing = |name: &&str| environment(name).is_none_or(|value| value.is_empty());
    let missing = TOLD_BY_LAMBDA.into_iter().find(is_missing);
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return ExitCode::from(log_failure(&error.into())),
    };
    let code = runtime.block_on(async {
        let served = async {
            logging?;
            if let Some(name) = missing {
                return Err(StartError::NotLambda(name));
            }
            let traces = Traces::start(&environment, &Handle::current()).map_err(StartError::Traces)?;
            let off = telemetry::is_disabled(&environment);
            let telemetry = if off { Telemetry::off() } else { Telemetry::for_function(traces) };
            start(config?, needs, telemetry).await
        };
        match served.await {
            Ok(started) => serve(started, routes).await,
            Err(error) => {
                if missing.is_none()
                    && let Err(unreached) = web::lambda::report_init_error(&error.to_string()).await
                {
                    tracing::warn!(error = &*unreached as &dyn std::error::Error, "Lambda was not told");
                }
                ExitCode::from(log_failure(&error))
            }
        }
    });
    // All is closed: a thread that still reads something must not keep the process.
    runtime.shutdown_background();
    code
}

/// Answers events until SIGTERM or SIGINT, then closes the store.
async fn serve(started: Started, routes: impl FnOnce(&Kit) -> Router) -> ExitCode {
    let Started { kit, telemetry, connection } = started;
    let closed = kit.close(routes(&kit));
    kit.lifecycle.serving();
    // Here telemetry sends what it holds: the process stands still once the next event is waited for.
    let flush = async || telemetry.flush().await;
    let ended = tokio::select! {
        ended = web::lambda(closed, kit.links.base_path(), flush) => ended,
        () = told_to_end() => Ok(()),
    };
    connection.close().await;
    // What a collector was too slow for, and the request that was cut off.
    let _ = timeout(LAST_SPANS_WITHIN, telemetry.stop()).await;
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = &*error as &dyn std::error::Error, "Lambda cannot be reached");
            ExitCode::FAILURE
        }
    }
}

async fn told_to_end() {
    let (Ok(mut terminate), Ok(mut interrupt)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        // The system ends the process at the signal.
        return std::future::pending().await;
    };
    tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
}

/// One line, and what the process ends with.
fn log_failure(error: &StartError) -> u8 {
    tracing::error!("{error}");
    error.exit_code()
}
