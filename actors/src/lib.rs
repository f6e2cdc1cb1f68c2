//! # The actors
//!
//! State is pure and lives in `domain`; bytes are made in `wire`. An actor here receives, calls,
//! sends, and nothing else: no driver, no SQL, no HTTP. What it needs of the outside world comes
//! in through `domain::ports`.
//!
//! | module | actor | one per | is told | tells |
//! |---|---|---|---|---|
//! | [`bridge`] | `KafkaBridge` | node of several | what the shared log and the journal say | hub, log |
//! | [`feed`] | `FeedActor` | polled airport | timer | [`intake`], which tells archive and sink |
//! | [`flight`] | `FlightActor` | leg | reports, what is done by hand, retirement | change log, then boards and switchboards |
//! | [`board`] | `BoardActor` | board, airline, all | rows | whoever asks for a snapshot |
//! | [`switchboard`] | `Switchboard` | web worker thread | frames | the thread's sockets, directly |
//! | [`supervisor`] | `Supervisor` | process | a death, the minute | restarts, or ends the process audibly |
//!
//! The session of one WebSocket is an actor too; it lives beside the socket in the hub's `ws/`.
//!
//! [`hub::Hub`] is the handle by which everything else speaks to them, in verbs:
//! `hub.accept(reports).await`, `hub.snapshot(topic, since).await`.
//!
//! ## Queues
//!
//! Every queue is bounded, and the graph of who waits for whom has no cycle:
//!
//! ```text
//! HTTP, Feed ──► Flight ──► change log (group commit)
//!                  ├──────► Board ───────► (answers only)
//!                  └──────► Switchboard ─► sockets, which never make it wait
//! Bridge ──► Flight (reports of the journal); Board, Switchboard (what the shared log says)
//! Session ──► Board, Flight's live state
//! ```
//!
//! | queue | bound | when full |
//! |---|---|---|
//! | reports under way | [`hub::Limits::reports_under_way_max`] | refused, the sender is told when to come back |
//! | a flight's mailbox | [`flight::MAILBOX`] | whoever reports waits |
//! | a board's mailbox | [`board::MAILBOX`] | whoever asks waits |
//! | questions that wait until their board may work | one a listener | cannot be: a listener asks one at a time |
//! | changes a board has not taken in | [`board::NEWS_MAX`] | the flight waits, and with it whoever reports |
//! | a switchboard's mailbox | [`switchboard::MAILBOX`] | the flight waits; sockets never slow a switchboard |
//! | a slow socket's legs | one entry a leg it follows | cannot be: a leg is entered once, and is sent as its newest state |
//! | batches from the journal | [`bridge::BATCHES_MAX`] | no more are taken; the journal's own bound holds |
//! | a socket's answers | [`switchboard::ANSWERS_MAX`] | the socket is let go, code 4001 |
//! | answers that clients have not read ([`unread`]) | [`hub::Limits::unread`], for the process and for one client | a socket is let go, code 4003; HTTP answers 503; who takes nothing goes after 5 s |
//!
//! ## Adding an actor
//!
//! 1. A file or folder of its name: messages at the top, the closed set of what can happen to it.
//! 2. Its mailbox's bound as a constant, with the answer to 'full' in the table above.
//! 3. A verb on the handle; addresses stay private.
//! 4. A [`supervisor::Guard`] in it, with what its death means.

pub mod board;
pub mod bridge;
pub mod feed;
pub mod flight;
pub mod frame;
pub mod hub;
pub mod intake;
pub mod live;
pub mod metrics;
pub mod supervisor;
pub mod switchboard;
pub mod tell;
pub mod unread;
