-- Whose data this is: at most one row.
CREATE TABLE environment (
    name TEXT NOT NULL
) STRICT;

-- What the upload was part of (W3C Trace Context), for the worker.
ALTER TABLE events ADD COLUMN trace_parent TEXT;
