//! Tests of the hub from outside: the real binary, with its own ports and folder, over HTTP and WebSocket.
//!
//! | module | contents |
//! |---|---|
//! | `hub` | a running hub, ended with its test |
//! | `http_client`, `websocket_client` | minimal clients that show every byte |
//! | `rest_reads` | read endpoints |
//! | `ingest`, `corrections` | pushed messages; corrected flight keys |
//! | `operator`, `removals` | endpoints for the operator |
//! | `middleware` | request ids, origins, headers, errors |
//! | `openapi` | the endpoints behave as the OpenAPI document states |
//! | `lifecycle`, `single_core` | start, shutdown, kill, commands; a hub with a single core |
//! | `websocket`, `websocket_limits` | WebSocket behaviour; handshakes and invalid input |
//! | `server_sent_events` | event streams |
//! | `overload`, `slow_clients` | clients that send too much, and clients that do not read |
//! | `stale_sources` | how clients learn of silent sources |

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
