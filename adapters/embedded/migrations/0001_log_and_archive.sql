-- Few words that belong to the whole data folder.
CREATE TABLE meta (
    key   TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The states of flights, as a compacted log: each row is a segment of the states that one commit
-- made durable. Of each leg only its newest state counts; the oldest segments are rewritten without
-- what no longer counts. `legs` is the table of contents (leg, revision, newest change, length and
-- checksum of the state), `states` the states one behind the other, compressed together.
CREATE TABLE log (
    position INTEGER NOT NULL PRIMARY KEY,
    legs     BLOB NOT NULL,
    states   BLOB NOT NULL
) STRICT;

-- What changed, in the order in which it became durable. `previous` is the position of the change
-- before of the same leg, 0 where there is none: history walks that chain, so that appending needs
-- no index by leg, whose pages would be written at random. `at` is in nanoseconds since 1970.
CREATE TABLE changes (
    position INTEGER NOT NULL PRIMARY KEY,
    previous INTEGER NOT NULL,
    leg      TEXT NOT NULL,
    rev      INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    kinds    TEXT NOT NULL,
    source   TEXT NOT NULL,
    facts    TEXT NOT NULL
) STRICT;
CREATE INDEX changes_by_time ON changes (at);

-- Where the history of legs that are no longer live begins.
CREATE TABLE retired (
    leg    TEXT NOT NULL PRIMARY KEY,
    newest INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX retired_by_newest ON retired (newest);

-- Messages as they came. `encoding` is 0 for plain, 1 for an lz4 block with its length before it;
-- `length` is that of the whole message, of which the start is kept if it was too long.
CREATE TABLE messages (
    id           INTEGER NOT NULL PRIMARY KEY,
    feed         TEXT NOT NULL,
    received_at  INTEGER NOT NULL,
    content_type TEXT NOT NULL,
    encoding     INTEGER NOT NULL,
    length       INTEGER NOT NULL,
    body         BLOB NOT NULL
) STRICT;
CREATE INDEX messages_by_time ON messages (received_at);

-- What could not be used, for a human to see. `message` is its row in `messages`, if it was kept.
CREATE TABLE faults (
    id          INTEGER NOT NULL PRIMARY KEY,
    message     INTEGER,
    feed        TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    item        INTEGER,
    field       TEXT,
    reason      TEXT NOT NULL,
    excerpt     TEXT NOT NULL
) STRICT;
CREATE INDEX faults_by_time ON faults (received_at);
