//! The binary `roster`.

use std::{io::Write as _, process::ExitCode};

use boot::{OpenError, Plan, Requirements};
use domain::environment::WrongEnvironment;
use runtime::{
    Telemetry,
    config::{Config, SETTINGS},
    logging,
    telemetry::{Traces, is_disabled},
};
use server::{
    cli::{self, Task, WithWorker},
    commands::{claim, events, health, renditions, serve, sweep, users, worker},
};
use tokio::runtime::{Builder, Runtime};

/// A setting is missing or invalid (`EX_USAGE`).
const BAD_SETTING: u8 = 64;
/// Process, settings and store are not of the same environment (`EX_CONFIG`).
const WRONG_ENVIRONMENT: u8 = 78;

fn main() -> ExitCode {
    allocator::return_large_allocations();
    let matches = match cli::command().try_get_matches() {
        Ok(matches) => matches,
        Err(error) if error.use_stderr() => return fail(BAD_SETTING, &cli::one_line(&error)),
        Err(help) => return print(&help.to_string()),
    };
    if let Some(name) = SETTINGS.iter().map(|setting| setting.name).find(|name| is_not_text(name)) {
        return fail(BAD_SETTING, &format!("{name}: must be valid UTF-8"));
    }
    #[expect(clippy::disallowed_methods, reason = "main sees the environment")]
    let environment = |name: &str| std::env::var(name).ok();
    let config = match cli::config(&matches, environment) {
        Ok(config) => config,
        Err(error) => return fail(BAD_SETTING, &error),
    };
    match cli::task(&matches) {
        Task::Openapi => print(list_users::OPENAPI),
        Task::Health => match runtime()
            .and_then(|runtime| runtime.block_on(health::health(config.listen, config.management_listen)))
        {
            Ok(answer) => print(&format!("{answer}\n")),
            Err(error) => fail(1, &format!("{error:#}")),
        },
        task => match runtime() {
            Ok(runtime) => {
                let code = run(config, task, &runtime, environment);
                // Everything is closed: a running blocking read must not keep the process alive.
                runtime.shutdown_background();
                code
            }
            Err(error) => fail(1, &error),
        },
    }
}

fn run(
    config: Config,
    task: Task,
    runtime: &Runtime,
    environment: impl Fn(&str) -> Option<String>,
) -> ExitCode {
    if task == Task::Worker && !config.is_shared() {
        return fail(
            BAD_SETTING,
            &"ROSTER_STORAGE: `roster worker` requires a shared store, postgres://… or aws; \
            with the embedded store `roster serve` processes events itself",
        );
    }
    if let Task::Sweep(options) = &task
        && config.is_aws()
        && options.older_than < sweep::MIN_AGE_IN_BUCKET
    {
        return fail(
            BAD_SETTING,
            &"--older-than: must be at least 1h with aws: a write can stall for that long",
        );
    }
    let requirements = match task {
        Task::Serve(WithWorker::WhereAlone | WithWorker::No) | Task::Claim => Requirements::UsersAndImages,
        Task::Users(_) => Requirements::Users,
        _ => Requirements::Events,
    };
    let plan = match Plan::new(&config, requirements) {
        Ok(plan) => plan,
        Err(error) => return fail(error.exit_code(), &error),
    };
    if let Err(error) = logging::start(config.log, environment("RUST_LOG").as_deref()) {
        return fail(BAD_SETTING, &error);
    }
    let traces = match Traces::start(&environment, runtime.handle()) {
        Ok(traces) => traces,
        Err(error) => return fail(BAD_SETTING, &error),
    };
    if matches!(task, Task::Serve(_) | Task::Worker)
        && let Err(error) = allocator::return_free_memory()
    {
        let error = &error as &dyn std::error::Error;
        tracing::warn!(
            error,
            "could not start returning free memory to the system; memory use may stay at its peak"
        );
    }
    let off = is_disabled(&environment);
    let telemetry = if off { Telemetry::off() } else { Telemetry::for_server(traces) };
    let ended = match task {
        Task::Serve(with_worker) => runtime.block_on(serve::serve(config, plan, telemetry, with_worker)),
        Task::Worker => runtime.block_on(worker::worker(config, plan, telemetry)),
        Task::Events(action) => runtime.block_on(events::events(action, plan)),
        Task::Sweep(options) => match runtime.block_on(sweep::sweep(options, plan)) {
            Ok(true) => Ok(()),
            // Reported line by line.
            Ok(false) => return ExitCode::FAILURE,
            Err(error) => Err(error),
        },
        Task::Claim => runtime.block_on(claim::claim(plan)),
        Task::Remake(options) => match runtime.block_on(renditions::remake(options, plan)) {
            Ok(true) => Ok(()),
            // Reported line by line.
            Ok(false) => return ExitCode::FAILURE,
            Err(error) => Err(error),
        },
        Task::Users(action) => match runtime.block_on(users::users(action, plan)) {
            Ok(true) => Ok(()),
            // Reported line by line.
            Ok(false) => return ExitCode::FAILURE,
            Err(error) => Err(error),
        },
        Task::Health | Task::Openapi => Ok(()),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.is::<WrongEnvironment>() => fail(WRONG_ENVIRONMENT, &error),
        Err(error) => {
            let code = error.downcast_ref().map_or(1, OpenError::exit_code);
            fail(code, &format!("{error:#}"))
        }
    }
}

fn is_not_text(name: &str) -> bool {
    #[expect(clippy::disallowed_methods, reason = "main sees the environment")]
    std::env::var_os(name).is_some_and(|value| value.to_str().is_none())
}

fn runtime() -> anyhow::Result<Runtime> {
    Ok(Builder::new_multi_thread().enable_all().build()?)
}

fn print(text: &str) -> ExitCode {
    match std::io::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn fail(code: u8, error: &dyn std::fmt::Display) -> ExitCode {
    // Fails only if stderr is closed.
    let _ = writeln!(std::io::stderr(), "roster: {error}");
    ExitCode::from(code)
}
