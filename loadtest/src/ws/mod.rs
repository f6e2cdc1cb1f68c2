//! A minimal RFC 6455 for both ends of a load test: handshake and frames.
//!
//! Every client sends the same `Sec-WebSocket-Key` (the RFC's example), so the answer is a constant and
//! neither end computes a SHA-1. A server cannot tell the difference.

pub mod frame;

use anyhow::{Context, Result, bail};

/// The key of every client.
pub const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
/// The required answer to [`KEY`].
pub const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
/// The subprotocol.
pub const SUBPROTOCOL: &str = "gatecall.v1";

/// The request for an upgrade of `host` at `path`.
pub fn upgrade_request(host: &str, path: &str) -> Vec<u8> {
    format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: {KEY}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: {SUBPROTOCOL}\r\n\r\n"
    )
    .into_bytes()
}

/// The response that accepts it.
pub fn upgrade_response() -> Vec<u8> {
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {ACCEPT}\r\nSec-WebSocket-Protocol: {SUBPROTOCOL}\r\n\r\n"
    )
    .into_bytes()
}

/// Length of the HTTP head in `bytes`, including its empty line; `None` if it is incomplete.
pub fn head_len(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|w| w == b"\r\n\r\n").map(|at| at + 4)
}

/// The trimmed value of header `name` in a head.
pub fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().skip(1).find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.trim().eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

/// Status code of a response head.
pub fn status(head: &str) -> Result<u16> {
    head.split_whitespace().nth(1).and_then(|code| code.parse().ok()).context("not an HTTP response")
}

/// Checks a server's answer to [`upgrade_request`].
pub fn check_upgrade(head: &[u8]) -> Result<()> {
    let head = str::from_utf8(head).context("the upgrade's answer is not text")?;
    let code = status(head)?;
    if code != 101 {
        bail!("the upgrade was answered with status {code}");
    }
    if header(head, "sec-websocket-accept") != Some(ACCEPT) {
        bail!("Sec-WebSocket-Accept is wrong or missing");
    }
    match header(head, "sec-websocket-protocol") {
        Some(SUBPROTOCOL) => Ok(()),
        other => bail!("subprotocol {SUBPROTOCOL} was asked for, {other:?} was granted"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_we_give_is_the_answer_we_accept() {
        check_upgrade(&upgrade_response()).unwrap();
    }

    #[test]
    fn a_refusal_a_wrong_accept_and_a_missing_subprotocol_are_distinct_errors() {
        let told = |head: &str| check_upgrade(head.as_bytes()).unwrap_err().to_string();
        assert!(told("HTTP/1.1 503 No\r\n\r\n").contains("503"));
        assert!(told("HTTP/1.1 101 X\r\nSec-WebSocket-Accept: x\r\n\r\n").contains("Accept"));
        let no_protocol = format!("HTTP/1.1 101 X\r\nsec-websocket-accept: {ACCEPT}\r\n\r\n");
        assert!(told(&no_protocol).contains("subprotocol"));
    }
}
