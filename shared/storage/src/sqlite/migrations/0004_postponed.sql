-- How many deliveries of an event do not count, since something else had failed.
ALTER TABLE events ADD COLUMN postponed INTEGER NOT NULL DEFAULT 0;
