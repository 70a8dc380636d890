-- Clustered by id, so that a page of a listing is read in one piece; what a listing shows comes first in the
-- row.
CREATE TABLE users (
    id BLOB NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    email TEXT NOT NULL,
    upload BLOB,
    format INTEGER,
    digest BLOB,
    image INTEGER,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    md5 BLOB NOT NULL,
    idempotency_key TEXT,
    payload_digest BLOB
) STRICT, WITHOUT ROWID;

CREATE INDEX users_by_md5 ON users (md5);

-- Found only by users.image: an orphaned key finds nothing, and no second index is needed.
CREATE TABLE images (
    id INTEGER PRIMARY KEY,
    bytes BLOB NOT NULL
) STRICT;

CREATE TABLE events (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    user BLOB NOT NULL,
    upload BLOB NOT NULL,
    format INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX events_by_user ON events (user);
