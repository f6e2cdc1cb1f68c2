//! Which connection follows which topic. Topics have numbers, and each connection keeps its index among
//! the followers of a topic, so that leaving takes constant time.

use super::connections::{ConnectionId, Connections, Socket};
use domain::topic::Topic;

/// Why a topic cannot be followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FollowError {
    /// The connection has reached its limit of topics.
    #[error("a connection may follow at most {0} topics")]
    TooMany(usize),
    /// The connection is closed.
    #[error("the connection is closed")]
    Gone,
}

/// A topic and the slots of its followers.
pub(super) struct Followers {
    pub(super) topic: Topic,
    pub(super) slots: Vec<u32>,
}

impl<S: Socket> Connections<S> {
    /// Adds a follower and holds its frames back until [`Connections::complete_follow`]. From now on no
    /// change of the topic is missed. A repeated follow is allowed and yields a new snapshot. Returns
    /// whether the follower is new.
    pub fn follow(
        &mut self,
        id: ConnectionId,
        topic: &Topic,
        topics_max: usize,
    ) -> Result<bool, FollowError> {
        let connection = self.connection(id).ok_or(FollowError::Gone)?;
        let number = self.topics.get(topic).copied();
        let already = number.is_some_and(|n| connection.follows.iter().any(|(t, _)| *t == n));
        if !already {
            if connection.follows.len() >= topics_max {
                return Err(FollowError::TooMany(topics_max));
            }
            let number = number.unwrap_or_else(|| self.add_topic(topic));
            if let Some(followers) = &mut self.followers[number as usize] {
                followers.slots.push(id.slot);
                let slot = (followers.slots.len() - 1) as u32;
                if let Some(connection) = self.connection_mut(id) {
                    connection.follows.push((number, slot));
                }
            }
        }
        if let Some(connection) = self.connection_mut(id) {
            connection.queue.get_or_insert_default().follows_in_progress += 1;
        }
        Ok(!already)
    }

    /// Removes a follower. Returns whether there was one.
    pub fn unfollow(&mut self, id: ConnectionId, topic: &Topic) -> bool {
        let Some(number) = self.topics.get(topic).copied() else { return false };
        let Some(connection) = self.connection_mut(id) else { return false };
        let Some(at) = connection.follows.iter().position(|(t, _)| *t == number) else { return false };
        let (_, slot) = connection.follows.swap_remove(at);
        self.remove_follower(number, slot);
        true
    }

    fn add_topic(&mut self, topic: &Topic) -> u32 {
        let followers = Followers { topic: topic.clone(), slots: Vec::new() };
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
        self.hub.set_follower(topic, self.number, true);
        number
    }

    pub(super) fn remove_follower(&mut self, topic: u32, slot: u32) {
        let Some(followers) = &mut self.followers[topic as usize] else { return };
        followers.slots.swap_remove(slot as usize);
        if let Some(moved) = followers.slots.get(slot as usize) {
            let was_at = followers.slots.len() as u32;
            if let Some(connection) = &mut self.connections[*moved as usize]
                && let Some(follow) = connection.follows.iter_mut().find(|f| **f == (topic, was_at))
            {
                follow.1 = slot;
            }
        }
        if followers.slots.is_empty() {
            let topic_name = followers.topic.clone();
            self.followers[topic as usize] = None;
            // The current batch may refer to the number, so it is sent before the number is reused.
            self.flush();
            self.free_topics.push(topic);
            self.topics.remove(&topic_name);
            self.hub.set_follower(&topic_name, self.number, false);
        }
    }
}
