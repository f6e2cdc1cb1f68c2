//! The roles of a node among several.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

/// One part of the work that a node can take.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Role {
    /// Accepts pushed reports and polls airports.
    Feeds,
    /// Owns flights: merges their reports and writes the log.
    Flights,
    /// Serves boards, WebSockets and event streams.
    Sockets,
    /// Plans notifications.
    Alerts,
    /// Sends notifications.
    Notify,
}

impl Role {
    /// Every role with its name.
    pub const NAMES: [(Self, &'static str); 5] = [
        (Self::Feeds, "feeds"),
        (Self::Flights, "flights"),
        (Self::Sockets, "sockets"),
        (Self::Alerts, "alerts"),
        (Self::Notify, "notify"),
    ];

    /// The name of the role.
    pub fn as_str(self) -> &'static str {
        Self::NAMES[self as usize].1
    }

    /// Whether this version has work for the role. There are no notifications yet.
    pub fn has_work(self) -> bool {
        !matches!(self, Self::Alerts | Self::Notify)
    }
}

/// The roles of a node: at least one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Roles(BTreeSet<Role>);

/// The text is not a list of roles. The message completes a sentence that names the text.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("must list feeds, flights, sockets, alerts or notify, separated by commas; contains {0:?}")]
pub struct InvalidRoles(String);

impl Roles {
    /// All roles, for a hub that runs alone.
    pub fn all() -> Self {
        Self(Role::NAMES.into_iter().map(|(role, _)| role).collect())
    }

    /// Whether the node has the role.
    pub fn has(&self, role: Role) -> bool {
        self.0.contains(&role)
    }

    /// Whether the node has all roles.
    pub fn are_all(&self) -> bool {
        self.0.len() == Role::NAMES.len()
    }

    /// The roles in order.
    pub fn iter(&self) -> impl Iterator<Item = Role> + '_ {
        self.0.iter().copied()
    }
}

impl FromStr for Roles {
    type Err = InvalidRoles;

    fn from_str(text: &str) -> Result<Self, InvalidRoles> {
        let role = |word: &str| {
            let known = Role::NAMES.iter().find(|(_, known)| *known == word.trim());
            known.map(|(role, _)| *role).ok_or_else(|| InvalidRoles(word.trim().to_owned()))
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
    fn roles_parse_in_any_order_and_an_error_names_the_unknown_role() {
        let roles: Roles = "sockets, feeds".parse().unwrap();
        assert_eq!(roles.to_string(), "feeds,sockets");
        assert!(roles.has(Role::Feeds) && !roles.has(Role::Flights) && !roles.are_all());
        assert_eq!(Roles::all().to_string().parse::<Roles>().unwrap(), Roles::all());
        for text in ["", "feeds,", "socket", "feeds flights"] {
            let why = text.parse::<Roles>().unwrap_err().to_string();
            assert!(why.contains("must list feeds, flights"), "{why}");
        }
    }
}
