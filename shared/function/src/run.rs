//! From the environment to the last event.

use std::{process::ExitCode, sync::Arc, time::Duration};

use axum::Router;
use domain::EventQueue;
use runtime::{
    Services, Telemetry,
    config::{Config, ConfigError},
    logging,
    telemetry::{self, Traces},
};
use serde::{Deserialize, Serialize};
use storage::Connection;
use tokio::{
    runtime::Handle,
    signal::unix::{SignalKind, signal},
    time::{Instant, timeout},
};
use web::App;

use crate::{
    Requirements,
    start::{StartError, Started, start},
};

/// Variables that Lambda sets for every function, and that the runtime requires.
const LAMBDA_VARIABLES: [&str; 4] = [
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_VERSION",
];

/// How long the last spans may take: Lambda kills a function 2 s after SIGTERM, sent if there is an
/// extension.
const LAST_SPANS_TIMEOUT: Duration = Duration::from_secs(1);

/// Runs a Lambda function until SIGTERM or SIGINT: reads the settings from `environment`, opens the store,
/// and serves events with `routes`.
///
/// If it cannot start, the reason is one line in the log, and is reported to Lambda.
pub fn run(
    environment: impl Fn(&str) -> Option<String>,
    requirements: Requirements,
    routes: impl FnOnce(&App) -> Router,
) -> ExitCode {
    let config = Config::read_function(&environment);
    started(&environment, config, requirements, async |started| answer_requests(started, routes).await)
}

/// Runs a Lambda function for other events than requests, as [`run`] does, until SIGTERM or SIGINT: `handler`
/// builds their handler from the services, the queue and the bucket. It gets each event with the moment at which Lambda
/// kills the function.
pub fn run_events<E, A, H, F>(
    environment: impl Fn(&str) -> Option<String>,
    handler: impl FnOnce(&Services, Arc<dyn EventQueue>, Option<String>) -> H,
) -> ExitCode
where
    E: for<'de> Deserialize<'de> + Send + 'static,
    A: Serialize + 'static,
    H: Fn(E, Instant) -> F + Clone,
    F: Future<Output = A>,
{
    let config = Config::read_worker(&environment);
    let bucket = config.as_ref().ok().and_then(|config| config.avatars_bucket.clone());
    started(&environment, config, Requirements::Events, async |started| {
        let Started { app: App { services, .. }, connection } = started;
        let telemetry = services.telemetry.clone();
        let queue = services.queue.clone().expect("the settings require a queue");
        let handler = handler(&services, queue, bucket);
        services.lifecycle.serving();
        let flush = async || telemetry.flush().await;
        let ended = tokio::select! {
            ended = web::lambda::events(handler, flush) => ended,
            () = termination_signal() => Ok(()),
        };
        end(ended, telemetry, connection).await
    })
}

/// Starts, and runs `serve` until the end.
fn started(
    environment: &impl Fn(&str) -> Option<String>,
    config: Result<Config, ConfigError>,
    requirements: Requirements,
    serve: impl AsyncFnOnce(Started) -> ExitCode,
) -> ExitCode {
    let log = config.as_ref().ok().and_then(|config| config.log);
    let filter = environment("RUST_LOG");
    // An invalid filter must not keep its own error out of the log.
    let logging = logging::start(log, filter.as_deref())
        .map_err(StartError::Filter)
        .inspect_err(|_| drop(logging::start(log, None)));
    let is_missing = |name: &&str| environment(name).is_none_or(|value| value.is_empty());
    let missing = LAMBDA_VARIABLES.into_iter().find(is_missing);
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
            let traces = Traces::start(environment, &Handle::current()).map_err(StartError::Traces)?;
            let off = telemetry::is_disabled(environment);
            let telemetry = if off { Telemetry::off() } else { Telemetry::for_function(traces) };
            start(config?, requirements, telemetry).await
        };
        match served.await {
            Ok(started) => serve(started).await,
            Err(error) => {
                if missing.is_none()
                    && let Err(unreached) = web::lambda::report_init_error(&error.to_string()).await
                {
                    tracing::warn!(
                        error = &*unreached as &dyn std::error::Error,
                        "could not report the init error to Lambda"
                    );
                }
                ExitCode::from(log_failure(&error))
            }
        }
    });
    // All is closed: a thread that is still reading must not keep the process alive.
    runtime.shutdown_background();
    code
}

/// Serves requests until SIGTERM or SIGINT, then closes the store.
async fn answer_requests(started: Started, routes: impl FnOnce(&App) -> Router) -> ExitCode {
    let Started { app, connection } = started;
    let telemetry = app.services.telemetry.clone();
    let closed = app.close(routes(&app));
    app.services.lifecycle.serving();
    // Flushed after each event: Lambda freezes the process while it waits for the next one.
    let flush = async || telemetry.flush().await;
    let ended = tokio::select! {
        ended = web::lambda(closed, app.links.base_path(), flush) => ended,
        () = termination_signal() => Ok(()),
    };
    end(ended, telemetry, connection).await
}

/// Closes the store, and exports the last spans.
async fn end(
    ended: Result<(), web::lambda::Error>,
    telemetry: Telemetry,
    connection: Connection,
) -> ExitCode {
    connection.close().await;
    // Spans that the collector was too slow for, and that of an interrupted request.
    let _ = timeout(LAST_SPANS_TIMEOUT, telemetry.stop()).await;
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(
                error = &*error as &dyn std::error::Error,
                "could not reach the Lambda runtime API"
            );
            ExitCode::FAILURE
        }
    }
}

async fn termination_signal() {
    let (Ok(mut terminate), Ok(mut interrupt)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        // Without handlers the signal itself ends the process.
        return std::future::pending().await;
    };
    tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
}

/// Logs one line; returns the exit code.
fn log_failure(error: &StartError) -> u8 {
    tracing::error!("{error}");
    error.exit_code()
}
