//! `roster renditions remake`: queues images that earlier releases rendered incorrectly.

use std::io::{self, Write as _};

use anyhow::Context as _;
use boot::Plan;
use domain::{
    AvatarKey, AvatarStored, Cursor, Error, EventQueue, ListedAvatar, Stores, environment::WrongEnvironment,
};
use serde_json::json;
use storage::retry::{Retries, with_retries};

/// Users in one page.
const PAGE: usize = 1_000;

/// What to remake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Change nothing.
    pub dry_run: bool,
    /// All images, not only those that may have been rendered incorrectly.
    pub all: bool,
    /// Resume here, where an earlier run stopped.
    pub from: Option<Cursor>,
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

/// What to do about an image.
enum Finding {
    Right,
    Wrong,
    /// It cannot be read, and why.
    Unreadable(String),
}

/// Checks the image of every user. Returns whether all could be read.
///
/// # Errors
/// If the store cannot be opened or fails. Images queued before that are still rendered, and the place to
/// resume from is printed.
pub async fn remake(options: Options, plan: Plan) -> anyhow::Result<bool> {
    let connection = plan.open_tool().await?;
    let queue = connection.tools.queue.clone().context(
        "ROSTER_EVENTS_QUEUE_URL, ROSTER_DEAD_LETTERS_URL: must be set to queue images for the worker",
    )?;
    let (retries, at) = (Retries::default(), options.from.clone());
    let mut remaking = Remaking {
        options,
        stores: &connection.stores,
        queue: queue.as_ref(),
        retries,
        at,
        total: Total::default(),
    };
    let walked = remaking.walk().await;
    let Remaking { options, at, total, .. } = remaking;
    connection.close().await;
    total.print(&options, at.filter(|_| walked.is_err()).as_ref())?;
    match walked.map_err(anyhow::Error::downcast::<Error>) {
        Ok(()) => Ok(total.unreadable == 0),
        Err(Ok(Error::WrongEnvironment(why))) => Err(WrongEnvironment::into(why)),
        Err(Ok(error)) => Err(error.into()),
        Err(Err(error)) => Err(error),
    }
}

struct Remaking<'a> {
    options: Options,
    stores: &'a Stores,
    queue: &'a dyn EventQueue,
    retries: Retries,
    /// All users before it are done.
    at: Option<Cursor>,
    total: Total,
}

impl Remaking<'_> {
    async fn walk(&mut self) -> anyhow::Result<()> {
        loop {
            let page = with_retries(self.retries, || self.stores.users.list(self.at.clone(), PAGE)).await?;
            for user in page.users() {
                if let ListedAvatar::Kept(key) = user.avatar {
                    self.check(&key).await?;
                }
                self.at = Some(user.cursor());
            }
            match page.next {
                None => return Ok(()),
                next => self.at = next,
            }
        }
    }

    async fn check(&mut self, key: &AvatarKey) -> anyhow::Result<()> {
        let finding = self.finding(key).await?;
        self.total.checked += 1;
        match finding {
            Finding::Right => Ok(()),
            Finding::Unreadable(why) => {
                self.total.unreadable += 1;
                Ok(self.print_one(key, "unreadable", Some(&why))?)
            }
            Finding::Wrong if self.options.dry_run => {
                self.total.remade += 1;
                Ok(self.print_one(key, "none", None)?)
            }
            Finding::Wrong => {
                let event = AvatarStored { key: *key, trace_parent: None };
                with_retries(self.retries, || self.queue.send(&event)).await?;
                self.total.remade += 1;
                Ok(self.print_one(key, "queued", None)?)
            }
        }
    }

    async fn finding(&self, key: &AvatarKey) -> Result<Finding, Error> {
        if self.options.all {
            return Ok(Finding::Wrong);
        }
        let image = match with_retries(self.retries, || self.stores.avatars.read(key)).await {
            Ok(image) => image,
            // It was replaced or erased since the page was read.
            Err(Error::NotFound) => return Ok(Finding::Right),
            // One damaged image does not keep the others from being remade.
            Err(error @ Error::Damaged(_)) => return Ok(Finding::Unreadable(error.reason())),
            Err(error) => return Err(error),
        };
        let inspected = tokio::task::spawn_blocking(|| imaging::inspect(image.bytes)?.was_rendered_wrong());
        Ok(match inspected.await.map_err(Error::unavailable)? {
            Ok(true) => Finding::Wrong,
            Ok(false) => Finding::Right,
            Err(error) => Finding::Unreadable(error.to_string()),
        })
    }

    fn print_one(&self, key: &AvatarKey, action: &str, why: Option<&str>) -> io::Result<()> {
        let mut out = io::stdout().lock();
        if self.options.json {
            let mut object = json!({"name": key.to_string(), "action": action});
            if let Some(why) = why {
                object["reason"] = why.into();
            }
            return writeln!(out, "{object}");
        }
        let why = why.map(|why| format!(": {why}")).unwrap_or_default();
        writeln!(out, "{key} ({action}{why})")
    }
}

impl Total {
    /// Prints the summary, and where it stopped.
    fn print(&self, options: &Options, stopped_at: Option<&Cursor>) -> io::Result<()> {
        let Self { checked, remade, unreadable } = self;
        let mut out = io::stdout().lock();
        if options.json {
            let total = json!({
                "looked_at": checked,
                "to_remake": remade,
                "unreadable": unreadable,
                "stopped_at": stopped_at.map(ToString::to_string),
                "dry_run": options.dry_run,
            });
            return writeln!(out, "{total}");
        }
        let done = if options.dry_run { "to remake" } else { "queued" };
        writeln!(out, "{checked} images checked; {remade} {done}; {unreadable} unreadable")?;
        if let Some(at) = stopped_at {
            writeln!(out, "resume with --from '{at}'")?;
        }
        Ok(())
    }
}
