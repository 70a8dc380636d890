//! One rule, and its syntax.

use std::time::Duration;

use crate::connect::fault_names::fault_names;

/// The text is not a list of rules. The message is one line with what is expected.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum FaultError {
    /// No `=` between operation and effect.
    #[error("{0:?} is not OPERATION=EFFECT")]
    NotARule(String),
    /// There is no such operation.
    #[error("{0:?} is not an operation; choose from {list}", list = fault_names().collect::<Vec<_>>().join(", "))]
    UnknownOperation(String),
    /// There is no such effect.
    #[error(
        "{0:?} is not an effect; choose from unavailable, fail, throttled, damaged, panic, slow:50ms; \
        then *3, @from:2, @after"
    )]
    UnknownEffect(String),
}

/// What a rule does. The delays of many rules add up; of failures the first one counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Slow(Duration),
    Fail(Effect),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    Unavailable,
    Throttled,
    Damaged,
    Panic,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    Before,
    After,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) operation: &'static str,
    pub(super) kind: Kind,
    pub(super) when: When,
    /// How many more times it applies; `None` for always.
    left: Option<u32>,
    /// How many more calls it skips.
    spared: u32,
}

impl Rule {
    /// Whether it has started; called once for each call.
    pub(super) fn has_begun(&mut self) -> bool {
        if self.spared == 0 {
            return true;
        }
        self.spared -= 1;
        false
    }

    /// Whether it applies this time.
    pub(super) fn use_once(&mut self) -> bool {
        match &mut self.left {
            None => true,
            Some(0) => false,
            Some(left) => {
                *left -= 1;
                true
            }
        }
    }
}

pub(super) fn parse_rules(text: &str) -> Result<Vec<Rule>, FaultError> {
    text.split(',').map(str::trim).filter(|rule| !rule.is_empty()).map(parse_rule).collect()
}

fn parse_rule(text: &str) -> Result<Rule, FaultError> {
    let (name, effect) = text.split_once('=').ok_or_else(|| FaultError::NotARule(text.to_owned()))?;
    let operation = fault_names()
        .find(|operation| *operation == name.trim())
        .ok_or_else(|| FaultError::UnknownOperation(name.trim().to_owned()))?;
    let unknown = || FaultError::UnknownEffect(effect.to_owned());
    let (rest, when) = match effect.strip_suffix("@after") {
        Some(rest) => (rest, When::After),
        None => (effect, When::Before),
    };
    let (rest, first) = match rest.split_once("@from:") {
        Some((rest, first)) => (rest, first.parse::<u32>().map_err(|_| unknown())?),
        None => (rest, 1),
    };
    // The first call has the number 1.
    let spared = first.checked_sub(1).ok_or_else(unknown)?;
    let (rest, left) = match rest.split_once('*') {
        Some((rest, times)) => (rest, Some(times.parse().map_err(|_| unknown())?)),
        None => (rest, None),
    };
    let kind = parse_kind(rest.trim()).ok_or_else(unknown)?;
    Ok(Rule { operation, kind, when, left, spared })
}

fn parse_kind(text: &str) -> Option<Kind> {
    let effect = match text {
        "unavailable" | "fail" => Effect::Unavailable,
        "throttled" => Effect::Throttled,
        "damaged" => Effect::Damaged,
        "panic" => Effect::Panic,
        _ => {
            return text
                .strip_prefix("slow:")
                .and_then(|time| humantime::parse_duration(time).ok())
                .map(Kind::Slow);
        }
    };
    Some(Kind::Fail(effect))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_read_with_its_suffixes() {
        let rule = |kind, when, left| Rule { operation: "users.create", kind, when, left, spared: 0 };
        let (unavailable, throttled) = (Kind::Fail(Effect::Unavailable), Kind::Fail(Effect::Throttled));
        let slow = |ms| Kind::Slow(Duration::from_millis(ms));
        for (text, expected) in [
            ("users.create=unavailable", rule(unavailable, When::Before, None)),
            ("users.create=fail", rule(unavailable, When::Before, None)),
            (" users.create=throttled*3 ", rule(throttled, When::Before, Some(3))),
            ("users.create=damaged@after", rule(Kind::Fail(Effect::Damaged), When::After, None)),
            ("users.create=slow:5ms*2@after", rule(slow(5), When::After, Some(2))),
            (
                "users.create=fail*2@from:3@after",
                Rule { spared: 2, ..rule(unavailable, When::After, Some(2)) },
            ),
            ("users.create=slow:2s", rule(slow(2000), When::Before, None)),
        ] {
            assert_eq!(parse_rules(text).unwrap(), [expected], "{text}");
        }
    }

    #[test]
    fn rules_are_separated_by_commas_and_may_be_empty() {
        assert_eq!(parse_rules("users.get=panic, users.list=fail,").unwrap().len(), 2);
        assert!(parse_rules("").unwrap().is_empty());
    }

    #[test]
    fn an_invalid_rule_is_refused_with_the_valid_choices() {
        let message = |text: &str| parse_rules(text).unwrap_err().to_string();
        assert!(message("users.create").contains("OPERATION=EFFECT"));
        assert!(message("users.crate=fail").contains("users.create, users.created"));
        for effect in [
            "",
            "broken",
            "slow",
            "slow:5",
            "slow:ms",
            "fail*",
            "fail*x",
            "fail@before",
            "fail@after*3",
            "fail@from",
            "fail@from:",
            "fail@from:0",
            "fail@from:2*3",
            "fail@after@from:2",
        ] {
            assert!(message(&format!("users.create={effect}")).contains("slow:50ms"), "{effect}");
        }
    }
}
