//! Who follows what: topics by number, and each line's place among a topic's followers, so that
//! leaving costs the same however many there are.

use super::lines::{LineId, Lines, Socket};
use domain::topic::Topic;

/// Why a topic cannot be followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FollowError {
    /// The line has its limit of topics.
    #[error("a connection may follow at most {0} topics")]
    TooMany(usize),
    /// The line has gone.
    #[error("the connection has gone")]
    Gone,
}

/// A topic and the places of the lines that follow it.
pub(super) struct Followers {
    pub(super) topic: Topic,
    pub(super) places: Vec<u32>,
}

impl<S: Socket> Lines<S> {
    /// Adds a follower and keeps its frames back until [`Lines::release`]: from this moment no
    /// change of the topic is missed. Following again is allowed, and brings a new snapshot. Answers
    /// whether it is new.
    pub fn follow(&mut self, id: LineId, topic: &Topic, topics_max: usize) -> Result<bool, FollowError> {
        let line = self.line(id).ok_or(FollowError::Gone)?;
        let number = self.topics.get(topic).copied();
        let already = number.is_some_and(|n| line.follows.iter().any(|(t, _)| *t == n));
        if !already {
            if line.follows.len() >= topics_max {
                return Err(FollowError::TooMany(topics_max));
            }
            let number = number.unwrap_or_else(|| self.first_follower(topic));
            if let Some(followers) = &mut self.followers[number as usize] {
                followers.places.push(id.place);
                let place = (followers.places.len() - 1) as u32;
                if let Some(line) = self.line_mut(id) {
                    line.follows.push((number, place));
                }
            }
        }
        if let Some(line) = self.line_mut(id) {
            line.pending.get_or_insert_default().holds += 1;
        }
        Ok(!already)
    }

    /// Takes a follower away.
    pub fn unfollow(&mut self, id: LineId, topic: &Topic) -> bool {
        let Some(number) = self.topics.get(topic).copied() else { return false };
        let Some(line) = self.line_mut(id) else { return false };
        let Some(at) = line.follows.iter().position(|(t, _)| *t == number) else { return false };
        let (_, place) = line.follows.swap_remove(at);
        self.leave(number, place);
        true
    }

    fn first_follower(&mut self, topic: &Topic) -> u32 {
        let followers = Followers { topic: topic.clone(), places: Vec::new() };
        let number = match self.free_topics.pop() {
            Some(number) => {
                self.followers[number as usize] = Some(followers);
                number
            }
            None => {
                self.followers.push(Some(followers));
                (self.followers.len() - 1) as u32
            }
        };
        self.topics.insert(topic.clone(), number);
        self.hub.mark_follower(topic, self.number, true);
        number
    }

    pub(super) fn leave(&mut self, topic: u32, place: u32) {
        let Some(followers) = &mut self.followers[topic as usize] else { return };
        followers.places.swap_remove(place as usize);
        if let Some(moved) = followers.places.get(place as usize) {
            let was_at = followers.places.len() as u32;
            if let Some(line) = &mut self.lines[*moved as usize]
                && let Some(follow) = line.follows.iter_mut().find(|f| **f == (topic, was_at))
            {
                follow.1 = place;
            }
        }
        if followers.places.is_empty() {
            let topic_name = followers.topic.clone();
            self.followers[topic as usize] = None;
            // Deliveries of this turn may still name the number; it is used again after the turn.
            self.flush();
            self.free_topics.push(topic);
            self.topics.remove(&topic_name);
            self.hub.mark_follower(&topic_name, self.number, false);
        }
    }
}
