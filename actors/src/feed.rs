//! One actor per polled airport: polls with backoff.
//!
//! The actor keeps the ETag and the time of the last successful poll and requests only what changed
//! since. Both advance only when the received data is durable. After a failure it waits longer each time,
//! with full jitter, so that many hubs do not hit an airport in trouble at once.
//!
//! If several nodes could poll a feed, the one that holds the lease of the feed does. The others check
//! from time to time whether the lease is free. A node that takes over knows nothing of earlier polls and
//! requests everything; merging that changes nothing.

use crate::ingest::{FeedSpec, IngestError, IngestOutcome, IngestPipeline};
use crate::supervisor::{PanicGuard, PanicReporter};
use actix::prelude::*;
use chrono::{DateTime, TimeDelta, Utc};
use domain::ports::{AirportSource, Lease, Leases, PollError, PollRequest, PollResponse, StoreError};
use std::sync::Arc;
use std::time::Duration;

/// Maximum number of pages of one answer. More is an error of the airport.
pub const PAGES_MAX: usize = 500;

/// Longest wait between two polls of an airport in trouble.
pub const WAIT_MAX: Duration = Duration::from_secs(300);

/// How far before the last successful poll the next one starts. The clocks of the airport and the hub may
/// differ, and merging the same data again is harmless.
pub const OVERLAP: TimeDelta = TimeDelta::minutes(2);

/// Returns a random number from 0 to 1.
pub type RandomFraction = Arc<dyn Fn() -> f64 + Send + Sync>;

/// How to poll an airport.
#[derive(Clone)]
pub struct Polling {
    /// The feed.
    pub feed: FeedSpec,
    /// The client of the airport.
    pub airport: Arc<dyn AirportSource>,
    /// Time between two polls, in real time.
    pub interval: Duration,
    /// Whether the ETag of the first page covers all pages. Most airports tag each page by itself. Then
    /// an unchanged first page implies nothing about the others, and the actor sends no tag for a paged
    /// answer.
    pub etag_covers_pages: bool,
    /// For jitter.
    pub chance: RandomFraction,
    /// The leases, if only one of several nodes may poll.
    pub leases: Option<Arc<dyn Leases>>,
}

/// Time between two checks of a lease that another node holds, in real time.
pub const LEASE_EVERY: Duration = Duration::from_secs(3);

/// Poll now.
#[derive(Message)]
#[rtype(result = "()")]
struct PollNow;

/// The actor of one polled airport.
pub struct FeedActor {
    polling: Polling,
    ingest: IngestPipeline,
    /// Reports a panic.
    _guard: PanicGuard,
    last_poll: LastPoll,
    failures: u32,
    /// The lease, if this node holds it. `None` during a poll.
    lease: Option<Box<dyn Lease>>,
}

/// What the actor keeps of the last successful poll.
#[derive(Clone, Default)]
struct LastPoll {
    etag: Option<String>,
    asked_at: Option<DateTime<Utc>>,
}

/// The result of a poll.
enum Round {
    Good(LastPoll),
    Quiet,
    /// Another node holds the lease.
    NotOurs,
    Failed {
        error: String,
        refused: bool,
        wait: Option<Duration>,
    },
    /// The answer is unusable. The ingest pipeline has recorded that.
    Unusable {
        error: String,
    },
}

impl FeedActor {
    /// Starts polling on `thread`.
    pub fn start_on(
        thread: &ArbiterHandle,
        polling: Polling,
        ingest: IngestPipeline,
        panics: PanicReporter,
    ) -> Addr<Self> {
        Self::start_in_arbiter(thread, move |_| {
            let guard = PanicGuard::restart(polling.feed.source.name.to_string(), panics);
            Self { polling, ingest, _guard: guard, last_poll: LastPoll::default(), failures: 0, lease: None }
        })
    }

    /// The wait until the next poll.
    fn wait(&self, asked_for: Option<Duration>) -> Duration {
        let jitter = (self.polling.chance)();
        match (self.failures, asked_for) {
            (_, Some(wait)) => wait.min(WAIT_MAX) + self.polling.interval.mul_f64(jitter),
            (0, None) => self.polling.interval.mul_f64(0.9 + 0.2 * jitter),
            (failures, None) => {
                let longest = self.polling.interval.saturating_mul(1 << failures.min(16)).min(WAIT_MAX);
                self.polling.interval.max(longest.mul_f64(jitter))
            }
        }
    }

