-- The environment of this database: at most one row.
CREATE TABLE environment (
    name TEXT NOT NULL
) STRICT;

-- The trace of the upload (W3C Trace Context), for the worker.
ALTER TABLE events ADD COLUMN trace_parent TEXT;
