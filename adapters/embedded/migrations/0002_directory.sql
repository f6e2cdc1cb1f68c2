-- The directory: what people have decided. Deeds are rows that are added and never changed; the
-- newest of a code or field counts. Instants (`…_at`, `until`) are in microseconds since 1970.

-- Feeds as they were last configured.
CREATE TABLE feeds (
    name    TEXT    NOT NULL PRIMARY KEY,
    airport TEXT,
    kind    TEXT    NOT NULL,
    format  TEXT    NOT NULL,
    rank    INTEGER NOT NULL,
    creates INTEGER NOT NULL,
    zone    TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

-- Keys of feeds, as SHA-256 digests. A revoked one stays, so that it cannot come back.
CREATE TABLE feed_keys (
    id         INTEGER NOT NULL PRIMARY KEY,
    feed       TEXT    NOT NULL,
    digest     BLOB    NOT NULL CHECK (length(digest) = 32),
    note       TEXT    NOT NULL,
    added_at   INTEGER NOT NULL,
    revoked_at INTEGER,
    UNIQUE (feed, digest)
) STRICT;

-- `name` is NULL where the built-in one was given back.
CREATE TABLE airline_changes (
    id      INTEGER NOT NULL PRIMARY KEY,
    code    TEXT    NOT NULL,
    name    TEXT,
    made_by TEXT    NOT NULL,
    made_at INTEGER NOT NULL
) STRICT;
CREATE INDEX airline_changes_by_code ON airline_changes (code);

-- What is NULL is as built in; `withdrawn` is 1 where all of it is so again.
CREATE TABLE airport_changes (
    id        INTEGER NOT NULL PRIMARY KEY,
    iata      TEXT    NOT NULL,
    withdrawn INTEGER NOT NULL,
    name      TEXT,
    city      TEXT,
    zone      TEXT,
    made_by   TEXT    NOT NULL,
    made_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX airport_changes_by_iata ON airport_changes (iata);

-- Fields taken over by hand and given back. `until` is NULL for the end of an override; `value` is
-- JSON as in a state of the log, NULL for nothing.
CREATE TABLE overrides (
    id      INTEGER NOT NULL PRIMARY KEY,
    leg     TEXT    NOT NULL,
    field   TEXT    NOT NULL,
    value   TEXT,
    until   INTEGER,
    reason  TEXT,
    made_by TEXT    NOT NULL,
    made_at INTEGER NOT NULL
) STRICT;
CREATE INDEX overrides_by_leg ON overrides (leg, field);
