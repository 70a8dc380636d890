-- The hashes of the other form of an e-mail, for the few users that have one: see domain::EmailHashes.
ALTER TABLE users ADD COLUMN other_id bytea, ADD COLUMN other_md5 bytea;

CREATE INDEX users_by_other_id ON users (other_id) WHERE other_id IS NOT NULL;
CREATE INDEX users_by_other_md5 ON users (other_md5) WHERE other_md5 IS NOT NULL;
