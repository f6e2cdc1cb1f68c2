//! # The actors
//!
//! An actor receives messages, calls other parts and sends messages. It contains no rules, no
//! encoding, no driver, no SQL and no HTTP: rules live in `domain`, encodings in `wire`, and the
//! outside world comes in through `domain::ports`.
//!
//! | module | actor | one per | receives | sends to |
//! |---|---|---|---|---|
//! | [`feed`] | `FeedActor` | polled airport | timer | [`ingest`], which writes to the archive and the report sink |
//! | [`flight`] | `FlightActor` | leg | reports, overrides, retirement | change log, then boards and switchboards |
//! | [`board`] | `BoardActor` | board, airline, and one for all | row changes, snapshot requests | the requester |
//! | [`switchboard`] | `Switchboard` | web worker thread | broadcasts | the connections of its thread, directly |
//! | [`replication`] | `KafkaBridge` | node of several | log events, queued reports | hub, log |
//! | [`supervisor`] | `Supervisor` | process | panics of actors | restarts the actor, or ends the process |
//!
//! The actor of one WebSocket session lives with the WebSocket code, in `src/ws/`.
//!
//! Everything else calls the actors through [`hub::Hub`], a handle with methods such as
//! `hub.accept(reports).await` and `hub.snapshot(topic, since).await`.
//!
//! | module without an actor | contains |
//! |---|---|
//! | [`ingest`] | the pipeline of an incoming message: decode, archive, submit |
//! | [`flight_snapshot`] | the published state of a leg, with its JSON and its frame |
//! | [`frame`] | a frame that is encoded once and shared by all connections |
//! | [`unread_budget`] | memory limits for responses that clients have not read |
//! | [`mailbox`] | sending without a reply, within the bound of the mailbox |
//! | [`metrics`] | counters and histograms |
//!
//! ## Queues
//!
//! Every queue is bounded. The graph of which part waits for which has no cycle:
//!
//! ```text
//! HTTP, Feed ──► Flight ──► change log (group commit)
//!                  ├──────► Board ───────► (replies only)
//!                  └──────► Switchboard ─► connections, which never block it
//! KafkaBridge ──► Flight (queued reports); Board, Switchboard (log events)
//! Session ──► Board, FlightSnapshot
//! ```
//!
//! | queue | bound | when full |
//! |---|---|---|
//! | reports in flight | [`hub::Limits::reports_under_way_max`] | the hub refuses them and the sender retries later |
//! | a flight's mailbox | [`flight::MAILBOX`] | the sender of the report waits |
//! | a board's mailbox | [`board::MAILBOX`] | the requester waits |
//! | snapshot requests that wait for the board's rate limit | one per connection | cannot happen: a connection has one request at a time |
//! | row changes that a board has not applied | [`board::PENDING_CHANGES_MAX`] | the flight waits, and so does the sender of its report |
//! | a switchboard's mailbox | [`switchboard::MAILBOX`] | the flight waits; connections never slow a switchboard |
//! | dirty legs of a slow connection | one entry per leg that it follows | cannot happen: a leg has one entry and is sent in its newest state |
//! | batches from the report queue | [`replication::BATCHES_MAX`] | the node takes no more; the queue's own bound applies |
//! | replies to a connection | [`switchboard::REPLIES_MAX`] | the hub disconnects it, close code 4001 |
//! | responses that clients have not read ([`unread_budget`]) | [`hub::Limits::unread`], per process and per client | WebSocket: close code 4003; HTTP: 503; a client that reads nothing is disconnected after 5 s |
//!
//! ## Simulation
//!
//! `tests/simulation` runs hubs on virtual time with simulated sources, stores, networks, clients and crashes,
//! and checks the invariants of docs/ARCHITECTURE.md. Its page explains how to add a part and an invariant.
//!
//! ## Adding an actor
//!
//! 1. Create a file or folder with the actor's name. Put its message types at the top.
//! 2. Bound its mailbox with a constant, and add the row for 'when full' to the table above.
//! 3. Add a method to a handle. Addresses and message types stay private.
//! 4. Give it a [`supervisor::PanicGuard`] that states what a panic of the actor leads to.
//! 5. Start it in the simulation, and check there what must hold of it.

pub mod board;
pub mod feed;
pub mod flight;
pub mod flight_snapshot;
pub mod frame;
pub mod hub;
pub mod ingest;
pub mod mailbox;
pub mod metrics;
pub mod replication;
pub mod supervisor;
pub mod switchboard;
pub mod unread_budget;
