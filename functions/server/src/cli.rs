//! The command line: each setting is a flag with the same name in kebab case.

use std::time::Duration;

use clap::{Arg, ArgAction, ArgGroup, ArgMatches, Command, builder::NonEmptyStringValueParser, value_parser};
use domain::{Cursor, SweepPosition};
use runtime::config::{Config, ConfigError, SETTINGS};

use crate::commands::{
    events::{self, Selection},
    renditions, sweep, users,
};

/// The task to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Task {
    /// Serve the API, with or without processing events.
    Serve(WithWorker),
    /// Only process events.
    Worker,
    /// Manage dead-lettered events.
    Events(events::Action),
    /// Delete orphans and find missing objects.
    Sweep(sweep::Options),
    /// Write the bucket's ownership marker.
    Claim,
    /// Queue images for new renditions.
    Remake(renditions::Options),
    /// Find users whose ids an earlier release made by other rules.
    Users(users::Action),
    /// Check whether a running Roster is ready.
    Health,
    /// Print the OpenAPI document.
    Openapi,
}

/// Whether a serving process also processes events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WithWorker {
    /// Only on the embedded store, where no other process can.
    WhereAlone,
    Yes,
    No,
}

/// The command line.
pub fn command() -> Command {
    let settings = SETTINGS.iter().map(|setting| {
        let help = format!("{} [env: {}] [default: {}]", setting.meaning, setting.name, setting.default);
        Arg::new(setting.name)
            .long(setting.flag())
            .value_name("VALUE")
            .help(help)
            .global(true)
            .value_parser(NonEmptyStringValueParser::new())
    });
    Command::new("roster")
        .about("Users with their avatars")
        .version(env!("CARGO_PKG_VERSION"))
        .after_help("Without a command, roster runs `serve`. RUST_LOG filters the log.")
        .args(settings)
        .arg(switch("worker", "Also process image events").conflicts_with("no-worker"))
        .arg(switch("no-worker", "Leave image events to another process"))
        .subcommand(Command::new("serve").about("Serve the API; with SQLite also process image events"))
        .subcommand(Command::new("worker").about("Process image events from SQS or PostgreSQL"))
        .subcommand(events_command())
        .subcommand(sweep_command())
        .subcommand(
            Command::new("claim").about("Write the ownership marker roster.json to a bucket that has none"),
        )
        .subcommand(renditions_command())
        .subcommand(users_command())
        .subcommand(Command::new("health").about("Check whether a running Roster is ready"))
        .subcommand(Command::new("openapi").about("Print the OpenAPI document"))
}

fn events_command() -> Command {
    let ids = || Arg::new("id").value_name("ID").num_args(1..).help("IDs of the events");
    let all = || Arg::new("all").long("all").action(ArgAction::SetTrue).help("All dead-lettered events");
    let with_selection = |command: Command| {
        let which = ArgGroup::new("which").args(["id", "all"]).required(true);
        command.arg(ids()).arg(all()).group(which)
    };
    let limit = Arg::new("limit")
        .long("limit")
        .value_name("N")
        .default_value("100")
        .value_parser(value_parser!(u32).range(1..))
        .help("Maximum number of events to list");
    Command::new("events")
        .about("Manage dead-lettered events")
        .subcommand_required(true)
        .subcommand(
            Command::new("list")
                .about("List events")
                .arg(limit)
                .arg(json("Print a JSON object for each event")),
        )
        .subcommand(Command::new("show").about("Show one event").arg(ids().num_args(1).required(true)))
        .subcommand(with_selection(Command::new("redrive").about("Send events to the worker again")))
        .subcommand(with_selection(Command::new("drop").about("Delete events")))
}

fn sweep_command() -> Command {
    let dry_run = Arg::new("dry-run").long("dry-run").action(ArgAction::SetTrue).help("Change nothing");
    let older_than = Arg::new("older-than")
        .long("older-than")
        .value_name("AGE")
        .default_value("24h")
        .value_parser(age)
        .help("Skip objects younger than this, such as 90s, 15m, 24h or 7d; with aws at least 1h");
    let force = Arg::new("force")
        .long("force")
        .action(ArgAction::SetTrue)
        .help("Remove orphans even if they exceed both 100 and 5 % of the objects, or there are no users");
    let from = Arg::new("from")
        .long("from")
        .value_name("PLACE")
        .value_parser(|text: &str| text.parse::<SweepPosition>())
        .help("Resume at the place that an earlier sweep printed, such as avatars:KEY");
    Command::new("sweep")
        .about("Remove orphaned images, queue missing renditions, report missing images")
        .arg(dry_run)
        .arg(force)
        .arg(older_than)
        .arg(from)
        .arg(json("Print a JSON object for each finding and one for the summary"))
}

fn renditions_command() -> Command {
    let dry_run = Arg::new("dry-run").long("dry-run").action(ArgAction::SetTrue).help("Change nothing");
    let all = Arg::new("all")
        .long("all")
        .action(ArgAction::SetTrue)
        .help("Queue all images, not only those that an earlier release rendered incorrectly");
    let from = Arg::new("from")
        .long("from")
        .value_name("CURSOR")
        .value_parser(|text: &str| text.parse::<Cursor>())
        .help("Resume at the cursor that an earlier run printed");
    let remake = Command::new("remake")
        .about("Queue images for re-rendering if an earlier release rendered them incorrectly")
        .arg(dry_run)
        .arg(all)
        .arg(from)
        .arg(json("Print a JSON object for each image and one for the summary"));
    Command::new("renditions")
        .about("Manage the renditions of stored images")
        .subcommand_required(true)
        .subcommand(remake)
}

