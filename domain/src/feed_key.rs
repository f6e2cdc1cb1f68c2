//! Bearer keys of feeds, and the rules for changing them. Only the SHA-256 digest of a key is stored.
//!
//! A feed may have several keys in force, so a new key can be distributed before the old one is revoked. A
//! revoked key cannot be added again, because it may have leaked.

use std::fmt;
use std::sync::Arc;

/// Most keys in force per feed.
pub const FEED_KEYS_MAX: usize = 8;

/// The SHA-256 digest of a key. `Debug` and `Display` show its first four bytes, enough to tell keys apart.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyDigest(pub [u8; 32]);

impl KeyDigest {
    /// The whole digest in hexadecimal, for comparison with a prefix. Not for logs.
    fn hex(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl fmt::Display for KeyDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, ..] = self.0;
        write!(f, "{a:02x}{b:02x}{c:02x}{d:02x}")
    }
}

impl fmt::Debug for KeyDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}…")
    }
}

/// The start of a key's digest in hexadecimal, by which operators name a key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeyPrefix(String);

/// Why a text is not a digest prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be the first {} to 64 hexadecimal digits of a key's digest", KeyPrefix::DIGITS_MIN)]
pub struct InvalidPrefix;

impl KeyPrefix {
    /// Fewest digits accepted: as many as are shown of a digest.
    pub const DIGITS_MIN: usize = 8;

    /// 8 to 64 hexadecimal digits in either case.
    pub fn parse(text: &str) -> Result<Self, InvalidPrefix> {
        let is_shaped =
            (Self::DIGITS_MIN..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit());
        if is_shaped { Ok(Self(text.to_ascii_lowercase())) } else { Err(InvalidPrefix) }
    }

    /// Whether a digest starts with this prefix.
    pub fn fits(&self, digest: &KeyDigest) -> bool {
        digest.hex().starts_with(&self.0)
    }
}

impl fmt::Display for KeyPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a change of keys is refused. Each reads as a sentence for operators.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyRefused {
    /// The feed is not configured.
    #[error("there is no feed {feed}")]
    UnknownFeed {
        /// The name in the request.
        feed: Arc<str>,
    },
    /// The feed has the most keys allowed.
    #[error("feed {feed} has {FEED_KEYS_MAX} keys in force, which is the most; revoke one first")]
    TooMany {
        /// Which feed.
        feed: Arc<str>,
    },
    /// The key was revoked.
    #[error("key {digest} of feed {feed} was revoked and cannot come back; make a new one")]
    Revoked {
        /// Which feed.
        feed: Arc<str>,
        /// Which key.
        digest: KeyDigest,
    },
    /// No key in force has this prefix.
    #[error("feed {feed} has no key in force whose digest begins with {prefix}")]
    UnknownKey {
        /// Which feed.
        feed: Arc<str>,
        /// The prefix in the request.
        prefix: KeyPrefix,
    },
    /// Several keys in force have this prefix.
    #[error("feed {feed} has {count} keys in force whose digests begin with {prefix}; give more digits")]
    Ambiguous {
        /// Which feed.
        feed: Arc<str>,
        /// The prefix in the request.
        prefix: KeyPrefix,
        /// How many.
        count: usize,
    },
}

/// The keys of one feed, as needed to check a change.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeyRing {
    /// The feed.
    pub feed: Arc<str>,
    /// Keys in force.
    pub in_force: Vec<KeyDigest>,
    /// Revoked keys.
    pub revoked: Vec<KeyDigest>,
}

impl KeyRing {
    /// Whether to add this key. `false` if it is in force already, which is not an error.
    pub fn adds(&self, digest: KeyDigest) -> Result<bool, KeyRefused> {
        let feed = self.feed.clone();
        if self.revoked.contains(&digest) {
            return Err(KeyRefused::Revoked { feed, digest });
        }
        if self.in_force.contains(&digest) {
            return Ok(false);
        }
        if self.in_force.len() >= FEED_KEYS_MAX {
            return Err(KeyRefused::TooMany { feed });
        }
        Ok(true)
    }

    /// The one key in force with this prefix.
    pub fn named(&self, prefix: &KeyPrefix) -> Result<KeyDigest, KeyRefused> {
        let (feed, prefix) = (self.feed.clone(), prefix.clone());
        let meant: Vec<_> = self.in_force.iter().filter(|digest| prefix.fits(digest)).collect();
        match meant.as_slice() {
            [digest] => Ok(**digest),
            [] => Err(KeyRefused::UnknownKey { feed, prefix }),
            several => Err(KeyRefused::Ambiguous { feed, prefix, count: several.len() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(n: u8) -> KeyDigest {
        let mut bytes = [0xab; 32];
        bytes[31] = n;
        KeyDigest(bytes)
    }

    fn ring(in_force: u8, revoked: &[u8]) -> KeyRing {
        let revoked = revoked.iter().copied().map(digest).collect();
        KeyRing { feed: "jfk".into(), in_force: (0..in_force).map(digest).collect(), revoked }
    }

    #[test]
    fn a_digest_shows_no_more_than_four_bytes() {
        assert_eq!(format!("{:?} {}", digest(1), digest(1)), "abababab… abababab");
    }

    #[test]
    fn a_feed_has_at_most_eight_keys_and_a_key_in_force_is_not_added_twice() {
        assert_eq!(ring(7, &[]).adds(digest(9)), Ok(true));
        assert_eq!(ring(7, &[]).adds(digest(6)), Ok(false));
        let full = ring(8, &[]);
        assert_eq!(full.adds(digest(3)), Ok(false));
        let error = full.adds(digest(9)).unwrap_err();
        assert_eq!(error.to_string(), "feed jfk has 8 keys in force, which is the most; revoke one first");
    }

    #[test]
    fn a_revoked_key_never_comes_back() {
        let error = ring(1, &[9]).adds(digest(9)).unwrap_err();
        assert!(error.to_string().starts_with("key abababab of feed jfk was revoked"), "{error}");
    }

    #[test]
    fn a_key_is_named_by_as_many_digits_as_it_takes() {
        let whole = KeyPrefix::parse(&digest(2).hex().to_uppercase()).unwrap();
        assert_eq!(ring(3, &[]).named(&whole), Ok(digest(2)));
        let short = KeyPrefix::parse("abababab").unwrap();
        assert_eq!(ring(1, &[]).named(&short), Ok(digest(0)));
        assert!(matches!(ring(3, &[]).named(&short), Err(KeyRefused::Ambiguous { count: 3, .. })));
        assert!(matches!(ring(0, &[9]).named(&short), Err(KeyRefused::UnknownKey { .. })));
        for text in ["", "ababab", "abababag", "%%%%%%%%", &"a".repeat(65)] {
            assert_eq!(KeyPrefix::parse(text), Err(InvalidPrefix), "{text:?}");
        }
    }
}
