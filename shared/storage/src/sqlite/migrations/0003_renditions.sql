-- Renditions belong to the user and the upload that they show.
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

-- Finds orphaned images, for sweeping. New images are added at its end, so a commit touches one page of it.
CREATE INDEX users_by_image ON users (image);

-- Recreated, since an id must never be reused: it identifies an event to the worker that has it. Adds when an
-- event may be delivered, and whether a worker has it until then.
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

-- Dead letters, and why.
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
