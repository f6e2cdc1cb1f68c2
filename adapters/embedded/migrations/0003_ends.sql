-- When a leg was retired, by the operational clock, in nanoseconds since 1970: until some days later a
-- report of it is refused, also after a restart. Of those from before, the newest change is the last that
-- is known.
ALTER TABLE retired ADD COLUMN ended_at INTEGER NOT NULL DEFAULT 0;
UPDATE retired SET ended_at = coalesce((SELECT at FROM changes WHERE position = retired.newest), 0);