    fn finish_round(&mut self, round: Round, context: &mut Context<Self>) {
        let feed = &self.polling.feed;
        let mut asked_for = None;
        match round {
            Round::Good(last_poll) => {
                self.last_poll = last_poll;
                self.failures = 0;
            }
            Round::Quiet => {
                self.ingest.note_quiet(feed);
                self.failures = 0;
            }
            Round::NotOurs => {
                self.last_poll = LastPoll::default();
                self.failures = 0;
                context.notify_later(PollNow, LEASE_EVERY.mul_f64(0.5 + 0.5 * (self.polling.chance)()));
                return;
            }
            Round::Failed { error, refused, wait } => {
                self.ingest.note_failure(feed, &error, refused);
                self.failed(&error);
                asked_for = if refused { Some(WAIT_MAX) } else { wait };
            }
            Round::Unusable { error } => self.failed(&error),
        }
        context.notify_later(PollNow, self.wait(asked_for));
    }

    fn failed(&mut self, error: &str) {
        self.failures += 1;
        // Logs the first failure and every tenth, so that a long outage does not fill the log.
        if self.failures % 10 == 1 {
            let feed = &self.polling.feed.source.name;
            tracing::warn!(%feed, failures = self.failures, %error, "the airport could not be polled");
        }
    }
}

impl Actor for FeedActor {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Context<Self>) {
        context.notify(PollNow);
    }
}

impl Handler<PollNow> for FeedActor {
    type Result = ();

    fn handle(&mut self, _: PollNow, context: &mut Context<Self>) {
        let (polling, ingest, last_poll) =
            (self.polling.clone(), self.ingest.clone(), self.last_poll.clone());
        let lease = self.lease.take();
        let round = async move {
            match acquire_lease(&polling, lease).await {
                Ok(Acquired::Ours(lease)) => (poll_all_pages(polling, ingest, last_poll).await, lease),
                Ok(Acquired::NotOurs) => (Round::NotOurs, None),
                Err(fault) => (Round::Failed { error: fault.to_string(), refused: false, wait: None }, None),
            }
        };
        context.spawn(round.into_actor(self).map(|(round, lease), actor, context| {
            actor.lease = lease;
            actor.finish_round(round, context);
        }));
    }
}

/// Whether this node may poll, with its lease if there are leases.
enum Acquired {
    Ours(Option<Box<dyn Lease>>),
    NotOurs,
}

/// Keeps the lease, or takes it if it is free.
async fn acquire_lease(polling: &Polling, lease: Option<Box<dyn Lease>>) -> Result<Acquired, StoreError> {
    let Some(leases) = &polling.leases else { return Ok(Acquired::Ours(None)) };
    if let Some(lease) = lease
        && lease.still_held().await
    {
        return Ok(Acquired::Ours(Some(lease)));
    }
    let feed = &polling.feed.source.name;
    let taken = leases.try_take(format!("feed/{feed}").into()).await?;
    if taken.is_some() {
        tracing::info!(%feed, "this node now polls the airport");
    }
    Ok(taken.map_or(Acquired::NotOurs, |lease| Acquired::Ours(Some(lease))))
}

/// Requests page after page, and ingests each before the next.
async fn poll_all_pages(polling: Polling, ingest: IngestPipeline, last_poll: LastPoll) -> Round {
    let asked_at = ingest.clock().now();
    let since = last_poll.asked_at.map(|at| at - OVERLAP);
    let mut request = PollRequest { etag: last_poll.etag, since, page: None };
    let mut etag = None;
    for page in 0..PAGES_MAX {
        let response = match polling.airport.poll(request.clone()).await {
            Ok(response) => response,
            Err(error) => return failed(&error),
        };
        let PollResponse::Body { bytes, content_type, etag: tag, next } = response else {
            return Round::Quiet;
        };
        match ingest.ingest(&polling.feed, polling.feed.format, &content_type, &bytes).await {
            // The tag is not kept. Otherwise "not modified" would count as a successful poll.
            Ok(IngestOutcome { unreadable: Some(error), .. }) => return Round::Unusable { error },
            Ok(_) => {}
            Err(IngestError::Unreadable(fault)) => return Round::Unusable { error: fault.reason },
            Err(error @ (IngestError::ArchiveUnavailable(_) | IngestError::SinkUnavailable(_))) => {
                let wait = Some(Duration::from_secs(1));
                return Round::Failed { error: error.to_string(), refused: false, wait };
            }
        }
        if page == 0 && (next.is_none() || polling.etag_covers_pages) {
            etag = tag;
        }
        match next {
            Some(next) => request = PollRequest { etag: None, since, page: Some(next) },
            None => return Round::Good(LastPoll { etag, asked_at: Some(asked_at) }),
        }
    }
    let error = format!("the airport's answer has more than {PAGES_MAX} pages");
    Round::Failed { error, refused: false, wait: None }
}

fn failed(error: &PollError) -> Round {
    let wait = match error {
        PollError::Busy { retry_after_seconds } => Some(Duration::from_secs(*retry_after_seconds)),
        _ => None,
    };
    Round::Failed { error: error.to_string(), refused: matches!(error, PollError::Refused(_)), wait }
}
