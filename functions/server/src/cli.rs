//! The command line: each setting is a flag with the same name in kebab case.

use clap::{Arg, ArgMatches, Command, builder::NonEmptyStringValueParser};
use web::config::{Config, ConfigError, SETTINGS};

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// Serve the API.
    Serve,
    /// Ask a running one whether it is in service.
    Health,
    /// Print the OpenAPI document.
    Openapi,
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
        .subcommand(Command::new("serve").about("Serve the API"))
        .subcommand(Command::new("health").about("Ask a running Roster whether it is in service"))
        .subcommand(Command::new("openapi").about("Print the OpenAPI document"))
}

/// What is wrong with the command line, without the lines of advice that clap adds.
pub fn one_line(error: &clap::Error) -> String {
    let text = error.to_string();
    let line = text.lines().next().unwrap_or_default().trim_start_matches("error: ");
    format!("{line} (see roster --help)")
}

/// What to do, by the command line.
pub fn task(matches: &ArgMatches) -> Task {
    match matches.subcommand_name() {
        Some("health") => Task::Health,
        Some("openapi") => Task::Openapi,
        _ => Task::Serve,
    }
}

/// All settings: flags first, then what `environment` holds.
pub fn config(
    matches: &ArgMatches,
    environment: impl Fn(&str) -> Option<String>,
) -> Result<Config, ConfigError> {
    let flags = matches.subcommand().map_or(matches, |(_, flags)| flags);
    Config::read(|name| flags.get_one::<String>(name).cloned().or_else(|| environment(name)))
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
