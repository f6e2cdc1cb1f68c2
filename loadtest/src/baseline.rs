//! The baseline: the cheapest server with the hub's fan-out, to measure the hub against. On the command
//! line it is called the ceiling.
//!
//! One thread, one epoll loop, one `write` per subscriber per message, never two messages in one write. It
//! uses the same handshake and frames, but keeps no state and guarantees nothing: it drops a subscriber
//! whose socket is full.
//!
//! `POST /broadcast` with one message per line sends each line as one text frame to every WebSocket, and
//! returns 202 after the last write.

use crate::limits::{CEILING_BODY_BYTES_MAX, HTTP_HEAD_BYTES_MAX};
use crate::reactor::{Reactor, Ready, Watch};
use crate::ws::{self, frame};
use anyhow::{Context, Result, bail};
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

const LISTENER: u64 = u64::MAX;
/// How often an idle server checks whether to stop.
const TICK_NS: u64 = 100_000_000;

/// A connection before the upgrade, with its input so far.
struct Visitor {
    stream: TcpStream,
    got: Vec<u8>,
}

enum Peer {
    Visitor(Visitor),
    /// A subscriber is only its socket.
    Subscriber(TcpStream),
}

/// The server.
pub struct Baseline {
    listener: TcpListener,
    reactor: Reactor,
    peers: Vec<Option<Peer>>,
    free: Vec<usize>,
    /// Subscribers dropped because their sockets were full.
    dropped: u64,
    buffer: Vec<u8>,
}

