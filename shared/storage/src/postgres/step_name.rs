//! The steps of a write, by the names under which faults are injected at them.

use crate::faults::point::fault_points;

fault_points! {
    pub(crate) enum StepName {
        Begin = "postgres.begin",
        FindUser = "postgres.find_user",
        InsertUser = "postgres.insert_user",
        InsertImage = "postgres.insert_image",
        InsertEvent = "postgres.insert_event",
        UpdateUser = "postgres.update_user",
        DeleteImage = "postgres.delete_image",
        DeleteEvents = "postgres.delete_events",
        DeleteUser = "postgres.delete_user",
        InsertRendition = "postgres.insert_rendition",
        DeleteRenditions = "postgres.delete_renditions",
        ReceiveEvents = "postgres.receive_events",
        UpdateEvent = "postgres.update_event",
        DeleteEvent = "postgres.delete_event",
        InsertDeadLetter = "postgres.insert_dead_letter",
        ReceiveDeadLetters = "postgres.receive_dead_letters",
        UpdateDeadLetter = "postgres.update_dead_letter",
        DeleteDeadLetter = "postgres.delete_dead_letter",
        Upload = "postgres.upload",
        Sweep = "postgres.sweep",
        Commit = "postgres.commit",
    }
}
