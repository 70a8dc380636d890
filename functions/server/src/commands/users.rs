//! `roster users`: users whose ids an earlier release made by other rules.

use std::{
    collections::HashMap,
    io::{self, Write as _},
};

use anyhow::Context as _;
use boot::Plan;
use domain::{Cursor, Email, EmailHashes, Error, UserId, UserStore, environment::WrongEnvironment};
use serde_json::json;
use storage::retry::{Retries, with_retries};

/// Users in one page.
const PAGE: usize = 1_000;

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Report users that are one mailbox by today's rules.
    Twins {
        /// Print a JSON object for each mailbox and one for the summary.
        json: bool,
    },
    /// Make every user findable by both forms of its e-mail.
    Index,
}

/// Walks over all users. Returns whether there is nothing to do by hand.
///
/// # Errors
/// If the store cannot be opened or fails.
pub async fn users(action: Action, plan: Plan) -> anyhow::Result<bool> {
    let connection = plan.open_tool().await?;
    let users = connection.stores.users.clone();
    let done = match action {
        Action::Twins { json } => report_twins(users.as_ref(), json).await,
        Action::Index => index(users.as_ref()).await.map(|()| true),
    };
    connection.close().await;
    match done.map_err(anyhow::Error::downcast::<Error>) {
        Ok(done) => Ok(done),
        Err(Ok(Error::WrongEnvironment(why))) => Err(WrongEnvironment::into(why)),
        Err(Ok(error)) => Err(error.into()),
        Err(Err(error)) => Err(error),
    }
}

/// Calls `visit` with the key of each user in the store, and its e-mail. Returns how many they are.
async fn walk(users: &dyn UserStore, mut visit: impl FnMut(&Cursor, Email)) -> anyhow::Result<u64> {
    let (mut at, mut checked) = (None, 0);
    loop {
        let page = with_retries(Retries::default(), || users.list(at.clone(), PAGE)).await?;
        for user in page.users() {
            visit(&user.cursor(), Email::from_store(user.email.to_owned()));
            checked += 1;
        }
        at = page.next;
        if at.is_none() {
            return Ok(checked);
        }
    }
}

/// Memory grows only with the users under another key than the one of their e-mail today.
async fn report_twins(users: &dyn UserStore, json: bool) -> anyhow::Result<bool> {
    let mut odd: HashMap<UserId, Vec<String>> = HashMap::new();
    let checked = walk(users, |key, email| {
        let today = UserId::of(&email);
        match key {
            Cursor::User(id) if *id == today => {}
            Cursor::User(id) => odd.entry(today).or_default().push(id.to_string()),
            Cursor::Other(key) => odd.entry(today).or_default().push(key.clone()),
        }
    })
    .await?;
    let mut twins = Vec::new();
    for (today, mut keys) in odd {
        match with_retries(Retries::default(), || users.get(&today)).await {
            // A damaged one exists as well.
            Ok(_) | Err(Error::Damaged(_)) => keys.push(today.to_string()),
            Err(Error::NotFound) => {}
            Err(error) => return Err(error.into()),
        }
        if keys.len() > 1 {
            keys.sort_unstable();
            twins.push(keys);
        }
    }
    twins.sort_unstable();
    print_twins(&twins, checked, json).context("could not write the report")?;
    Ok(twins.is_empty())
}

fn print_twins(twins: &[Vec<String>], checked: u64, json: bool) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if json {
        for ids in twins {
            writeln!(out, "{}", json!({"users": ids}))?;
        }
        return writeln!(out, "{}", json!({"checked": checked, "mailboxes": twins.len()}));
    }
    for ids in twins {
        writeln!(out, "one mailbox: {}", ids.join(" "))?;
    }
    writeln!(out, "{checked} users checked; {} mailboxes have several users", twins.len())
}

async fn index(users: &dyn UserStore) -> anyhow::Result<()> {
    let mut ids = Vec::new();
    let checked = walk(users, |key, email| {
        if let Cursor::User(id) = key
            && EmailHashes::of(id, &email).other.is_some()
        {
            ids.push(*id);
        }
    })
    .await?;
    let mut indexed = 0;
    for id in ids {
        let user = match with_retries(Retries::default(), || users.get(&id)).await {
            Ok(user) => user,
            // Erased since.
            Err(Error::NotFound) => continue,
            Err(Error::Damaged(why)) => {
                tracing::warn!(user.id = %id, error = &*why as &dyn std::error::Error, "user is damaged; not indexed");
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        match with_retries(Retries::default(), || users.index(&user)).await {
            Ok(()) => indexed += 1,
            Err(Error::NotFound) => {}
            Err(error) => return Err(error.into()),
        }
    }
    writeln!(io::stdout(), "{checked} users checked; {indexed} indexed")?;
    Ok(())
}
