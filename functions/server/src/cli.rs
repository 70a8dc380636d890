//! The command line: each setting is a flag with the same name in kebab case.

use std::time::Duration;

use clap::{Arg, ArgAction, ArgGroup, ArgMatches, Command, builder::NonEmptyStringValueParser, value_parser};
use domain::Place;
use web::config::{Config, ConfigError, SETTINGS};

use crate::commands::{
    events::{self, Selection},
    renditions, sweep,
};

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Task {
    /// Serve the API, and work events as well if so told.
    Serve(WithWorker),
    /// Work events, and nothing else.
    Worker,
    /// See to the events that were given up.
    Events(events::Action),
    /// Look for what should not be there, or should.
    Sweep(sweep::Options),
    /// Say in the bucket whose it is.
    Claim,
    /// Have renditions made again.
    Remake(renditions::Options),
    /// Ask a running one whether it is in service.
    Health,
    /// Print the OpenAPI document.
    Openapi,
}

/// Whether a process that serves works events too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WithWorker {
    /// Where nobody else could: on the embedded store.
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
        .after_help("Without a command it serves. RUST_LOG filters what is logged.")
        .args(settings)
        .arg(switch("worker", "Work events of stored images as well").conflicts_with("no-worker"))
        .arg(switch("no-worker", "Leave events of stored images to another process"))
        .subcommand(Command::new("serve").about("Serve the API; on the embedded store also work events"))
        .subcommand(Command::new("worker").about("Work events of stored images, from SQS"))
        .subcommand(events_command())
        .subcommand(sweep_command())
        .subcommand(
            Command::new("claim").about("Write roster.json into a bucket that does not say whose it is"),
        )
        .subcommand(renditions_command())
        .subcommand(Command::new("health").about("Ask a running Roster whether it is in service"))
        .subcommand(Command::new("openapi").about("Print the OpenAPI document"))
}

fn events_command() -> Command {
    let ids = || Arg::new("id").value_name("ID").num_args(1..).help("Which, by id");
    let all = || Arg::new("all").long("all").action(ArgAction::SetTrue).help("Every one");
    let some = |command: Command| {
        let which = ArgGroup::new("which").args(["id", "all"]).required(true);
        command.arg(ids()).arg(all()).group(which)
    };
    let limit = Arg::new("limit")
        .long("limit")
        .value_name("N")
        .default_value("100")
        .value_parser(value_parser!(u32).range(1..))
        .help("At most so many");
    Command::new("events")
        .about("See to the events that were given up")
        .subcommand_required(true)
        .subcommand(Command::new("list").about("List them").arg(limit).arg(json("A JSON object for each")))
        .subcommand(Command::new("show").about("Show all of one").arg(ids().num_args(1).required(true)))
        .subcommand(some(Command::new("redrive").about("Send them to the worker again")))
        .subcommand(some(Command::new("drop").about("Forget them")))
}

fn sweep_command() -> Command {
    let dry_run = Arg::new("dry-run").long("dry-run").action(ArgAction::SetTrue).help("Change nothing");
    let older_than = Arg::new("older-than")
        .long("older-than")
        .value_name("TIME")
        .default_value("24h")
        .value_parser(age)
        .help("Leave alone what is younger: 90s, 15m, 24h, 7d; with aws at least 1h");
    let force = Arg::new("force")
        .long("force")
        .action(ArgAction::SetTrue)
        .help("Remove orphans even where they are more than 100 and more than 5 %, or there is no user");
    let from = Arg::new("from")
        .long("from")
        .value_name("PLACE")
        .value_parser(|text: &str| text.parse::<Place>())
        .help("Begin where an earlier sweep stopped, such as avatars:KEY");
    Command::new("sweep")
        .about("Remove images that no user names, have missing renditions made, report missing images")
        .arg(dry_run)
        .arg(force)
        .arg(older_than)
        .arg(from)
        .arg(json("A JSON object for each finding, and one for the whole"))
}

fn renditions_command() -> Command {
    let dry_run = Arg::new("dry-run").long("dry-run").action(ArgAction::SetTrue).help("Change nothing");
    let all = Arg::new("all")
        .long("all")
        .action(ArgAction::SetTrue)
        .help("Every image, not only those that earlier releases rendered wrong");
    let remake = Command::new("remake")
        .about("Send images that earlier releases rendered wrong to the worker again")
        .arg(dry_run)
        .arg(all)
        .arg(json("A JSON object for each image, and one for the whole"));
    Command::new("renditions")
        .about("Manage the renditions of stored images")
        .subcommand_required(true)
        .subcommand(remake)
}

fn json(help: &'static str) -> Arg {
    Arg::new("json").long("json").action(ArgAction::SetTrue).help(help)
}

/// A time such as 24h; not less than a minute, for which a write may be under way.
fn age(text: &str) -> Result<Duration, &'static str> {
    let must =
        "must be a time such as 90s, 15m, 24h or 7d, at least 60s: a write may be under way for that long";
    let (number, unit) = text.split_at(text.len().saturating_sub(1));
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return Err(must),
    };
    let number = number.parse::<u32>().map_err(|_| must)?;
    let age = Duration::from_secs(u64::from(number) * seconds);
    let fits = age >= Duration::from_mins(1) && age <= Duration::from_hours(24 * 3_650);
    if fits { Ok(age) } else { Err(must) }
}

/// Says something of `serve`, with and without its name.
fn switch(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).action(ArgAction::SetTrue).help(help).global(true)
}

/// What is wrong with the command line, without the lines of advice that clap adds.
pub fn one_line(error: &clap::Error) -> String {
    let text = error.to_string();
    let line = text.lines().next().unwrap_or_default().trim_start_matches("error: ");
    format!("{line} (see roster --help)")
}

/// What to do, by the command line.
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

/// All settings: flags first, then what `environment` holds.
pub fn config(
    matches: &ArgMatches,
    environment: impl Fn(&str) -> Option<String>,
) -> Result<Config, ConfigError> {
    let mut flags = matches;
    while let Some((_, below)) = flags.subcommand() {
        flags = below;
    }
    let lookup = |name: &str| flags.get_one::<String>(name).cloned().or_else(|| environment(name));
    match task(matches) {
        // Nobody reaches these, so nobody needs to say who may.
        Task::Worker | Task::Health | Task::Events(_) | Task::Sweep(_) | Task::Claim | Task::Remake(_) => {
            Config::read_worker(lookup)
        }
        _ => Config::read(lookup),
    }
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
