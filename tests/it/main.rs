//! The hub as its users meet it: the real binary on ports and a folder of its own, spoken to over
//! HTTP.
//!
//! | module | holds |
//! |---|---|
//! | `hub` | a running hub, ended with its test |
//! | `http_client` | the smallest HTTP client that shows everything |
//! | `rest_reads` | what travellers and screens ask |
//! | `ingest` | what airports send, well and badly |
//! | `operator` | what is for the operator alone |
//! | `middleware` | ids, origins, headers, errors |
//! | `openapi` | the interface as its own document describes it |
//! | `lifecycle` | start, end, kill, commands |
//! | `websocket_client` | the smallest WebSocket client that shows everything |
//! | `websocket` | what WebSockets are told: greeting, changes, answers, resume, the end |
//! | `websocket_limits` | whom the hub lets in by WebSocket, and what it puts up with |
//! | `overload` | clients that send too much, or ask and do not read |
//! | `single_core` | a hub with a single core |
//! | `slow_clients` | listeners who do not read |
//! | `server_sent_events` | server-sent events |

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

mod corrections;
#[expect(dead_code, reason = "tests/cluster uses the rest")]
mod http_client;
mod hub;
mod ingest;
mod lifecycle;
mod middleware;
mod openapi;
mod operator;
mod overload;
mod removals;
mod rest_reads;
mod server_sent_events;
#[cfg(target_os = "linux")]
mod single_core;
mod slow_clients;
mod stale_sources;
mod websocket;
#[expect(dead_code, reason = "tests/cluster uses the rest")]
mod websocket_client;
mod websocket_limits;
