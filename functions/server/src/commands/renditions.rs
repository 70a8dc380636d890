//! `roster renditions remake`: queues images that earlier releases rendered incorrectly.

use std::io::Write as _;

use anyhow::Context as _;
use boot::Plan;
use domain::{AvatarKey, AvatarStored, Cursor, Error, ListedAvatar};
use serde_json::json;
use storage::Connection;

/// Users in one page.
const PAGE: usize = 1_000;

/// What to remake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Change nothing.
    pub dry_run: bool,
    /// All images, not only those that may have been rendered incorrectly.
    pub all: bool,
    /// Print a JSON object for each image and one for the summary.
    pub json: bool,
}

/// Counts so far.
#[derive(Default)]
struct Total {
    checked: u64,
    remade: u64,
    unreadable: u64,
}

/// Checks the image of every user. Returns whether all could be read.
///
/// # Errors
/// If the store cannot be opened or fails. Images queued before that are still rendered; running it again
/// queues them again, which is harmless.
pub async fn remake(options: Options, plan: Plan) -> anyhow::Result<bool> {
    let connection = plan.open_tool().await?;
    let mut total = Total::default();
    let result = check_all(options, &connection, &mut total).await;
    connection.close().await;
    total.print(options)?;
    result?;
    Ok(total.unreadable == 0)
}

async fn check_all(options: Options, connection: &Connection, total: &mut Total) -> anyhow::Result<()> {
    let queue = connection.tools.queue.as_ref().context(
        "ROSTER_EVENTS_QUEUE_URL, ROSTER_DEAD_LETTERS_URL: must be set to queue images for the worker",
    )?;
    let mut after: Option<Cursor> = None;
    loop {
        let page = connection.stores.users.list(after, PAGE).await?;
        for user in page.users() {
            let ListedAvatar::Kept(key) = user.avatar else { continue };
            total.checked += 1;
            let action = match needs_remake(options, connection, &key).await? {
                Some(false) => continue,
                None => {
                    total.unreadable += 1;
                    "unreadable"
                }
                Some(true) if options.dry_run => {
                    total.remade += 1;
                    "none"
                }
                Some(true) => {
                    queue.send(&AvatarStored { key, trace_parent: None }).await?;
                    total.remade += 1;
                    "queued"
                }
            };
            print_line(options, &key, action)?;
        }
        after = page.next;
        if after.is_none() {
            return Ok(());
        }
    }
}

/// `None` if the stored object is not an image.
async fn needs_remake(
    options: Options,
    connection: &Connection,
    key: &AvatarKey,
) -> anyhow::Result<Option<bool>> {
    if options.all {
        return Ok(Some(true));
    }
    let image = match connection.stores.avatars.read(key).await {
        Ok(image) => image,
        // It was replaced or erased since the page was read.
        Err(Error::NotFound) => return Ok(Some(false)),
        Err(error) => return Err(error.into()),
    };
    let inspected = tokio::task::spawn_blocking(|| imaging::inspect(image.bytes)?.was_rendered_wrong());
    Ok(inspected.await?.ok())
}

fn print_line(options: Options, key: &AvatarKey, action: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    if options.json {
        return writeln!(out, "{}", json!({"name": key.to_string(), "action": action}));
    }
    writeln!(out, "{key} ({action})")
}

impl Total {
    fn print(&self, options: Options) -> std::io::Result<()> {
        let Self { checked, remade, unreadable } = self;
        let mut out = std::io::stdout().lock();
        if options.json {
            let total = json!({
                "looked_at": checked,
                "to_remake": remade,
                "unreadable": unreadable,
                "dry_run": options.dry_run,
            });
            return writeln!(out, "{total}");
        }
        let done = if options.dry_run { "to remake" } else { "queued" };
        writeln!(out, "{checked} images checked; {remade} {done}; {unreadable} unreadable")
    }
}
