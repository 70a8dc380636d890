//! Reads everything that a store holds, removes orphans, and sends images that lack renditions to the worker.
//!
//! 1. The store confirms that what it holds belongs to its users.
//! 2. All users are read for references to uploads that are not their own.
//! 3. Orphans are counted, and nothing is removed if there are too many ([`orphan_limit`]).
//! 4. Orphans are removed and reported, page by page.
//! 5. Users whose image is missing are reported, and images that lack renditions are sent to the worker.
//!
//! Memory holds one page, the findings of step 2 and, if renditions are missing, the uploads of dead letters.

mod letters;
pub mod orphan_limit;

use std::{collections::HashSet, io};

use domain::{
    AvatarKey, AvatarStored, Error, Finding, Grace, Inventory, Removal, SweepPage, SweepPosition, SweepStage,
    UploadId,
};

use crate::{
    adapter::Tools,
    retry::{Retries, is_transient, with_retries},
};
use orphan_limit::{StageCount, TooMany};

/// How to sweep.
#[derive(Clone, Debug)]
pub struct Options {
    /// Change nothing.
    pub dry_run: bool,
    /// Remove orphans no matter how many there are.
    pub force: bool,
    /// How old an orphan or a missing image must be.
    pub grace: Grace,
    /// Where to start, such as where an earlier sweep ended.
    pub from: Option<SweepPosition>,
    /// How failed calls are retried.
    pub retries: Retries,
}

/// What was done about a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Nothing.
    None,
    /// It was removed.
    Removed,
    /// Not removed: a user references it by now.
    Kept,
    /// It was sent to the worker.
    Queued,
    /// Nothing: it has a dead letter, which is for the operator to handle.
    DeadLetter,
    /// It could not be removed, and why.
    Failed(String),
}

/// Receives everything as it happens.
pub trait Report {
    /// This many more objects were checked.
    fn checked(&mut self, objects: u64);

    /// A finding, and what was done about it.
    ///
    /// # Errors
    /// If it cannot be written, which ends the sweep.
    fn found(&mut self, finding: &Finding, action: &Action) -> io::Result<()>;
}

/// What a sweep saw and did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Total {
    /// Objects and users, each once.
    pub checked: u64,
    /// Orphaned images that were removed, or found by a dry run.
    pub unreferenced_avatars: u64,
    /// Orphaned renditions that were removed, or found by a dry run.
    pub unreferenced_renditions: u64,
    /// Users without their image.
    pub missing_images: u64,
    /// Images without all of their renditions.
    pub missing_renditions: u64,
    /// Of those, images that have a dead letter already.
    pub dead_letters: u64,
    /// Orphans that could not be removed.
    pub not_removed: u64,
    /// Stages with more orphans than are removed without force.
    pub too_many: Vec<TooMany>,
}

impl Total {
    /// Whether nothing is left for an operator to handle.
    pub fn is_clean(&self) -> bool {
        self.missing_images == 0 && self.not_removed == 0 && self.too_many.is_empty()
    }
}

/// Why a sweep ended early.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// The store or a queue failed. What was done before stays done.
    #[error("stopped at {at}")]
    At {
        /// Where the next sweep may start.
        at: SweepPosition,
        /// Why.
        #[source]
        source: Error,
    },
    /// The store has no inventory or no queue.
    #[error("a sweep requires the bucket and the queues of this store")]
    Incomplete,
    /// The report cannot be written.
    #[error("cannot write the report")]
    Unreported(#[from] io::Error),
}

