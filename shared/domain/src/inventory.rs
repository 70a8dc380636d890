//! The contract of an inventory, for sweeping.

use async_trait::async_trait;

use crate::{Error, Finding, Grace, References, Removal, SweepPage, SweepStage};

/// Everything in a store, for sweeping. Memory use does not grow with the store.
///
/// In doubt it returns an error or keeps the object: only objects that are certain to be orphans are reported
/// or removed.
#[async_trait]
pub trait Inventory: Send + Sync {
    /// Succeeds where the store declares that its objects belong to its users.
    ///
    /// # Errors
    /// [`Error::WrongEnvironment`] where it does not.
    async fn confirm(&self) -> Result<(), Error>;

    /// Marks a store without an owner as belonging to its users, unless too many of its objects belong to
    /// none of them.
    ///
    /// # Errors
    /// [`Error::WrongEnvironment`] where it belongs to others, or seems to.
    async fn claim(&self) -> Result<(), Error>;

    /// Reads the next users and returns the uploads that they reference but do not own.
    async fn references(&self, after: Option<&str>) -> Result<References, Error>;

    /// Checks the next objects of a stage and returns the findings, ignoring objects within the grace period.
    async fn walk(&self, stage: SweepStage, after: Option<&str>, grace: Grace) -> Result<SweepPage, Error>;

    /// Removes orphans, each after checking its user again, and returns the outcome of each. Ignores other
    /// findings.
    ///
    /// # Errors
    /// As for [`confirm`](Self::confirm), and then nothing was removed.
    async fn remove(&self, findings: &[Finding]) -> Result<Vec<Removal>, Error>;
}
