//! A well-behaved follower and a poster, which measure whether a flood affects others.

use crate::checker::Violations;
use crate::clock::{SECOND_NS, now_ns};
use crate::frame_cache::{FrameCache, ServerFrame};
use crate::http::BlockingClient;
use crate::hub_under_test::HubUnderTest;
use crate::limits::ANSWER_TIMEOUT_S;
use crate::phase_metrics::{LatencyHistogram, Percentiles};
use crate::plan::Plan;
use crate::ws::frame::{CLOSE, PING, PONG, TEXT, drain, put_masked};
use crate::ws::{check_upgrade, head_len, upgrade_request};
use anyhow::{Context, Result, bail};
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// Length of the remark that changes and carries the marker of its report.
pub(super) const REMARK_BYTES: usize = 60;

/// How long the follower waits for frames before it checks whether a report is due.
const PATIENCE: Duration = Duration::from_millis(1);

/// What they measured.
pub(super) struct ControlResult {
    pub(super) follower: Percentiles,
    pub(super) poster: Percentiles,
    /// Descriptions of failures.
    pub(super) not_served: Vec<String>,
}

/// Both, on a thread each.
pub(super) struct ControlClient<'a> {
    hub: &'a HubUnderTest,
    plan: Plan,
    every_ns: u64,
    follower: Follower,
    marker: u32,
}

impl<'a> ControlClient<'a> {
    /// Opens the follower's socket. The poster changes the first flight of the plan `rate` times a second.
    pub(super) fn new(hub: &'a HubUnderTest, plan: Plan, rate: u32) -> Result<Self> {
        let follower = Follower::open(hub, &plan.flights[0].leg)?;
        Ok(Self { hub, plan, every_ns: SECOND_NS / u64::from(rate), follower, marker: 0 })
    }

    /// Continues for this long, and calls `meanwhile` several times a second.
    pub(super) fn watch(
        &mut self,
        time: Duration,
        mut meanwhile: impl FnMut() -> Result<()>,
    ) -> Result<ControlResult> {
        let (mut times, mut posts) = (LatencyHistogram::new()?, LatencyHistogram::new()?);
        let (hub, every_ns, plan, marker) = (self.hub, self.every_ns, &mut self.plan, &mut self.marker);
        let follower = &mut self.follower;
        let ends = now_ns() + time.as_nanos() as u64;
        let (sender, sent) = std::sync::mpsc::channel();
        std::thread::scope(|scope| {
            let posting = scope.spawn(move || -> Result<(LatencyHistogram, Vec<String>)> {
                let (mut calm, mut wrong) = (BlockingClient::new(&hub.hub), Vec::new());
                let mut due = now_ns();
                while now_ns() < ends {
                    std::thread::sleep(Duration::from_nanos(due.saturating_sub(now_ns())));
                    due = (due + every_ns).max(now_ns());
                    let mut body = vec![b'['];
                    plan.put_remark(&mut body, 0, *marker)?;
                    body.push(b']');
                    let at = now_ns();
                    // The receiver ends only when the follower gives up.
                    let _ = sender.send((*marker, at));
                    *marker += 1;
                    match calm.post(&hub.reports_path, hub.key.as_ref(), &body) {
                        Ok(answer) if answer.status == 202 => posts.add(now_ns() - at),
                        Ok(answer) => wrong.push(format!("a report was answered {}", answer.status)),
                        Err(fault) => wrong.push(format!("a report was not answered: {fault:#}")),
                    }
                }
                Ok((posts, wrong))
            });
            let mut waiting: std::collections::BTreeMap<u32, u64> = Default::default();
            let (mut wrong, mut looked) = (Vec::new(), now_ns());
            loop {
                for (marker, came) in follower.read().unwrap_or_else(|fault| {
                    wrong.push(format!("{fault:#}"));
                    Vec::new()
                }) {
                    waiting.extend(sent.try_iter());
                    // A state covers all changes that it skips.
                    let later = waiting.split_off(&(marker + 1));
                    for at in std::mem::replace(&mut waiting, later).into_values() {
                        times.add(came.saturating_sub(at));
                    }
                }
                waiting.extend(sent.try_iter());
                let now = now_ns();
                let is_late = waiting.values().any(|at| now - at > ANSWER_TIMEOUT_S * SECOND_NS);
                if is_late {
                    wrong.push(format!("no frame within {ANSWER_TIMEOUT_S} s"));
                }
                if is_late || !wrong.is_empty() || (posting.is_finished() && waiting.is_empty()) {
                    break;
                }
                if now - looked > SECOND_NS / 5 {
                    looked = now;
                    meanwhile()?;
                }
            }
            let posted = posting.join().map_err(|_| anyhow::anyhow!("the poster's thread died"))?;
            let (posts, more) = posted?;
            wrong.extend(more);
            if !wrong.is_empty() {
                *follower = Follower::open(hub, &follower.leg)?;
            }
            let (follower, poster) = (times.percentiles(), posts.percentiles());
            Ok(ControlResult { follower, poster, not_served: wrong })
        })
    }
}

/// A WebSocket that follows one flight.
struct Follower {
    leg: String,
    stream: TcpStream,
    rest: Vec<u8>,
    frames: FrameCache,
}

impl Follower {
    fn open(hub: &HubUnderTest, leg: &str) -> Result<Self> {
        let mut stream = TcpStream::connect(hub.hub.address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(ANSWER_TIMEOUT_S)))?;
        stream.write_all(&upgrade_request(&hub.hub.host, "/ws"))?;
        let mut head = Vec::new();
        let mut byte = [0];
        while head_len(&head).is_none() {
            stream.read_exact(&mut byte).context("no answer to the follower's handshake")?;
            head.push(byte[0]);
        }
        check_upgrade(&head)?;
        let frames = FrameCache::new(std::iter::once(leg));
        let mut follow = Vec::new();
        put_masked(&mut follow, TEXT, format!(r#"{{"op":"follow","topic":"flight/{leg}"}}"#).as_bytes());
        stream.write_all(&follow)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self { leg: leg.to_owned(), stream, rest: Vec::new(), frames })
    }

    /// Received markers with their times; waits a moment at most.
    fn read(&mut self) -> Result<Vec<(u32, u64)>> {
        let mut chunk = [0; 16 << 10];
        let length = match self.stream.read(&mut chunk) {
            Ok(0) => bail!("the follower's connection ended"),
            Ok(length) => length,
            Err(fault) if matches!(fault.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => 0,
            Err(fault) => return Err(fault).context("the follower's connection broke"),
        };
        let came = now_ns();
        let (mut markers, mut answers, mut closed) = (Vec::new(), Vec::new(), None);
        let (frames, mut violations) = (&mut self.frames, Violations::default());
        drain(&mut self.rest, &chunk[..length], |frame| match frame.opcode {
            CLOSE => closed = Some(frame.close_reason()),
            PING => put_masked(&mut answers, PONG, frame.payload),
            TEXT => match &*frames.read(frame.payload, &mut violations) {
                ServerFrame::Ping => put_masked(&mut answers, TEXT, br#"{"op":"pong"}"#),
                ServerFrame::Change { marker: Some(marker), .. }
                | ServerFrame::State { marker: Some(marker), .. } => {
                    markers.push((*marker, came));
                }
                _ => {}
            },
            _ => {}
        })
        .map_err(|fault| anyhow::anyhow!("{fault}"))?;
        if let Some((code, reason)) = closed {
            bail!("the follower was let go: {code} {reason}");
        }
        self.stream.write_all(&answers)?;
        Ok(markers)
    }
}
