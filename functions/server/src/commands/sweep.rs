//! `roster sweep`: removes orphaned objects and finds missing ones.

use std::{
    fmt::Write as _,
    io::{self, IsTerminal as _, Write as _},
    time::Duration,
};

use boot::Plan;
use domain::{Error, Finding, Grace, SweepPosition, SweepStage, environment::WrongEnvironment};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use storage::{
    retry::Retries,
    sweep::{self, Action, Report, SweepError, Total},
};

/// The minimum age of an orphan in a bucket: longer than a write with a signed request can be in flight.
pub const MIN_AGE_IN_BUCKET: Duration = Duration::from_hours(1);

/// An image is stored before its user references it: one that is missing for this long is lost.
const MISSING_FOR: Duration = Duration::from_mins(1);

/// How to sweep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Change nothing.
    pub dry_run: bool,
    /// Remove orphans however many there are.
    pub force: bool,
    /// Skip anything younger: a write in flight may still reference it.
    pub older_than: Duration,
    /// Resume here, where an earlier sweep stopped.
    pub from: Option<SweepPosition>,
    /// Print a JSON object for each finding and one for the summary.
    pub json: bool,
}

/// Checks the whole store. Returns `false` if a user has lost its image, an object could not be removed, or
/// there were too many orphans to remove; `true` if all is well or was repaired.
///
/// # Errors
/// If the store cannot be opened or fails. The work done so far is reported, with the position to resume from.
pub async fn sweep(options: Options, plan: Plan) -> anyhow::Result<bool> {
    let connection = plan.open_tool().await?;
    let grace = Grace { orphan: options.older_than, missing: MISSING_FOR };
    let sweep_options = sweep::Options {
        dry_run: options.dry_run,
        force: options.force,
        grace,
        from: options.from.clone(),
        retries: Retries::default(),
    };
    let (mut total, mut lines) = (Total::default(), Lines::new(&options));
    let result = sweep::sweep(&connection.tools, &sweep_options, &mut lines, &mut total).await;
    connection.close().await;
    lines.end();
    summarize(&options, &total, result.as_ref().err())?;
    match result {
        Ok(()) => Ok(total.is_clean()),
        Err(SweepError::At { source: Error::WrongEnvironment(why), .. }) => Err(WrongEnvironment::into(why)),
        Err(stopped) => Err(stopped.into()),
    }
}

/// A line for each finding, and a progress bar if stderr is a terminal and the output is not JSON.
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
                .expect("a valid template");
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
    fn checked(&mut self, things: u64) {
        self.progress.inc(things);
    }

    fn found(&mut self, finding: &Finding, action: &Action) -> io::Result<()> {
        let ((name, what), (action, why)) = (finding_label(finding), action_label(action));
        let mut line = String::new();
        if self.json {
            let mut object = json!({"finding": name, "name": what, "action": action});
            if let Some(why) = why {
                object["reason"] = why.into();
            }
            line = format!("{object}\n");
        } else {
            let why = why.map(|why| format!(": {why}")).unwrap_or_default();
            let name = name.replace("unreferenced", "orphaned").replace('_', " ");
            writeln!(line, "{name}: {what} ({action}{why})").expect("writing to a String cannot fail");
        }
        self.progress.suspend(|| io::stdout().write_all(line.as_bytes()))
    }
}

/// The kind of finding, and the name of the object or user.
fn finding_label(finding: &Finding) -> (&'static str, String) {
    match finding {
        Finding::UnreferencedAvatar(key) => ("unreferenced_avatar", key.clone()),
        Finding::UnreferencedRendition(key) => ("unreferenced_rendition", key.clone()),
        Finding::MissingImage(user) => ("missing_image", user.to_string()),
        Finding::MissingRenditions(key) => ("missing_renditions", key.to_string()),
    }
}

fn action_label(action: &Action) -> (&'static str, Option<&str>) {
    match action {
        Action::None => ("none", None),
        Action::Removed => ("removed", None),
        Action::Kept => ("kept", None),
        Action::Queued => ("queued", None),
        Action::DeadLetter => ("dead letter", None),
        Action::Failed(why) => ("failed", Some(why)),
    }
}

/// The summary, and where and why the sweep stopped.
fn summarize(options: &Options, total: &Total, stopped: Option<&SweepError>) -> io::Result<()> {
    let at = match stopped {
        Some(SweepError::At { at, .. })
            if *at != (SweepPosition { stage: SweepStage::Avatars, after: None }) =>
        {
            Some(at.to_string())
        }
        _ => None,
    };
    let too_many: Vec<_> = total.too_many.iter().map(ToString::to_string).collect();
    let mut out = io::stdout().lock();
    if options.json {
        let summary = json!({
            "looked_at": total.checked,
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
    let [removed, queued] =
        if options.dry_run { ["found", "without renditions"] } else { ["removed", "queued for rendering"] };
    let queued_count = total.missing_renditions - total.dead_letters;
    write!(
        out,
        "{} checked; {} orphaned avatars and {} orphaned renditions {removed}; {queued_count} avatars {queued}; {} users \
         without their image",
        total.checked, total.unreferenced_avatars, total.unreferenced_renditions, total.missing_images
    )?;
    if total.dead_letters > 0 {
        write!(
            out,
            "; {} avatars without renditions have a dead letter: redrive or drop it",
            total.dead_letters
        )?;
    }
    if total.not_removed > 0 {
        write!(out, "; {} not removed", total.not_removed)?;
    }
    writeln!(out)?;
    for why in &too_many {
        let would = if options.dry_run { "a sweep would remove nothing" } else { "nothing was removed" };
        writeln!(out, "{would}: {why}; check that bucket and table are the right ones, then use --force")?;
    }
    if let Some(at) = at {
        writeln!(out, "resume with --from '{at}'")?;
    }
    Ok(())
}