/// Sweeps a store. `total` has what was done even if the sweep ends early.
///
/// # Errors
/// If it ended early.
pub async fn sweep(
    tools: &Tools,
    options: &Options,
    report: &mut dyn Report,
    total: &mut Total,
) -> Result<(), SweepError> {
    let Tools { inventory: Some(inventory), queue: Some(_), dead_letters: Some(_) } = tools else {
        return Err(SweepError::Incomplete);
    };
    let at = options.from.clone().unwrap_or(SweepPosition { stage: SweepStage::Avatars, after: None });
    let mut sweep = Sweep {
        inventory: inventory.as_ref(),
        tools,
        options,
        report,
        total,
        referenced_elsewhere: HashSet::new(),
        users: 0,
        dead: None,
        at,
    };
    match sweep.run().await {
        Ok(()) => Ok(()),
        Err(Failure::Store(source)) => Err(SweepError::At { at: sweep.at, source }),
        Err(Failure::Report(error)) => Err(error.into()),
    }
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Store(#[from] Error),
    #[error(transparent)]
    Report(#[from] io::Error),
}

struct Sweep<'a> {
    inventory: &'a dyn Inventory,
    tools: &'a Tools,
    options: &'a Options,
    report: &'a mut dyn Report,
    total: &'a mut Total,
    /// Uploads that are referenced by an item of another user.
    referenced_elsewhere: HashSet<UploadId>,
    users: u64,
    /// Uploads that have a dead letter, once the letters were read.
    dead: Option<HashSet<UploadId>>,
    /// Everything before it is done.
    at: SweepPosition,
}

impl Sweep<'_> {
    async fn run(&mut self) -> Result<(), Failure> {
        with_retries(self.options.retries, || self.inventory.confirm()).await?;
        self.read_references().await?;
        let from = self.at.clone();
        let mut counts = Vec::new();
        for stage in [SweepStage::Avatars, SweepStage::Renditions] {
            if let Some(position) = start(&from, stage) {
                counts.push((self.count(&position).await?, position));
            }
        }
        if !self.options.force {
            let too_many = counts.iter().filter_map(|(counted, _)| orphan_limit::check(counted, self.users));
            self.total.too_many.extend(too_many);
        }
        if !self.options.dry_run && !self.total.too_many.is_empty() {
            return Ok(());
        }
        for (counted, position) in counts {
            if !self.options.dry_run && counted.orphans > 0 {
                self.remove(&counted, position.after).await?;
            }
        }
        self.check_users(start(&from, SweepStage::Users).and_then(|position| position.after)).await
    }

    async fn read_references(&mut self) -> Result<(), Failure> {
        let mut after: Option<String> = None;
        loop {
            let page =
                with_retries(self.options.retries, || self.inventory.references(after.as_deref())).await?;
            self.users += page.users;
            self.referenced_elsewhere.extend(page.uploads);
            after = page.next;
            if after.is_none() {
                return Ok(());
            }
        }
    }

    async fn page(&self, stage: SweepStage, after: Option<&str>) -> Result<SweepPage, Error> {
        let walk = || self.inventory.walk(stage, after, self.options.grace);
        let mut page = with_retries(self.options.retries, walk).await?;
        let is_referenced =
            |name: &str| UploadId::all_in(name).any(|upload| self.referenced_elsewhere.contains(&upload));
        page.findings.retain(|finding| finding.orphan().is_none_or(|name| !is_referenced(name)));
        Ok(page)
    }

    /// Counts a whole stage, or the rest of one. A dry run reports the findings.
    async fn count(&mut self, from: &SweepPosition) -> Result<StageCount, Failure> {
        let mut counted = StageCount { stage: from.stage, objects: 0, orphans: 0 };
        let mut after = from.after.clone();
        loop {
            let page = self.page(from.stage, after.as_deref()).await?;
            self.checked(page.checked);
            counted.objects += page.checked;
            counted.orphans += page.findings.len() as u64;
            if self.options.dry_run {
                for finding in &page.findings {
                    self.found(finding, &Action::None)?;
                }
            }
            after = page.next;
            if after.is_none() {
                return Ok(counted);
            }
        }
    }

    /// Removes the orphans of a stage: without force, at most as many as the count allows.
    async fn remove(&mut self, counted: &StageCount, mut after: Option<String>) -> Result<(), Failure> {
        let mut left = if self.options.force { u64::MAX } else { counted.allowed() };
        loop {
            self.at = SweepPosition { stage: counted.stage, after: after.clone() };
            let mut page = self.page(counted.stage, after.as_deref()).await?;
            page.findings.truncate(usize::try_from(left).unwrap_or(usize::MAX));
            left -= page.findings.len() as u64;
            let actions = self.try_remove(&page.findings).await?;
            for (finding, action) in page.findings.iter().zip(&actions) {
                self.found(finding, action)?;
            }
            after = page.next;
            if after.is_none() || left == 0 {
                return Ok(());
            }
        }
    }

    /// Removes these. Failures are retried and then skipped: they must not block the removal of others.
    async fn try_remove(&self, orphans: &[Finding]) -> Result<Vec<Action>, Error> {
        let mut actions = vec![Action::None; orphans.len()];
        let mut left: Vec<usize> = (0..orphans.len()).collect();
        for pause in self.options.retries.pauses() {
            if left.is_empty() {
                break;
            }
            pause.pass().await;
            let some: Vec<_> = left.iter().map(|index| orphans[*index].clone()).collect();
            match self.inventory.remove(&some).await {
                Ok(removals) => {
                    for (index, removal) in left.iter().zip(removals) {
                        actions[*index] = match removal {
                            Removal::Removed => Action::Removed,
                            Removal::Kept => Action::Kept,
                            Removal::Failed(why) => Action::Failed(why),
                        };
                    }
                }
                Err(error @ Error::WrongEnvironment(_)) => return Err(error),
                Err(error) => {
                    for index in &left {
                        actions[*index] = Action::Failed(error.reason());
                    }
                    if !is_transient(&error) {
                        break;
                    }
                }
            }
            left.retain(|index| matches!(actions[*index], Action::Failed(_) | Action::None));
        }
        Ok(actions)
    }

    async fn check_users(&mut self, mut after: Option<String>) -> Result<(), Failure> {
        loop {
            self.at = SweepPosition { stage: SweepStage::Users, after: after.clone() };
            let page = self.page(SweepStage::Users, after.as_deref()).await?;
            self.checked(page.checked);
            for finding in &page.findings {
                let action = match finding {
                    Finding::MissingRenditions(key) if !self.options.dry_run => self.enqueue(key).await?,
                    _ => Action::None,
                };
                self.found(finding, &action)?;
            }
            after = page.next;
            if after.is_none() {
                return Ok(());
            }
        }
    }

    /// Sends an image to the worker, unless it has a dead letter.
    async fn enqueue(&mut self, key: &AvatarKey) -> Result<Action, Error> {
        let (Some(queue), Some(letters)) = (&self.tools.queue, &self.tools.dead_letters) else {
            return Ok(Action::None);
        };
        if self.dead.is_none() {
            self.dead = Some(letters::uploads(letters.as_ref(), self.options.retries).await?);
        }
        if self.dead.as_ref().is_some_and(|dead| dead.contains(&key.upload)) {
            return Ok(Action::DeadLetter);
        }
        let event = AvatarStored { key: *key, trace_parent: None };
        with_retries(self.options.retries, || queue.send(&event)).await?;
        Ok(Action::Queued)
    }

    fn checked(&mut self, objects: u64) {
        self.total.checked += objects;
        self.report.checked(objects);
    }

    fn found(&mut self, finding: &Finding, action: &Action) -> io::Result<()> {
        let total = &mut *self.total;
        match (finding, action) {
            (_, Action::Kept) => {}
            (_, Action::Failed(_)) => total.not_removed += 1,
            (Finding::UnreferencedAvatar(_), _) => total.unreferenced_avatars += 1,
            (Finding::UnreferencedRendition(_), _) => total.unreferenced_renditions += 1,
            (Finding::MissingImage(_), _) => total.missing_images += 1,
            (Finding::MissingRenditions(_), _) => total.missing_renditions += 1,
        }
        total.dead_letters += u64::from(*action == Action::DeadLetter);
        self.report.found(finding, action)
    }
}

/// Where to start in a stage, or `None` if it is done.
fn start(from: &SweepPosition, stage: SweepStage) -> Option<SweepPosition> {
    let order = |stage: SweepStage| SweepStage::ALL.iter().position(|other| *other == stage);
    match order(stage).cmp(&order(from.stage)) {
        std::cmp::Ordering::Less => None,
        std::cmp::Ordering::Equal => Some(from.clone()),
        std::cmp::Ordering::Greater => Some(SweepPosition { stage, after: None }),
    }
}
