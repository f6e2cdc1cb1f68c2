//! What listeners hear of the age of what is shown: that the hub hears of no changes, and which sources
//! are silent.

use super::Hub;
use crate::frame::Frame;
use crate::switchboard::Announce;
use crate::tell::tell_recipient;
use actix::prelude::*;
use chrono::{DateTime, Utc};
use domain::codes::Iata;
use smallvec::SmallVec;
use std::sync::{Arc, PoisonError, RwLock};
use wire::frame::FrameKind;

/// A source whose facts nobody vouches for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SilentSource {
    /// The feed's name.
    pub feed: Arc<str>,
    /// The airport it speaks for, if it is one airport's.
    pub airport: Option<Iata>,
    /// When it was last heard, by the operational clock.
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

/// What is known of the age of what is shown.
#[derive(Default)]
pub(super) struct Ages {
    /// Since when the hub hears of no changes, and the frame that says so.
    away: RwLock<Option<(DateTime<Utc>, Frame)>>,
    /// With the frame of each.
    silent: RwLock<Vec<(SilentSource, Frame)>>,
}

impl Hub {
    /// What a new listener hears after `hello`: that the hub hears of no changes, and which sources are
    /// silent. Empty while all is well.
    pub fn warnings(&self) -> Vec<Frame> {
        let away = self.0.ages.away.read().unwrap_or_else(PoisonError::into_inner);
        let silent = self.0.ages.silent.read().unwrap_or_else(PoisonError::into_inner);
        away.iter().map(|(_, frame)| frame).chain(silent.iter().map(|(_, frame)| frame)).cloned().collect()
    }

    /// Since when the hub hears of no changes, by the operational clock; `None` while it does.
    pub fn away_since(&self) -> Option<DateTime<Utc>> {
        self.0.ages.away.read().unwrap_or_else(PoisonError::into_inner).as_ref().map(|(since, _)| *since)
    }

    /// The sources that are silent, by feed.
    pub fn silent_sources(&self) -> Vec<SilentSource> {
        let silent = self.0.ages.silent.read().unwrap_or_else(PoisonError::into_inner);
        silent.iter().map(|(source, _)| source.clone()).collect()
    }

    /// Tells every listener of this node, and those to come, since when the hub hears of no changes, by
    /// the operational clock; or that it does again.
    pub async fn warn(&self, away_since: Option<DateTime<Utc>>) {
        let frame = Frame::new(FrameKind::Upstream, wire::frame::server::upstream(away_since), None);
        let lasting = away_since.map(|since| (since, frame.clone()));
        *self.0.ages.away.write().unwrap_or_else(PoisonError::into_inner) = lasting;
        self.announce([frame].into_iter().collect()).await;
    }

    /// Takes the sources that are silent now, by feed, and tells every listener of this node which have
    /// fallen silent and which are heard again. Of many the frames go out in one write.
    pub async fn set_silent_sources(&self, sources: Vec<SilentSource>) {
        let mut news: SmallVec<[Frame; 1]> = SmallVec::new();
        {
            let mut silent = self.0.ages.silent.write().unwrap_or_else(PoisonError::into_inner);
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
            let is_heard = |was: &SilentSource| !next.iter().any(|(is, _)| is.is_of(was));
            news.extend(silent.iter().filter(|(was, _)| is_heard(was)).map(|(was, _)| was.frame(None)));
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
            // A switchboard that has gone took its sockets with it.
            let _ = tell_recipient(&switchboard, Announce { frames: frames.clone() }).await;
        }
    }
}
