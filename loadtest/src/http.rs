//! A minimal HTTP/1.1 client for pushing reports and reading state.

use crate::hub_address::{FeedKey, HubAddress};
use crate::limits::{ANSWER_TIMEOUT_S, HTTP_BODY_BYTES_MAX, HTTP_HEAD_BYTES_MAX};
use crate::ws::{head_len, header, status};
use anyhow::{Context, Result, bail};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// A complete response.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// The body, with chunks joined.
    pub body: Vec<u8>,
}

/// The first response in `bytes` and its length; `None` if it is incomplete.
pub fn parse_answer(bytes: &[u8]) -> Result<Option<(Answer, usize)>> {
    let Some(head_len) = head_len(bytes) else {
        if bytes.len() > HTTP_HEAD_BYTES_MAX {
            bail!("an HTTP head of more than {HTTP_HEAD_BYTES_MAX} bytes");
        }
        return Ok(None);
    };
    let head = str::from_utf8(&bytes[..head_len]).context("an HTTP head that is not text")?;
    let status = status(head)?;
    let rest = &bytes[head_len..];
    if header(head, "transfer-encoding").is_some_and(|v| v.eq_ignore_ascii_case("chunked")) {
        return Ok(join_chunks(rest)?.map(|(body, len)| (Answer { status, body }, head_len + len)));
    }
    let len = match header(head, "content-length") {
        Some(len) => len.parse::<usize>().context("a Content-Length that is no number")?,
        None if matches!(status, 100..200 | 204 | 304) => 0,
        None => bail!("an HTTP answer without a length"),
    };
    if len > HTTP_BODY_BYTES_MAX {
        bail!("an HTTP body of {len} bytes; {HTTP_BODY_BYTES_MAX} are accepted");
    }
    let body = rest.get(..len);
    Ok(body.map(|body| (Answer { status, body: body.to_vec() }, head_len + len)))
}

/// A chunked body and its length on the wire.
fn join_chunks(bytes: &[u8]) -> Result<Option<(Vec<u8>, usize)>> {
    let (mut body, mut at) = (Vec::new(), 0);
    loop {
        let Some(line) = bytes[at..].windows(2).position(|w| w == b"\r\n") else { return Ok(None) };
        let size = str::from_utf8(&bytes[at..at + line]).context("a chunk size that is not text")?;
        let size = size.split(';').next().unwrap_or_default().trim();
        let size = usize::from_str_radix(size, 16).context("a chunk size that is no number")?;
        if body.len().saturating_add(size) > HTTP_BODY_BYTES_MAX {
            bail!("an HTTP body of more than {HTTP_BODY_BYTES_MAX} bytes");
        }
        at += line + 2;
        let Some(chunk) = bytes.get(at..at + size + 2) else { return Ok(None) };
        body.extend_from_slice(&chunk[..size]);
        at += size + 2;
        if size == 0 {
            return Ok(Some((body, at)));
        }
    }
}

/// Appends a POST of JSON.
pub fn put_post(out: &mut Vec<u8>, host: &str, path: &str, key: Option<&FeedKey>, body: &[u8]) {
    out.extend_from_slice(format!("POST {path} HTTP/1.1\r\nHost: {host}\r\n").as_bytes());
    if let Some(key) = key {
        out.extend_from_slice(format!("Authorization: {}\r\n", key.bearer()).as_bytes());
    }
    let length = format!("Content-Type: application/json\r\nContent-Length: {}\r\n\r\n", body.len());
    out.extend_from_slice(length.as_bytes());
    out.extend_from_slice(body);
}

/// A blocking client for use outside of the measured phases: one request at a time.
pub struct BlockingClient {
    hub: HubAddress,
    stream: Option<TcpStream>,
}

impl BlockingClient {
    /// A client of `hub`, which connects at the first request.
    pub fn new(hub: &HubAddress) -> Self {
        Self { hub: hub.clone(), stream: None }
    }

    /// GET `path`.
    pub fn get(&mut self, path: &str) -> Result<Answer> {
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: {}\r\nAccept: application/json\r\n\r\n", self.hub.host);
        self.ask(request.as_bytes()).with_context(|| format!("GET {path}"))
    }

    /// GET `path` as JSON; anything but 200 is an error.
    pub fn get_json(&mut self, path: &str) -> Result<serde_json::Value> {
        let answer = self.get(path)?;
        if answer.status != 200 {
            bail!("GET {path}: status {}: {}", answer.status, excerpt(&answer.body));
        }
        serde_json::from_slice(&answer.body).with_context(|| format!("GET {path}: not JSON"))
    }

    /// POST `body` to `path`.
    pub fn post(&mut self, path: &str, key: Option<&FeedKey>, body: &[u8]) -> Result<Answer> {
        let mut request = Vec::new();
        put_post(&mut request, &self.hub.host, path, key, body);
        self.ask(&request).with_context(|| format!("POST {path}"))
    }

    fn ask(&mut self, request: &[u8]) -> Result<Answer> {
        // The hub may have closed an idle connection, but not a new one.
        if let Some(stream) = self.stream.take()
            && let Ok(answer) = self.ask_on(stream, request)
        {
            return Ok(answer);
        }
        let timeout = Duration::from_secs(ANSWER_TIMEOUT_S);
        let stream = TcpStream::connect_timeout(&self.hub.address, timeout)
            .with_context(|| format!("cannot connect to {}", self.hub.host))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(timeout))?;
        stream.set_write_timeout(Some(timeout))?;
        self.ask_on(stream, request)
    }

    fn ask_on(&mut self, mut stream: TcpStream, request: &[u8]) -> Result<Answer> {
        stream.write_all(request)?;
        let (mut got, mut chunk) = (Vec::new(), vec![0; 64 << 10]);
        loop {
            let n = stream.read(&mut chunk)?;
            if n == 0 {
                bail!("the connection was closed before the answer was whole");
            }
            got.extend_from_slice(&chunk[..n]);
            if let Some((answer, _)) = parse_answer(&got)? {
                self.stream = Some(stream);
                return Ok(answer);
            }
        }
    }
}

/// The start of a body, for error messages.
pub fn excerpt(body: &[u8]) -> String {
    String::from_utf8_lossy(&body[..body.len().min(300)]).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_whole_only_at_its_last_byte() {
        let bytes = b"HTTP/1.1 202 Accepted\r\ncontent-length: 5\r\n\r\nhelloHTTP/1.1";
        for cut in 0..48 {
            assert_eq!(parse_answer(&bytes[..cut]).unwrap(), None, "cut at {cut}");
        }
        let (answer, len) = parse_answer(bytes).unwrap().unwrap();
        assert_eq!(
            (answer.status, answer.body.as_slice(), &bytes[len..]),
            (202, &b"hello"[..], &b"HTTP/1.1"[..])
        );
    }

    #[test]
    fn chunks_are_joined() {
        let bytes =
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n";
        assert_eq!(parse_answer(&bytes[..bytes.len() - 1]).unwrap(), None);
        let (answer, len) = parse_answer(bytes).unwrap().unwrap();
        assert_eq!((answer.body.as_slice(), len), (&b"abcde"[..], bytes.len()));
    }

    #[test]
    fn an_answer_that_would_not_fit_is_refused() {
        let endless = vec![b'x'; HTTP_HEAD_BYTES_MAX + 1];
        assert!(parse_answer(&endless).is_err());
        assert!(parse_answer(b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n").is_err());
        assert!(parse_answer(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nffffffff\r\n").is_err());
    }
}
