-- Renditions go with the user and the upload that they show.
CREATE TABLE renditions (
    id INTEGER PRIMARY KEY,
    user BLOB NOT NULL,
    upload BLOB NOT NULL,
    size INTEGER NOT NULL,
    format INTEGER NOT NULL,
    digest BLOB NOT NULL,
    bytes BLOB NOT NULL
) STRICT;

CREATE UNIQUE INDEX renditions_by_key ON renditions (user, upload, size, format);

-- Which image nobody names: for sweeping. Its end grows with the images, so a commit touches one page of it.
CREATE INDEX users_by_image ON users (image);

-- Made anew, since a number must never be given twice: it names an event to the worker that has it. When an event may be handed
-- out, and whether a worker has it until then, stands with it.
CREATE TABLE numbered_events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    user BLOB NOT NULL,
    upload BLOB NOT NULL,
    format INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    trace_parent TEXT,
    visible_at INTEGER NOT NULL DEFAULT 0,
    is_handed_out INTEGER NOT NULL DEFAULT 0
) STRICT;

INSERT INTO numbered_events (id, kind, user, upload, format, created_at, attempts, trace_parent)
    SELECT id, kind, user, upload, format, created_at, attempts, trace_parent FROM events;
DROP TABLE events;
ALTER TABLE numbered_events RENAME TO events;

CREATE INDEX events_by_user ON events (user);
CREATE INDEX events_by_time ON events (visible_at);

-- Events that were given up, and why.
CREATE TABLE dead_letters (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    user BLOB NOT NULL,
    upload BLOB NOT NULL,
    format INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    trace_parent TEXT,
    reason TEXT NOT NULL,
    visible_at INTEGER NOT NULL
) STRICT;

CREATE INDEX dead_letters_by_user ON dead_letters (user);
CREATE INDEX dead_letters_by_time ON dead_letters (visible_at);
