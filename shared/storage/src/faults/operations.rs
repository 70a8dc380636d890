//! Where faults can happen.

/// The methods of the ports, and every step of a write inside the `SQLite` adapter.
pub(super) const OPERATIONS: &[&str] = &[
    "users.create",
    "users.get",
    "users.list",
    "users.rename",
    "users.replace_avatar",
    "users.delete",
    "avatars.read",
    "health.check",
    "sqlite.begin",
    "sqlite.savepoint",
    "sqlite.find_user",
    "sqlite.insert_image",
    "sqlite.insert_user",
    "sqlite.insert_event",
    "sqlite.update_user",
    "sqlite.delete_image",
    "sqlite.delete_events",
    "sqlite.delete_user",
    "sqlite.release",
    "sqlite.commit",
];
