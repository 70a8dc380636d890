//! No sweep removes an unlikely share of what a store holds: that is a wrong bucket, a table restored empty, or a defect.

use std::fmt;

use domain::Shelf;

/// As many orphans are removed from any store that has users: a few crashes leave them.
const FEW: u64 = 100;

/// Above that, one in twenty things.
const SHARE: u64 = 20;

/// What was counted on a shelf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    /// Which.
    pub shelf: Shelf,
    /// What is on it.
    pub things: u64,
    /// Of that, what no user names.
    pub orphans: u64,
}

impl Counted {
    /// How many orphans may be removed: 100, or 5 %.
    pub(super) fn allowed(&self) -> u64 {
        FEW.max(self.things / SHARE)
    }
}

/// More orphans than are removed without force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooMany {
    /// What was counted.
    pub counted: Counted,
    /// There is no user at all.
    pub is_empty: bool,
}

impl fmt::Display for TooMany {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Counted { shelf, things, orphans } = self.counted;
        write!(f, "{orphans} of {things} {} belong to no user", shelf.as_str())?;
        if self.is_empty {
            f.write_str(", and there is no user at all")
        } else {
            write!(f, ": more than {}", self.counted.allowed())
        }
    }
}

/// Whether the orphans of a shelf are too many for a store with this many users.
pub(super) fn check(counted: &Counted, users: u64) -> Option<TooMany> {
    let is_empty = users == 0;
    let is_too_many = counted.orphans > counted.allowed() || (is_empty && counted.orphans > 0);
    is_too_many.then_some(TooMany { counted: *counted, is_empty })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundred_or_one_in_twenty_may_go_and_none_where_there_is_no_user() {
        for (things, orphans, users, is_too_many) in [
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
            let counted = Counted { shelf: Shelf::Avatars, things, orphans };
            assert_eq!(check(&counted, users).is_some(), is_too_many, "{counted:?} {users}");
        }
    }

    #[test]
    fn what_is_too_many_is_said_in_numbers() {
        let counted = Counted { shelf: Shelf::Renditions, things: 20_000, orphans: 1_001 };
        let said = [1, 0].map(|users| check(&counted, users).unwrap().to_string());
        assert_eq!(said[0], "1001 of 20000 renditions belong to no user: more than 1000");
        assert_eq!(said[1], "1001 of 20000 renditions belong to no user, and there is no user at all");
    }
}
