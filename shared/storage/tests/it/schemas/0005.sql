-- A database of Roster with schema 5, as a release of that time wrote it: never changed, so that later ones open it.
PRAGMA page_size = 8192;
PRAGMA application_id = 1383035764;
PRAGMA user_version = 5;

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
, other_id BLOB, other_md5 BLOB) STRICT, WITHOUT ROWID;
CREATE INDEX users_by_md5 ON users (md5);
CREATE INDEX users_by_other_id ON users (other_id) WHERE other_id IS NOT NULL;
CREATE INDEX users_by_other_md5 ON users (other_md5) WHERE other_md5 IS NOT NULL;
CREATE TABLE images (
    id INTEGER PRIMARY KEY,
    bytes BLOB NOT NULL
) STRICT;
CREATE TABLE environment (
    name TEXT NOT NULL
) STRICT;
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
CREATE INDEX users_by_image ON users (image);
CREATE TABLE "events" (
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
, postponed INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE INDEX events_by_user ON events (user);
CREATE INDEX events_by_time ON events (visible_at);
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

INSERT INTO users (id, name, email, upload, format, digest, image, version, created_at, updated_at, md5, idempotency_key, payload_digest) VALUES (x'686b5e4cf4f963adf8f51468a48028ef8d15bd02fa335f821279a3d1678c9615', 'Bob', 'bob@example.org', NULL, NULL, NULL, NULL, 2, 1795891820871, 1795891821530, x'10ac39056a4b6f1f6804d724518ff2dc', NULL, NULL);
INSERT INTO users (id, name, email, upload, format, digest, image, version, created_at, updated_at, md5, idempotency_key, payload_digest) VALUES (x'cfe00dde46ef942601ffafb9e2825e802858b460e586b8305b344c1eb826357d', 'Ada Lovelace', 'ada@example.org', x'01a2237e780f766a85dcd9344fb8b547', 2, x'd44c0303173ecdb8ba72a7ab688f020583b31865537e2f9ab57e56aeec687807', 1, 1, 1795891820559, 1795891820559, x'5bfcf2d8e394674550332640d72db509', 'first', x'587d7ef77111c712ee407a1dd76287cb36374ed8aa475afd8615a24c8e9f9493');
INSERT INTO images (id, bytes) VALUES (1, x'89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b550000000a49444154789c63f80f0001010100b138f6140000000049454e44ae426082');
INSERT INTO events (id, kind, user, upload, format, created_at, attempts, trace_parent, visible_at, is_handed_out) VALUES (1, 'avatar.stored', x'cfe00dde46ef942601ffafb9e2825e802858b460e586b8305b344c1eb826357d', x'01a2237e780f766a85dcd9344fb8b547', 2, 1795891820559, 0, '00-f85ceb1c2a812a6e1def7849686343b6-394e7c4a18243a74-00', 1795891820559, 0);
UPDATE sqlite_sequence SET seq = 2 WHERE name = 'events';
