//! Stops a sweep that would remove an unlikely share of a store: that is a wrong bucket, a table restored
//! empty, or a bug.

use std::fmt;

use domain::SweepStage;

/// Up to this many orphans are removed from any store that has users: a few crashes leave them.
const FEW: u64 = 100;

/// Above that, one object in this many.
const SHARE: u64 = 20;

/// The counts of a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StageCount {
    /// The stage.
    pub stage: SweepStage,
    /// Objects checked.
    pub objects: u64,
    /// How many of them are orphaned.
    pub orphans: u64,
}

impl StageCount {
    /// How many orphans may be removed: 100, or 5 %.
    pub(super) fn allowed(&self) -> u64 {
        FEW.max(self.objects / SHARE)
    }
}

/// More orphans than a sweep removes without force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooMany {
    /// What was counted.
    pub counted: StageCount,
    /// The store has no users.
    pub is_empty: bool,
}

impl fmt::Display for TooMany {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let StageCount { stage, objects, orphans } = self.counted;
        write!(f, "{orphans} of {objects} {} are orphans", stage.as_str())?;
        if self.is_empty {
            f.write_str(", and the store has no users")
        } else {
            write!(f, ", more than {}", self.counted.allowed())
        }
    }
}

/// Whether the orphans of a stage are too many for a store with this many users.
pub(super) fn check(counted: &StageCount, users: u64) -> Option<TooMany> {
    let is_empty = users == 0;
    let is_too_many = counted.orphans > counted.allowed() || (is_empty && counted.orphans > 0);
    is_too_many.then_some(TooMany { counted: *counted, is_empty })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundred_or_one_in_twenty_may_be_removed_and_none_without_users() {
        for (objects, orphans, users, is_too_many) in [
            (0, 0, 0, false),
            (100, 0, 0, false),
            (1, 1, 0, true),
            (3, 3, 1, false),
            (100, 100, 1, false),
            (101, 101, 1, true),
            (2_000, 100, 1_900, false),
            (2_000, 101, 1_899, true),
            (20_000, 1_000, 19_000, false),
            (20_000, 1_001, 18_999, true),
        ] {
            let counted = StageCount { stage: SweepStage::Avatars, objects, orphans };
            assert_eq!(check(&counted, users).is_some(), is_too_many, "{counted:?} {users}");
        }
    }

    #[test]
    fn too_many_orphans_are_reported_in_numbers() {
        let counted = StageCount { stage: SweepStage::Renditions, objects: 20_000, orphans: 1_001 };
        let messages = [1, 0].map(|users| check(&counted, users).unwrap().to_string());
        assert_eq!(messages[0], "1001 of 20000 renditions are orphans, more than 1000");
        assert_eq!(messages[1], "1001 of 20000 renditions are orphans, and the store has no users");
    }
}