impl Baseline {
    /// Listens on a loopback `port`; 0 for a free one.
    pub fn bind(port: u16) -> Result<Self> {
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None)?;
        socket.set_reuse_address(true)?;
        socket.set_nonblocking(true)?;
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        socket.bind(&address.into()).with_context(|| format!("cannot listen on {address}"))?;
        socket.listen(4_096)?;
        let (listener, reactor) = (TcpListener::from(socket), Reactor::new()?);
        reactor.add(&listener, LISTENER, Watch::Readable)?;
        let buffer = vec![0; 64 << 10];
        Ok(Self { listener, reactor, peers: Vec::new(), free: Vec::new(), dropped: 0, buffer })
    }

    /// The listening address.
    pub fn address(&self) -> Result<SocketAddr> {
        self.listener.local_addr().context("no address")
    }

    /// Serves until `ends` returns true. Calls it a few times a second.
    pub fn serve(&mut self, ends: impl Fn() -> bool) -> Result<()> {
        let mut ready = Vec::new();
        while !ends() {
            self.reactor.wait(TICK_NS, &mut ready)?;
            for event in &ready {
                if event.token == LISTENER {
                    self.accept()?;
                } else {
                    self.on_ready(*event);
                }
            }
        }
        Ok(())
    }

    fn accept(&mut self) -> Result<()> {
        loop {
            let stream = match self.listener.accept() {
                Ok((stream, _)) => stream,
                Err(e) if e.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(e) if e.kind() == ErrorKind::ConnectionAborted => continue,
                Err(e) => return Err(e).context("cannot accept"),
            };
            stream.set_nonblocking(true)?;
            stream.set_nodelay(true)?;
            let index = self.free.pop().unwrap_or_else(|| {
                self.peers.push(None);
                self.peers.len() - 1
            });
            self.reactor.add(&stream, index as u64, Watch::Readable)?;
            self.peers[index] = Some(Peer::Visitor(Visitor { stream, got: Vec::new() }));
        }
    }

    fn on_ready(&mut self, event: Ready) {
        let index = event.token as usize;
        let Some(Some(peer)) = self.peers.get_mut(index) else { return };
        let stream = match peer {
            Peer::Visitor(visitor) => &mut visitor.stream,
            Peer::Subscriber(stream) => stream,
        };
        let n = match stream.read(&mut self.buffer) {
            Ok(0) => return self.remove(index),
            Ok(n) => n,
            Err(e) if e.kind() == ErrorKind::WouldBlock => return,
            Err(_) => return self.remove(index),
        };
        // The baseline ignores what subscribers send.
        if let Peer::Visitor(visitor) = peer {
            visitor.got.extend_from_slice(&self.buffer[..n]);
            if self.serve_visitor(index).is_err() {
                self.remove(index);
            }
        }
    }

    /// Answers the complete requests of a visitor.
    fn serve_visitor(&mut self, index: usize) -> Result<()> {
        while let Some(Peer::Visitor(visitor)) = self.peers[index].as_mut() {
            let Some(head_len) = ws::head_len(&visitor.got) else {
                anyhow::ensure!(visitor.got.len() <= HTTP_HEAD_BYTES_MAX, "an endless head");
                return Ok(());
            };
            let head = str::from_utf8(&visitor.got[..head_len])?;
            if ws::header(head, "sec-websocket-key").is_some() {
                return self.upgrade(index);
            }
            let len: usize = ws::header(head, "content-length").unwrap_or("0").parse()?;
            let broadcast = head.starts_with("POST /broadcast ");
            anyhow::ensure!(len <= CEILING_BODY_BYTES_MAX, "a body too long");
            if visitor.got.len() < head_len + len {
                return Ok(());
            }
            let body: Vec<u8> = visitor.got.drain(..head_len + len).skip(head_len).collect();
            self.answer(index, broadcast, &body)?;
        }
        Ok(())
    }

    fn upgrade(&mut self, index: usize) -> Result<()> {
        let Some(Peer::Visitor(visitor)) = self.peers[index].take() else { return Ok(()) };
        let mut stream = visitor.stream;
        stream.write_all(&ws::upgrade_response())?;
        self.peers[index] = Some(Peer::Subscriber(stream));
        Ok(())
    }

    fn answer(&mut self, index: usize, broadcast: bool, body: &[u8]) -> Result<()> {
        let sent = if broadcast { self.broadcast(body) } else { 0 };
        let Some(Peer::Visitor(visitor)) = self.peers[index].as_mut() else { return Ok(()) };
        let status = if broadcast { "202 Accepted" } else { "404 Not Found" };
        let body = format!(r#"{{"accepted":{sent},"changed":{sent},"unchanged":0,"rejected":[]}}"#);
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        visitor.stream.write_all((head + &body).as_bytes())?;
        Ok(())
    }

    /// One write per subscriber per message: the loop that the hub is measured against.
    fn broadcast(&mut self, lines: &[u8]) -> usize {
        let mut sent = 0;
        let mut frame = Vec::new();
        for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            frame.clear();
            frame::put_unmasked(&mut frame, frame::TEXT, line);
            sent += 1;
            for index in 0..self.peers.len() {
                let Some(Peer::Subscriber(stream)) = self.peers[index].as_mut() else { continue };
                if !matches!(stream.write(&frame), Ok(n) if n == frame.len()) {
                    self.dropped += 1;
                    self.remove(index);
                }
            }
        }
        sent
    }

    fn remove(&mut self, index: usize) {
        self.peers[index] = None;
        self.free.push(index);
    }
}

/// A baseline server in a process of its own, which ends when this is dropped.
pub struct BaselineProcess {
    child: std::process::Child,
    /// The listening address.
    pub address: SocketAddr,
}

impl BaselineProcess {
    /// Starts `program ceiling --port 0` and reads the address from its first line.
    pub fn start(program: &std::path::Path) -> Result<Self> {
        use std::process::{Command, Stdio};
        let mut child = Command::new(program)
            .args(["ceiling", "--port", "0", "--until-parent-ends"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {} as the ceiling", program.display()))?;
        match child.stdout.take().map(first_line) {
            Some(Ok(address)) => Ok(Self { child, address }),
            other => {
                drop(child.kill());
                drop(child.wait());
                bail!("the ceiling did not start: {other:?}")
            }
        }
    }

    /// The process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

fn first_line(stdout: std::process::ChildStdout) -> Result<SocketAddr> {
    use std::io::BufRead;
    let mut line = String::new();
    std::io::BufReader::new(stdout).read_line(&mut line)?;
    line.trim().rsplit(' ').next().unwrap_or_default().parse().with_context(|| format!("it said {line:?}"))
}

impl Drop for BaselineProcess {
    fn drop(&mut self) {
        // It has no state to save.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
