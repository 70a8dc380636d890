//! The steps of a write, by the names under which faults are injected at them.

use crate::faults::point::fault_points;

fault_points! {
    pub(crate) enum StepName {
        Begin = "sqlite.begin",
        Savepoint = "sqlite.savepoint",
        FindUser = "sqlite.find_user",
        InsertImage = "sqlite.insert_image",
        InsertUser = "sqlite.insert_user",
        InsertEvent = "sqlite.insert_event",
        UpdateUser = "sqlite.update_user",
        DeleteImage = "sqlite.delete_image",
        DeleteEvents = "sqlite.delete_events",
        DeleteUser = "sqlite.delete_user",
        InsertRendition = "sqlite.insert_rendition",
        DeleteRenditions = "sqlite.delete_renditions",
        ReceiveEvents = "sqlite.receive_events",
        UpdateEvent = "sqlite.update_event",
        DeleteEvent = "sqlite.delete_event",
        InsertDeadLetter = "sqlite.insert_dead_letter",
        ReceiveDeadLetters = "sqlite.take_dead_letters",
        UpdateDeadLetter = "sqlite.update_dead_letter",
        DeleteDeadLetter = "sqlite.delete_dead_letter",
        Sweep = "sqlite.sweep",
        Release = "sqlite.release",
        Commit = "sqlite.commit",
        Rollback = "sqlite.rollback",
    }
}
