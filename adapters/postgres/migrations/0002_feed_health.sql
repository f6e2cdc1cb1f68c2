-- How well each feed was heard when a node recorded it last; NULL where none ever did. Instants are the
-- operational clock's.
ALTER TABLE feeds ADD COLUMN heard_at TIMESTAMPTZ;
ALTER TABLE feeds ADD COLUMN is_failing BOOLEAN;
ALTER TABLE feeds ADD COLUMN health_at TIMESTAMPTZ;
