//! `roster sweep`: what the store should not hold, or should and does not.

use std::{
    fmt::Write as _,
    io::{self, IsTerminal as _, Write as _},
    time::Duration,
};

use domain::{Environment, Error, Finding, Grace, Place, Shelf, environment::WrongEnvironment};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use storage::{
    Config as Storage,
    sweep::{self, Action, Report, Retries, Stopped, Total},
};

use super::tool;

/// How old an orphan in a bucket must be at least: longer than any write can be under way whose request was signed.
pub const LEAST_AGE_IN_BUCKET: Duration = Duration::from_hours(1);

/// An image is there before its user names it: one that is missing for so long is lost.
const MISSING_FOR: Duration = Duration::from_mins(1);

/// How to sweep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Change nothing.
    pub dry_run: bool,
    /// Remove orphans however many they are.
    pub force: bool,
    /// Leave alone what is younger: a write under way may still name it.
    pub older_than: Duration,
    /// Begin there, where an earlier sweep stopped.
    pub from: Option<Place>,
    /// A JSON object for each finding, and one for the whole.
    pub json: bool,
}

/// Looks at everything; answers whether all is well or was mended: `false` where a user has lost its image, an object could not
/// be removed, or too many were to be.
///
/// # Errors
/// Where the store cannot be had or fails. What was done until then is reported, with the place to go on from.
pub async fn sweep(
    options: Options,
    storage: Storage,
    expected: Option<Environment>,
) -> anyhow::Result<bool> {
    let connection = tool::open(&storage, expected).await?;
    let grace = Grace { orphan: options.older_than, missing: MISSING_FOR };
    let swept_as = sweep::Options {
        dry_run: options.dry_run,
        force: options.force,
        grace,
        from: options.from.clone(),
        retries: Retries::default(),
    };
    let (mut total, mut lines) = (Total::default(), Lines::new(&options));
    let swept = sweep::sweep(&connection.tools, &swept_as, &mut lines, &mut total).await;
    connection.close().await;
    lines.end();
    summarize(&options, &total, swept.as_ref().err())?;
    match swept {
        Ok(()) => Ok(total.is_well()),
        Err(Stopped::At { source: Error::WrongEnvironment(why), .. }) => Err(WrongEnvironment::into(why)),
        Err(stopped) => Err(stopped.into()),
    }
}

/// A line for each finding, and a progress bar on a terminal where lines would not run through it.
struct Lines {
    json: bool,
    progress: ProgressBar,
}

impl Lines {
    fn new(options: &Options) -> Self {
        let progress = if options.json || !io::stderr().is_terminal() {
            ProgressBar::hidden()
        } else {
            let style = ProgressStyle::with_template("{spinner} {human_pos} objects, {per_sec}, {elapsed}")
                .expect("the template is one");
            let progress = ProgressBar::new_spinner().with_style(style);
            progress.enable_steady_tick(Duration::from_millis(100));
            progress
        };
        Self { json: options.json, progress }
    }

    fn end(&self) {
        self.progress.finish_and_clear();
    }
}

impl Report for Lines {
    fn looked_at(&mut self, things: u64) {
        self.progress.inc(things);
    }

    fn found(&mut self, finding: &Finding, action: &Action) -> io::Result<()> {
        let ((name, what), (action, why)) = (words(finding), action_words(action));
        let mut line = String::new();
        if self.json {
            let mut object = json!({"finding": name, "name": what, "action": action});
            if let Some(why) = why {
                object["reason"] = why.into();
            }
            line = format!("{object}\n");
        } else {
            let why = why.map(|why| format!(": {why}")).unwrap_or_default();
            writeln!(line, "{}: {what} ({action}{why})", name.replace('_', " ")).expect("memory takes it");
        }
        self.progress.suspend(|| io::stdout().write_all(line.as_bytes()))
    }
}

/// What it is, and which one.
fn words(finding: &Finding) -> (&'static str, String) {
    match finding {
        Finding::UnreferencedAvatar(key) => ("unreferenced_avatar", key.clone()),
        Finding::UnreferencedRendition(key) => ("unreferenced_rendition", key.clone()),
        Finding::MissingImage(user) => ("missing_image", user.to_string()),
        Finding::MissingRenditions(key) => ("missing_renditions", key.to_string()),
    }
}

fn action_words(action: &Action) -> (&'static str, Option<&str>) {
    match action {
        Action::None => ("none", None),
        Action::Removed => ("removed", None),
        Action::Kept => ("kept", None),
        Action::Queued => ("queued", None),
        Action::DeadLetter => ("dead letter", None),
        Action::Failed(why) => ("failed", Some(why)),
    }
}

/// One line for the whole, and why it stopped or did not begin.
fn summarize(options: &Options, total: &Total, stopped: Option<&Stopped>) -> io::Result<()> {
    let at = match stopped {
        Some(Stopped::At { at, .. }) if *at != (Place { shelf: Shelf::Avatars, after: None }) => {
            Some(at.to_string())
        }
        _ => None,
    };
    let too_many: Vec<_> = total.too_many.iter().map(ToString::to_string).collect();
    let mut out = io::stdout().lock();
    if options.json {
        let summary = json!({
            "looked_at": total.looked_at,
            "unreferenced_avatars": total.unreferenced_avatars,
            "unreferenced_renditions": total.unreferenced_renditions,
            "missing_images": total.missing_images,
            "missing_renditions": total.missing_renditions,
            "missing_renditions_dead": total.dead_letters,
            "not_removed": total.not_removed,
            "too_many": too_many,
            "stopped_at": at,
            "dry_run": options.dry_run,
        });
        return writeln!(out, "{summary}");
    }
    let [removed, queued] = if options.dry_run { ["found", "found"] } else { ["removed", "queued"] };
    let queued_count = total.missing_renditions - total.dead_letters;
    write!(
        out,
        "{} looked at; unreferenced: {} avatars and {} renditions {removed}; {queued_count} avatars without renditions \
         {queued}; {} users without their image",
        total.looked_at, total.unreferenced_avatars, total.unreferenced_renditions, total.missing_images
    )?;
    if total.dead_letters > 0 {
        write!(out, "; {} avatars without renditions have a dead letter", total.dead_letters)?;
    }
    if total.not_removed > 0 {
        write!(out, "; {} not removed", total.not_removed)?;
    }
    writeln!(out)?;
    for why in &too_many {
        let would = if options.dry_run { "a sweep would remove nothing" } else { "nothing was removed" };
        writeln!(out, "{would}: {why}; check bucket and table, then use --force")?;
    }
    if let Some(at) = at {
        writeln!(out, "go on with --from '{at}'")?;
    }
    Ok(())
}
