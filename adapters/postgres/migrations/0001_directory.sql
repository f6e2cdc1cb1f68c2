-- The directory: what people have decided. Deeds are rows that are added and never changed; the
-- newest of a code or field counts.

-- Few words that belong to the whole installation.
CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

-- Feeds as they were last configured.
CREATE TABLE feeds (
    name    TEXT PRIMARY KEY,
    airport TEXT,
    kind    TEXT     NOT NULL,
    format  TEXT     NOT NULL,
    rank    SMALLINT NOT NULL,
    creates BOOLEAN  NOT NULL,
    zone    TEXT     NOT NULL
);

-- Keys of feeds, as SHA-256 digests. A revoked one stays, so that it cannot come back.
CREATE TABLE feed_keys (
    id         BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    feed       TEXT        NOT NULL REFERENCES feeds (name),
    digest     BYTEA       NOT NULL CHECK (octet_length(digest) = 32),
    note       TEXT        NOT NULL,
    added_at   TIMESTAMPTZ NOT NULL,
    revoked_at TIMESTAMPTZ,
    UNIQUE (feed, digest)
);

-- `name` is NULL where the built-in one was given back.
CREATE TABLE airline_changes (
    id      BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code    TEXT        NOT NULL,
    name    TEXT,
    made_by TEXT        NOT NULL,
    made_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX airline_changes_by_code ON airline_changes (code, id);

-- What is NULL is as built in; `withdrawn` where all of it is so again.
CREATE TABLE airport_changes (
    id        BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    iata      TEXT        NOT NULL,
    withdrawn BOOLEAN     NOT NULL,
    name      TEXT,
    city      TEXT,
    zone      TEXT,
    made_by   TEXT        NOT NULL,
    made_at   TIMESTAMPTZ NOT NULL
);
CREATE INDEX airport_changes_by_iata ON airport_changes (iata, id);

-- Fields taken over by hand and given back. `until` is NULL for the end of an override; `value` is
-- JSON as in a state of the log, NULL for nothing.
CREATE TABLE overrides (
    id      BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    leg     TEXT        NOT NULL,
    field   TEXT        NOT NULL,
    value   TEXT,
    until   TIMESTAMPTZ,
    reason  TEXT,
    made_by TEXT        NOT NULL,
    made_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX overrides_by_leg ON overrides (leg, id);

-- Who took a lease last and since when, for people to see. What counts is the advisory lock: a node
-- that died leaves its row here until another takes the lease.
CREATE TABLE lease_holders (
    name  TEXT PRIMARY KEY,
    node  TEXT        NOT NULL,
    since TIMESTAMPTZ NOT NULL
);
