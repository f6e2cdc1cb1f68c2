//! The hub as its users meet it: the real binary on ports and a folder of its own, spoken to over
//! HTTP.
//!
//! | module | holds |
//! |---|---|
//! | `hub` | a running hub, ended with its test |
//! | `client` | the smallest HTTP client that shows everything |
//! | `reading` | what travellers and screens ask |
//! | `pushing` | what airports send, well and badly |
//! | `border` | ids, origins, headers, errors |
//! | `living` | start, end, kill, commands |

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

mod border;
mod client;
mod hub;
mod living;
mod pushing;
mod reading;
