//! The hub as its users meet it: the real binary on ports and a folder of its own, spoken to over
//! HTTP.
//!
//! | module | holds |
//! |---|---|
//! | `hub` | a running hub, ended with its test |
//! | `client` | the smallest HTTP client that shows everything |
//! | `reading` | what travellers and screens ask |
//! | `pushing` | what airports send, well and badly |
//! | `operator` | what is for the operator alone |
//! | `border` | ids, origins, headers, errors |
//! | `described` | the interface as its own document describes it |
//! | `living` | start, end, kill, commands |
//! | `socket` | the smallest WebSocket client that shows everything |
//! | `sockets` | what WebSockets are told: greeting, changes, answers, resume, the end |
//! | `guests` | whom the hub lets in by WebSocket, and what it puts up with |
//! | `floods` | clients that send too much, or ask and do not read |
//! | `one_core` | a hub with a single core |
//! | `slow` | listeners who do not read |
//! | `streams` | server-sent events |

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

mod age;
mod border;
#[expect(dead_code, reason = "tests/cluster uses the rest")]
mod client;
mod corrections;
mod described;
mod floods;
mod guests;
mod hub;
mod living;
#[cfg(target_os = "linux")]
mod one_core;
mod operator;
mod pushing;
mod reading;
mod removals;
mod slow;
#[expect(dead_code, reason = "tests/cluster uses the rest")]
mod socket;
mod sockets;
mod streams;
