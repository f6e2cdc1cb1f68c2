//! How old the shown data is: whether the hub receives changes, and which sources are silent.

use super::Hub;
use crate::frame::Frame;
use crate::mailbox::send_bounded_to;
use crate::switchboard::Announce;
use actix::prelude::*;
use chrono::{DateTime, Utc};
use domain::codes::Iata;
use smallvec::SmallVec;
use std::sync::{Arc, PoisonError, RwLock};
use wire::frame::FrameKind;

/// A source that has not been heard for too long. Its data is unconfirmed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SilentSource {
    /// The name of the feed.
    pub feed: Arc<str>,
    /// The airport of the feed, if it reports for a single airport.
    pub airport: Option<Iata>,
    /// When the feed was last heard, by the operational clock.
    pub since: DateTime<Utc>,
}

impl SilentSource {
    fn frame(&self, since: Option<DateTime<Utc>>) -> Frame {
        Frame::new(FrameKind::Source, wire::frame::server::source(&self.feed, self.airport, since), None)
    }

    fn is_of(&self, other: &Self) -> bool {
        (&self.feed, self.airport) == (&other.feed, other.airport)
    }
}

/// The current state of both, with the frames that announce it.
#[derive(Default)]
pub(super) struct Staleness {
    /// Since when the hub receives no changes, and the frame that states it.
    away: RwLock<Option<(DateTime<Utc>, Frame)>>,
    /// Silent sources, each with its frame.
    silent: RwLock<Vec<(SilentSource, Frame)>>,
}

impl Hub {
    /// The frames that a new connection gets after `hello`. Empty while all data is fresh.
    pub fn staleness_frames(&self) -> Vec<Frame> {
        let away = self.0.staleness.away.read().unwrap_or_else(PoisonError::into_inner);
        let silent = self.0.staleness.silent.read().unwrap_or_else(PoisonError::into_inner);
        away.iter().map(|(_, frame)| frame).chain(silent.iter().map(|(_, frame)| frame)).cloned().collect()
    }

    /// Since when the hub receives no changes, by the operational clock. `None` while it receives them.
    pub fn upstream_lost_since(&self) -> Option<DateTime<Utc>> {
        self.0.staleness.away.read().unwrap_or_else(PoisonError::into_inner).as_ref().map(|(since, _)| *since)
    }

    /// The silent sources, by feed.
    pub fn silent_sources(&self) -> Vec<SilentSource> {
        let silent = self.0.staleness.silent.read().unwrap_or_else(PoisonError::into_inner);
        silent.iter().map(|(source, _)| source.clone()).collect()
    }

    /// Announces to every present and future connection of this node since when the hub receives no
    /// changes, by the operational clock, or with `None` that it receives them again.
    pub async fn set_upstream_lost(&self, away_since: Option<DateTime<Utc>>) {
        let frame = Frame::new(FrameKind::Upstream, wire::frame::server::upstream(away_since), None);
        let lasting = away_since.map(|since| (since, frame.clone()));
        *self.0.staleness.away.write().unwrap_or_else(PoisonError::into_inner) = lasting;
        self.announce([frame].into_iter().collect()).await;
    }

    /// Replaces the list of silent sources and announces to every connection of this node which ones fell
    /// silent and which ones are heard again. One write carries all frames.
    pub async fn set_silent_sources(&self, sources: Vec<SilentSource>) {
        let mut news: SmallVec<[Frame; 1]> = SmallVec::new();
        {
            let mut silent = self.0.staleness.silent.write().unwrap_or_else(PoisonError::into_inner);
            let mut next = Vec::with_capacity(sources.len());
            for source in sources {
                match silent.iter().find(|(known, _)| *known == source) {
                    Some(known) => next.push(known.clone()),
                    None => {
                        let frame = source.frame(Some(source.since));
                        news.push(frame.clone());
                        next.push((source, frame));
                    }
                }
            }
            let is_heard_again = |was: &SilentSource| !next.iter().any(|(is, _)| is.is_of(was));
            news.extend(silent.iter().filter(|(was, _)| is_heard_again(was)).map(|(was, _)| was.frame(None)));
            *silent = next;
        }
        if !news.is_empty() {
            self.announce(news).await;
        }
    }

    async fn announce(&self, frames: SmallVec<[Frame; 1]>) {
        let to: Vec<Recipient<Announce>> = {
            let all = self.0.switchboards.read().unwrap_or_else(PoisonError::into_inner);
            all.iter().map(|s| s.announcements.clone()).collect()
        };
        for switchboard in to {
            // The connections of a switchboard stop with it.
            let _ = send_bounded_to(&switchboard, Announce { frames: frames.clone() }).await;
        }
    }
}
