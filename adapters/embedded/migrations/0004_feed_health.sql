-- How well each feed was heard when that was recorded last; NULL where it never was. Instants are in
-- microseconds since 1970, by the operational clock.
ALTER TABLE feeds ADD COLUMN heard_at INTEGER;
ALTER TABLE feeds ADD COLUMN is_failing INTEGER;
ALTER TABLE feeds ADD COLUMN health_at INTEGER;
