//! A pool of HTTP connections that push reports, in the same thread and epoll loop as the sockets.

use crate::clock::now_ns;
use crate::http::{self, Answer};
use crate::hub_address::{FeedKey, HubAddress};
use crate::reactor::{Reactor, Ready, Watch};
use anyhow::{Context, Result, bail};
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;

/// Tokens from here on are HTTP connections, below are sockets.
pub const HTTP_TOKENS: u64 = 1 << 40;

/// A completed POST.
#[derive(Debug)]
pub struct Done {
    /// Its number.
    pub job: u64,
    /// The response.
    pub answer: Answer,
    /// When it was passed to the kernel.
    pub sent_ns: u64,
    /// When the response was complete.
    pub got_ns: u64,
}

#[derive(Default)]
struct HttpConnection {
    stream: Option<TcpStream>,
    request: Vec<u8>,
    written: usize,
    got: Vec<u8>,
    /// Number and time of the request in flight.
    under_way: Option<(u64, u64)>,
    /// It was sent again because the connection had been closed.
    again: bool,
}

/// A fixed number of connections with at most one request in flight each.
pub struct HttpPool {
    hub: HubAddress,
    path: String,
    key: Option<FeedKey>,
    pool: Vec<HttpConnection>,
    chunk: Vec<u8>,
}

impl HttpPool {
    /// `count` connections that POST to `path` of `hub`.
    pub fn new(hub: &HubAddress, path: String, key: Option<FeedKey>, count: usize) -> Self {
        let pool = (0..count).map(|_| HttpConnection::default()).collect();
        Self { hub: hub.clone(), path, key, pool, chunk: vec![0; 16 << 10] }
    }

    /// The number of requests in flight.
    pub fn under_way(&self) -> usize {
        self.pool.iter().filter(|lane| lane.under_way.is_some()).count()
    }

    /// Whether no connection is free.
    pub fn is_full(&self) -> bool {
        self.under_way() == self.pool.len()
    }

    /// Sends `body` on a free connection under the number `job`; `false` if none is free.
    pub fn post(&mut self, reactor: &Reactor, job: u64, body: &[u8]) -> Result<bool> {
        let Some(index) = self.pool.iter().position(|lane| lane.under_way.is_none()) else {
            return Ok(false);
        };
        let lane = &mut self.pool[index];
        lane.request.clear();
        http::put_post(&mut lane.request, &self.hub.host, &self.path, self.key.as_ref(), body);
        lane.got.clear();
        lane.written = 0;
        lane.again = false;
        lane.under_way = Some((job, now_ns()));
        self.start(reactor, index)?;
        Ok(true)
    }

    /// Handles an event and appends completed requests to `done`.
    pub fn on_ready(&mut self, reactor: &Reactor, ready: Ready, done: &mut Vec<Done>) -> Result<()> {
        let index = (ready.token - HTTP_TOKENS) as usize;
        let Some(lane) = self.pool.get_mut(index) else { return Ok(()) };
        if ready.writable {
            lane.write()?;
        }
        loop {
            let Some(stream) = lane.stream.as_mut() else { return Ok(()) };
            match stream.read(&mut self.chunk) {
                Ok(0) => return self.hung_up(reactor, index),
                Ok(n) => lane.got.extend_from_slice(&self.chunk[..n]),
                Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => return Ok(()),
                Err(_) => return self.hung_up(reactor, index),
            }
            if let Some((answer, _)) = http::parse_answer(&lane.got)?
                && let Some((job, sent_ns)) = lane.under_way.take()
            {
                lane.got.clear();
                done.push(Done { job, answer, sent_ns, got_ns: now_ns() });
            }
        }
    }

    /// The hub may close a connection at any time; its request is sent once more. That is safe: merging a
    /// report twice changes nothing.
    fn hung_up(&mut self, reactor: &Reactor, index: usize) -> Result<()> {
        let lane = &mut self.pool[index];
        lane.stream = None;
        if lane.under_way.is_none() {
            return Ok(());
        }
        if lane.again {
            bail!("the server hung up twice instead of answering a POST to {}", self.path);
        }
        lane.again = true;
        lane.written = 0;
        lane.got.clear();
        self.start(reactor, index)
    }

    fn start(&mut self, reactor: &Reactor, index: usize) -> Result<()> {
        let lane = &mut self.pool[index];
        if lane.stream.is_none() {
            let stream = TcpStream::connect(self.hub.address)
                .with_context(|| format!("cannot connect to {}", self.hub.host))?;
            stream.set_nodelay(true)?;
            stream.set_nonblocking(true)?;
            reactor.add(&stream, HTTP_TOKENS + index as u64, Watch::Edges)?;
            lane.stream = Some(stream);
        }
        lane.write()
    }
}

impl HttpConnection {
    fn write(&mut self) -> Result<()> {
        let Some(stream) = self.stream.as_mut() else { return Ok(()) };
        while self.under_way.is_some() && self.written < self.request.len() {
            match stream.write(&self.request[self.written..]) {
                Ok(n) => self.written += n,
                Err(e) if e.kind() == ErrorKind::WouldBlock => return Ok(()),
                // The read side notices the closed connection and sends again.
                Err(e) if matches!(e.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset) => {
                    return Ok(());
                }
                Err(e) => return Err(e).context("cannot push reports"),
            }
        }
        Ok(())
    }
}
