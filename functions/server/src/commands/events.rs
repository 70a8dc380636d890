//! `roster events`: dead-lettered events.

use std::{collections::BTreeSet, io::Write as _};

use anyhow::Context as _;
use boot::Plan;
use domain::{DeadLetter, DeadLetters, queue::ExistingLetters};
use serde_json::json;
use storage::{event_json::payload, letters::LetterWalk, retry::Retries};

/// What to do with which dead letters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// List them, one per line.
    List {
        /// Maximum number to list.
        limit: usize,
        /// Print each as a JSON object.
        json: bool,
    },
    /// Show one in full.
    Show(String),
    /// Send these to the workers again.
    Redrive(Selection),
    /// Delete these.
    Drop(Selection),
}

/// Which events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// All of them.
    All,
    /// Those with these ids.
    Ids(BTreeSet<String>),
}

/// Runs `action` and prints what was done.
///
/// # Errors
/// If the store cannot be opened or fails, or an id is not that of a dead letter.
pub async fn events(action: Action, plan: Plan) -> anyhow::Result<()> {
    let connection = plan.open_tool().await?;
    let letters = connection.tools.dead_letters.clone().context("this store has no dead-letter queue")?;
    let letters = letters.as_ref();
    let done = match action {
        Action::List { limit, json } => list(letters, limit, json).await,
        Action::Show(id) => show(letters, id).await,
        Action::Redrive(selection) => change_all(letters, selection, Change::Redrive).await,
        Action::Drop(selection) => change_all(letters, selection, Change::Drop).await,
    };
    connection.close().await;
    done
}

#[derive(Clone, Copy)]
enum Change {
    Redrive,
    Drop,
}

/// Receives letters to read them, and releases them in every case.
async fn peek(
    letters: &dyn DeadLetters,
    mut visit: impl FnMut(&DeadLetter) -> anyhow::Result<bool>,
) -> anyhow::Result<()> {
    let mut walk = LetterWalk::new(letters, Retries::default());
    let result = async {
        loop {
            let some = walk.next().await?;
            if some.is_empty() {
                return Ok(());
            }
            let wants_more = some.iter().map(&mut visit).collect::<anyhow::Result<Vec<bool>>>();
            for letter in some {
                walk.hold(letter);
            }
            if wants_more?.contains(&false) {
                return Ok(());
            }
        }
    };
    let result: anyhow::Result<()> = result.await;
    walk.release().await?;
    result
}

async fn list(letters: &dyn DeadLetters, limit: usize, json: bool) -> anyhow::Result<()> {
    let (mut out, mut shown) = (std::io::stdout().lock(), 0);
    if !json {
        writeln!(out, "{:<38} {:<24} {:>8}  REASON", "ID", "SENT", "RECEIVES")?;
    }
    peek(letters, |letter| {
        if shown == limit {
            return Ok(false);
        }
        shown += 1;
        if json {
            writeln!(out, "{}", as_json(letter))?;
        } else {
            let DeadLetter { delivery, reason } = letter;
            let sent_at = delivery.sent_at.to_string();
            writeln!(
                out,
                "{:<38} {sent_at:<24} {:>8}  {}",
                delivery.id,
                delivery.receives,
                reason_text(reason.as_deref())
            )?;
        }
        Ok(true)
    })
    .await
}

async fn show(letters: &dyn DeadLetters, id: String) -> anyhow::Result<()> {
    let mut found = None;
    peek(letters, |letter| {
        if letter.delivery.id == id {
            found = Some(as_json(letter));
        }
        Ok(found.is_none())
    })
    .await?;
    let found = found.with_context(|| format!("dead letter not found: {id}"))?;
    writeln!(std::io::stdout(), "{found:#}")?;
    Ok(())
}

/// Changes the selected letters, one after the other, so that memory does not grow with their number. Letters that come
/// meanwhile are left for the next run: otherwise this might not end. What is left is released at the end.
async fn change_all(letters: &dyn DeadLetters, selection: Selection, change: Change) -> anyhow::Result<()> {
    let mut changed = 0_u64;
    let mut missing = match &selection {
        Selection::All => BTreeSet::new(),
        Selection::Ids(ids) => ids.clone(),
    };
    let mut walk = LetterWalk::new(letters, Retries::default());
    let outcome = async {
        let existing = letters.existing().await?;
        let are_left = |changed: u64, missing: &BTreeSet<String>| match (&selection, existing) {
            (Selection::All, ExistingLetters::First(count)) => changed < count,
            (Selection::All, ExistingLetters::SentBefore(_)) => true,
            (Selection::Ids(_), _) => !missing.is_empty(),
        };
        while are_left(changed, &missing) {
            let some = walk.next().await?;
            if some.is_empty() {
                break;
            }
            for letter in some {
                let is_meant = match (&selection, existing) {
                    (Selection::All, ExistingLetters::First(count)) => changed < count,
                    (Selection::All, ExistingLetters::SentBefore(time)) => letter.delivery.sent_at < time,
                    (Selection::Ids(_), _) => missing.remove(&letter.delivery.id),
                };
                if !is_meant {
                    walk.hold(letter);
                    continue;
                }
                match change {
                    Change::Redrive => letters.redrive(&letter).await?,
                    Change::Drop => letters.remove(&letter).await?,
                }
                changed += 1;
            }
        }
        anyhow::Ok(())
    };
    let outcome = outcome.await;
    let released = walk.release().await;
    let done = match change {
        Change::Redrive => "redriven",
        Change::Drop => "dropped",
    };
    writeln!(std::io::stdout(), "{changed} {done}")?;
    outcome?;
    released?;
    let missing: Vec<_> = missing.into_iter().collect();
    anyhow::ensure!(missing.is_empty(), "dead letter not found: {}", missing.join(", "));
    Ok(())
}

fn as_json(letter: &DeadLetter) -> serde_json::Value {
    let DeadLetter { delivery, reason } = letter;
    json!({
        "id": delivery.id,
        "sent_at": delivery.sent_at.to_string(),
        "receives": delivery.receives,
        "reason": reason,
        "payload": payload(delivery),
    })
}

/// SQS itself moves an event that was received too many times, without a reason.
fn reason_text(reason: Option<&str>) -> &str {
    reason.unwrap_or("unknown; received too many times, e.g. because a worker was killed or took too long")
}
