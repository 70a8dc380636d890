//! The one boundary around every store: observe, then guard, then faults, then the store itself.
//!
//! [`connect`](mod@crate::connect) hands out stores that are already behind it, so no caller can forget the
//! guard.
//!
//! | file | idea |
//! |---|---|
//! | `stores` | the decorator: every method of the ports is an [`Operation`](domain::Operation) |
//! | `tools` | the queue, the dead letters and the inventory behind the guard |

mod stores;
mod tools;

use std::sync::Arc;

use domain::{Environment, StoreObserver, Stores};

use crate::{adapter::Tools, faults::Faults, guard::Guard};

/// How a process reaches its store: what it checks, injects and reports on the way.
#[derive(Clone, Default)]
pub struct Boundary {
    /// The environment that the store must belong to. A shared store requires one; a store that is created
    /// belongs to it.
    pub expected: Option<Environment>,
    /// Faults to inject at the ports and at the steps inside the adapter.
    pub faults: Faults,
    /// Sees every call of the stores.
    pub observer: Option<Arc<dyn StoreObserver>>,
}

impl Boundary {
    /// Puts these behind the boundary.
    pub fn around(self, stores: Stores, tools: Tools) -> (Stores, Tools, Guard) {
        let Self { expected, faults, observer } = self;
        let guard = Guard::new(stores.health.clone(), faults.clone(), expected);
        let tools = tools::guarded(tools, &guard);
        (stores::around(stores, guard.clone(), faults, observer), tools, guard)
    }
}