fn users_command() -> Command {
    let twins = Command::new("twins")
        .about("List users that are one mailbox, as an earlier release created them")
        .arg(json("Print a JSON object for each mailbox and one for the summary"));
    Command::new("users")
        .about("Manage users whose e-mails earlier releases compared by other rules")
        .subcommand_required(true)
        .subcommand(twins)
        .subcommand(
            Command::new("index").about("Make users findable by the hashes of both forms of their e-mail"),
        )
}

fn json(help: &'static str) -> Arg {
    Arg::new("json").long("json").action(ArgAction::SetTrue).help(help)
}

/// A duration such as 24h; at least a minute, because a write may take that long.
fn age(text: &str) -> Result<Duration, &'static str> {
    let must = "must be a duration such as 90s, 15m, 24h or 7d, at least 60s: a write may take that long";
    let age = humantime::parse_duration(text).map_err(|_| must)?;
    let fits = age >= Duration::from_mins(1) && age <= Duration::from_hours(24 * 3_650);
    if fits { Ok(age) } else { Err(must) }
}

/// A switch for `serve`, accepted with or without the command name.
fn switch(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).action(ArgAction::SetTrue).help(help).global(true)
}

/// The error in one line, without clap's advice.
pub fn one_line(error: &clap::Error) -> String {
    let text = error.to_string();
    let line = text.lines().next().unwrap_or_default().trim_start_matches("error: ");
    format!("{line} (see roster --help)")
}

/// The task that the command line asks for.
pub fn task(matches: &ArgMatches) -> Task {
    match matches.subcommand() {
        Some(("health", _)) => Task::Health,
        Some(("openapi", _)) => Task::Openapi,
        Some(("worker", _)) => Task::Worker,
        Some(("claim", _)) => Task::Claim,
        Some(("events", events)) => Task::Events(events_action(events)),
        Some(("sweep", sweep)) => Task::Sweep(sweep::Options {
            dry_run: sweep.get_flag("dry-run"),
            force: sweep.get_flag("force"),
            older_than: *sweep.get_one("older-than").expect("it has a default"),
            from: sweep.get_one("from").cloned(),
            json: sweep.get_flag("json"),
        }),
        Some(("renditions", renditions)) => Task::Remake(remake_options(renditions)),
        Some(("users", users)) => Task::Users(match users.subcommand() {
            Some(("twins", twins)) => users::Action::Twins { json: twins.get_flag("json") },
            _ => users::Action::Index,
        }),
        _ if matches.get_flag("worker") => Task::Serve(WithWorker::Yes),
        _ if matches.get_flag("no-worker") => Task::Serve(WithWorker::No),
        _ => Task::Serve(WithWorker::WhereAlone),
    }
}

fn remake_options(matches: &ArgMatches) -> renditions::Options {
    let (_, remake) = matches.subcommand().expect("it is required");
    renditions::Options {
        dry_run: remake.get_flag("dry-run"),
        all: remake.get_flag("all"),
        from: remake.get_one("from").cloned(),
        json: remake.get_flag("json"),
    }
}

fn events_action(matches: &ArgMatches) -> events::Action {
    let (name, matches) = matches.subcommand().expect("it is required");
    let ids = || matches.get_many::<String>("id").into_iter().flatten().cloned();
    let selection = || {
        if matches.get_flag("all") { Selection::All } else { Selection::Ids(ids().collect()) }
    };
    match name {
        "list" => {
            let limit = *matches.get_one::<u32>("limit").expect("it has a default");
            events::Action::List { limit: limit as usize, json: matches.get_flag("json") }
        }
        "show" => events::Action::Show(ids().next().expect("it is required")),
        "redrive" => events::Action::Redrive(selection()),
        _ => events::Action::Drop(selection()),
    }
}

/// All settings: flags first, then `environment`.
pub fn config(
    matches: &ArgMatches,
    environment: impl Fn(&str) -> Option<String>,
) -> Result<Config, ConfigError> {
    let mut flags = matches;
    while let Some((_, below)) = flags.subcommand() {
        flags = below;
    }
    // Not every name is a flag: secrets are not.
    let flag = |name: &str| flags.try_get_one::<String>(name).ok().flatten().cloned();
    let lookup = |name: &str| flag(name).or_else(|| environment(name));
    let config = match task(matches) {
        // These serve no API, so they need no `ROSTER_AUTH`.
        Task::Worker
        | Task::Health
        | Task::Events(_)
        | Task::Sweep(_)
        | Task::Claim
        | Task::Remake(_)
        | Task::Users(_) => Config::read_worker(lookup),
        _ => Config::read(lookup),
    }?;
    if flag("ROSTER_STORAGE").is_some() && config.storage.has_password() {
        return Err(ConfigError::storage(
            "must not contain a password in a flag, which every user of this machine can see: use \
            ROSTER_STORAGE_PASSWORD_FILE, PGPASSFILE or PGPASSWORD",
        ));
    }
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_wins_over_the_environment_before_and_after_the_command() {
        let environment = |name: &str| (name == "ROSTER_LISTEN").then(|| "127.0.0.1:1".to_owned());
        for line in
            [["roster", "--listen", "127.0.0.1:2", "serve"], ["roster", "serve", "--listen", "127.0.0.1:2"]]
        {
            let config = config(&command().get_matches_from(line), environment).unwrap();
            assert_eq!(config.listen.port(), 2);
        }
        let config = config(&command().get_matches_from(["roster"]), environment).unwrap();
        assert_eq!(config.listen.port(), 1);
    }

    #[test]
    fn the_command_line_is_consistent() {
        command().debug_assert();
    }
}
