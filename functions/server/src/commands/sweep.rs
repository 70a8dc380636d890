//! `roster sweep`: what the store should not hold, or should and does not.

use std::{
    fmt::Write as _,
    io::{IsTerminal as _, Write as _},
    time::Duration,
};

use anyhow::Context as _;
use domain::{AvatarStored, Environment, EventQueue, Finding, Inventory, Shelf, Swept, Timestamp};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use storage::{Config as Storage, Tools};

use super::tool;

/// How to sweep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Change nothing.
    pub dry_run: bool,
    /// Leave alone what is younger: a write under way may still name it.
    pub older_than: Duration,
    /// A JSON object for each finding, and one for the whole.
    pub json: bool,
}

/// What a sweep has seen and done so far.
#[derive(Default)]
struct Total {
    looked_at: u64,
    unreferenced_avatars: u64,
    unreferenced_renditions: u64,
    missing_images: u64,
    missing_renditions: u64,
}

/// Looks at everything; answers whether all is well or was mended: `false` where a user has lost its image.
///
/// # Errors
/// Where the store cannot be had or fails. What was done until then stands, and is said; the next sweep goes on.
pub async fn sweep(
    options: Options,
    storage: Storage,
    expected: Option<Environment>,
) -> anyhow::Result<bool> {
    let connection = tool::open(&storage, expected).await?;
    let mut total = Total::default();
    let swept = walk(options, &connection.tools, &mut total).await;
    connection.close().await;
    total.say(options)?;
    swept?;
    Ok(total.missing_images == 0)
}

async fn walk(options: Options, tools: &Tools, total: &mut Total) -> anyhow::Result<()> {
    let inventory = tools.inventory.as_ref().context("this store cannot be swept")?;
    let queue = tools.queue.as_ref().context(
        "ROSTER_EVENTS_QUEUE_URL, ROSTER_DEAD_LETTERS_URL: must be set, to send what has no renditions to the worker",
    )?;
    let before = Timestamp::now() - options.older_than;
    let progress = progress(options);
    for shelf in Shelf::ALL {
        let mut after = None;
        loop {
            let page = inventory.walk(shelf, after.as_deref(), before).await?;
            total.count(&page);
            progress.inc(page.looked_at);
            say(options, &progress, &page.findings)?;
            if !options.dry_run {
                mend(inventory.as_ref(), queue.as_ref(), &page.findings).await?;
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
    }
    progress.finish_and_clear();
    Ok(())
}

/// Removes what nobody names, and tells the worker of what has no renditions.
async fn mend(inventory: &dyn Inventory, queue: &dyn EventQueue, findings: &[Finding]) -> anyhow::Result<()> {
    let is_left = |finding: &&Finding| {
        matches!(finding, Finding::UnreferencedAvatar(_) | Finding::UnreferencedRendition(_))
    };
    let left: Vec<_> = findings.iter().filter(is_left).cloned().collect();
    if !left.is_empty() {
        inventory.remove(&left).await?;
    }
    for finding in findings {
        if let Finding::MissingRenditions(key) = finding {
            queue.send(&AvatarStored { key: *key, trace_parent: None }).await?;
        }
    }
    Ok(())
}

/// On a terminal, and where lines would not run through it.
fn progress(options: Options) -> ProgressBar {
    if options.json || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{spinner} {human_pos} objects, {per_sec}, {elapsed}")
        .expect("the template is one");
    let progress = ProgressBar::new_spinner().with_style(style);
    progress.enable_steady_tick(Duration::from_millis(100));
    progress
}

fn say(options: Options, progress: &ProgressBar, findings: &[Finding]) -> anyhow::Result<()> {
    if findings.is_empty() {
        return Ok(());
    }
    let mut lines = String::new();
    for finding in findings {
        let (name, what, done) = words(finding);
        let action = if options.dry_run { "none" } else { done };
        if options.json {
            writeln!(lines, "{}", json!({"finding": name, "name": what, "action": action}))?;
        } else {
            writeln!(lines, "{}: {what} ({action})", name.replace('_', " "))?;
        }
    }
    progress.suspend(|| std::io::stdout().write_all(lines.as_bytes()))?;
    Ok(())
}

/// What it is, which one, and what is done about it.
fn words(finding: &Finding) -> (&'static str, String, &'static str) {
    match finding {
        Finding::UnreferencedAvatar(key) => ("unreferenced_avatar", key.clone(), "removed"),
        Finding::UnreferencedRendition(key) => ("unreferenced_rendition", key.clone(), "removed"),
        Finding::MissingImage(user) => ("missing_image", user.to_string(), "none"),
        Finding::MissingRenditions(key) => ("missing_renditions", key.to_string(), "queued"),
    }
}

impl Total {
    fn count(&mut self, page: &Swept) {
        self.looked_at += page.looked_at;
        for finding in &page.findings {
            *match finding {
                Finding::UnreferencedAvatar(_) => &mut self.unreferenced_avatars,
                Finding::UnreferencedRendition(_) => &mut self.unreferenced_renditions,
                Finding::MissingImage(_) => &mut self.missing_images,
                Finding::MissingRenditions(_) => &mut self.missing_renditions,
            } += 1;
        }
    }

    fn say(&self, options: Options) -> std::io::Result<()> {
        let Self {
            looked_at,
            unreferenced_avatars,
            unreferenced_renditions,
            missing_images,
            missing_renditions,
        } = self;
        let mut out = std::io::stdout().lock();
        if options.json {
            let total = json!({
                "looked_at": looked_at,
                "unreferenced_avatars": unreferenced_avatars,
                "unreferenced_renditions": unreferenced_renditions,
                "missing_images": missing_images,
                "missing_renditions": missing_renditions,
                "dry_run": options.dry_run,
            });
            return writeln!(out, "{total}");
        }
        let [removed, queued] = if options.dry_run { ["found", "found"] } else { ["removed", "queued"] };
        writeln!(
            out,
            "{looked_at} looked at; unreferenced: {unreferenced_avatars} avatars and {unreferenced_renditions} renditions \
             {removed}; {missing_renditions} avatars without renditions {queued}; {missing_images} users without their image"
        )
    }
}
