//! What a node of several does.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

/// One thing that a node can do.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Role {
    /// Takes pushed reports and asks airports.
    Feeds,
    /// Owns flights: merges their reports and writes the log.
    Flights,
    /// Serves boards and listeners.
    Sockets,
    /// Works out who is to be told what.
    Alerts,
    /// Tells them.
    Notify,
}

impl Role {
    /// Every role with its word.
    pub const WORDS: [(Self, &'static str); 5] = [
        (Self::Feeds, "feeds"),
        (Self::Flights, "flights"),
        (Self::Sockets, "sockets"),
        (Self::Alerts, "alerts"),
        (Self::Notify, "notify"),
    ];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        Self::WORDS[self as usize].1
    }

    /// Whether there is work for it in this version: travellers are not told yet.
    pub fn has_work(self) -> bool {
        !matches!(self, Self::Alerts | Self::Notify)
    }
}

/// What a node does: at least one thing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Roles(BTreeSet<Role>);

/// Why a text names no roles. Reads as the end of a sentence.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("must be some of feeds, flights, sockets, alerts and notify, with commas between; has {0:?}")]
pub struct NoRoles(String);

impl Roles {
    /// Everything, as one process for itself does.
    pub fn all() -> Self {
        Self(Role::WORDS.into_iter().map(|(role, _)| role).collect())
    }

    /// Whether the node does this.
    pub fn has(&self, role: Role) -> bool {
        self.0.contains(&role)
    }

    /// Whether it does everything.
    pub fn are_all(&self) -> bool {
        self.0.len() == Role::WORDS.len()
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = Role> + '_ {
        self.0.iter().copied()
    }
}

impl FromStr for Roles {
    type Err = NoRoles;

    fn from_str(text: &str) -> Result<Self, NoRoles> {
        let role = |word: &str| {
            let known = Role::WORDS.iter().find(|(_, known)| *known == word.trim());
            known.map(|(role, _)| *role).ok_or_else(|| NoRoles(word.trim().to_owned()))
        };
        text.split(',').map(role).collect::<Result<_, _>>().map(Self)
    }
}

impl fmt::Display for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<_> = self.iter().map(Role::as_str).collect();
        f.write_str(&words.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_read_in_any_order_and_a_word_that_is_none_is_named() {
        let roles: Roles = "sockets, feeds".parse().unwrap();
        assert_eq!(roles.to_string(), "feeds,sockets");
        assert!(roles.has(Role::Feeds) && !roles.has(Role::Flights) && !roles.are_all());
        assert_eq!(Roles::all().to_string().parse::<Roles>().unwrap(), Roles::all());
        for text in ["", "feeds,", "socket", "feeds flights"] {
            let why = text.parse::<Roles>().unwrap_err().to_string();
            assert!(why.contains("must be some of feeds, flights"), "{why}");
        }
    }
}
