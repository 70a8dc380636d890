-- The version of the tables, and the least that a program must know to use them: a release before this one can go on
-- where its own version is not less.
CREATE TABLE roster_schema (
    version integer NOT NULL,
    usable_from integer NOT NULL
);

-- The environment of this database: at most one row.
CREATE TABLE environment (
    name text NOT NULL
);

-- What a listing shows is in the index, so that a page is read in one piece.
CREATE TABLE users (
    id bytea NOT NULL,
    name text NOT NULL,
    email text NOT NULL,
    upload bytea,
    format smallint,
    digest bytea,
    version bigint NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    md5 bytea NOT NULL,
    idempotency_key text,
    payload_digest bytea,
    -- The hashes of the other form of the e-mail, for the few users that have one: see domain::EmailHashes.
    other_id bytea,
    other_md5 bytea,
    CONSTRAINT users_by_id PRIMARY KEY (id) INCLUDE (name, email, upload, format)
);

CREATE INDEX users_by_md5 ON users (md5);
CREATE INDEX users_by_other_id ON users (other_id) WHERE other_id IS NOT NULL;
CREATE INDEX users_by_other_md5 ON users (other_md5) WHERE other_md5 IS NOT NULL;

-- An image in pieces, each with the position of its first byte: a connection never holds a whole image.
CREATE TABLE images (
    upload bytea NOT NULL,
    start integer NOT NULL,
    user_id bytea NOT NULL,
    bytes bytea NOT NULL,
    CONSTRAINT images_by_upload PRIMARY KEY (upload, start)
);

-- Not compressed, which images are already.
ALTER TABLE images ALTER COLUMN bytes SET STORAGE EXTERNAL;

-- Renditions belong to the user and the upload that they show.
CREATE TABLE renditions (
    user_id bytea NOT NULL,
    upload bytea NOT NULL,
    size smallint NOT NULL,
    format smallint NOT NULL,
    digest bytea NOT NULL,
    bytes bytea NOT NULL,
    CONSTRAINT renditions_by_key PRIMARY KEY (user_id, upload, size, format)
);

ALTER TABLE renditions ALTER COLUMN bytes SET STORAGE EXTERNAL;

CREATE TABLE events (
    id bigint GENERATED ALWAYS AS IDENTITY,
    kind text NOT NULL,
    user_id bytea NOT NULL,
    upload bytea NOT NULL,
    format smallint NOT NULL,
    trace_parent text,
    created_at bigint NOT NULL,
    visible_at bigint NOT NULL,
    is_delivered boolean NOT NULL DEFAULT false,
    attempts bigint NOT NULL DEFAULT 0,
    postponed bigint NOT NULL DEFAULT 0,
    CONSTRAINT events_by_id PRIMARY KEY (id)
);

CREATE INDEX events_by_time ON events (visible_at, id);
CREATE INDEX events_by_user ON events (user_id);

-- Dead letters, and why.
CREATE TABLE dead_letters (
    id bigint GENERATED ALWAYS AS IDENTITY,
    kind text NOT NULL,
    user_id bytea NOT NULL,
    upload bytea NOT NULL,
    format smallint NOT NULL,
    trace_parent text,
    created_at bigint NOT NULL,
    visible_at bigint NOT NULL,
    attempts bigint NOT NULL,
    reason text NOT NULL,
    CONSTRAINT dead_letters_by_id PRIMARY KEY (id)
);

CREATE INDEX dead_letters_by_time ON dead_letters (visible_at, id);
CREATE INDEX dead_letters_by_user ON dead_letters (user_id);

-- Not logged: what was sent but not cleaned yet gets into no base backup and no archive of the log, and is gone after a
-- crash of the server. The bytes are in pieces, as those of images; the pieces of one sending have the same time.
CREATE UNLOGGED TABLE direct_uploads (
    id text COLLATE "C" NOT NULL,
    part text COLLATE "C" NOT NULL,
    start integer NOT NULL,
    bytes bytea NOT NULL,
    written_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT direct_uploads_by_part PRIMARY KEY (part, id, start)
);

ALTER TABLE direct_uploads ALTER COLUMN bytes SET STORAGE EXTERNAL;

-- Rows with many bytes, and queues, whose rows do not live long: by default a fifth of a table may be deleted rows.
ALTER TABLE images SET (autovacuum_vacuum_scale_factor = 0.01, toast.autovacuum_vacuum_scale_factor = 0.01);
ALTER TABLE renditions SET (autovacuum_vacuum_scale_factor = 0.01, toast.autovacuum_vacuum_scale_factor = 0.01);
ALTER TABLE events SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
ALTER TABLE direct_uploads SET (
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 1000,
    toast.autovacuum_vacuum_scale_factor = 0,
    toast.autovacuum_vacuum_threshold = 1000
);
