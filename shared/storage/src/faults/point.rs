//! Where faults can be injected: only there, so that a misspelt name does not compile.

use domain::Operation;

/// A place with the name that rules use for it. An adapter lists its own with [`fault_points!`].
pub(crate) trait FaultPoint: Copy {
    /// `OPERATION` of a rule.
    fn name(self) -> &'static str;
}

impl FaultPoint for Operation {
    fn name(self) -> &'static str {
        Self::name(self)
    }
}

/// Defines an enum of places, each with its name, and `NAMES`, the list of all.
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "dynamodb"))]
macro_rules! fault_points {
    ($(#[$attribute:meta])* $visibility:vis enum $Points:ident { $($Point:ident = $name:literal,)* }) => {
        $(#[$attribute])*
        #[derive(Clone, Copy, Debug)]
        $visibility enum $Points { $($Point,)* }

        impl $Points {
            $visibility const NAMES: &[&str] = &[$($name,)*];
        }

        impl $crate::faults::point::FaultPoint for $Points {
            fn name(self) -> &'static str {
                match self { $(Self::$Point => $name,)* }
            }
        }
    };
}
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "dynamodb"))]
pub(crate) use fault_points;
