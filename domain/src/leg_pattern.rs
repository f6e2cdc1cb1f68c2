//! Patterns over leg identifiers.

use crate::leg::LegId;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// A pattern such as `*-2099????-*`: `*` matches any text, `?` one character, everything else itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LegPattern(Arc<str>);

/// Why a text is not a pattern. Reads as the end of a sentence.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "is not a pattern such as *-2099????-* (letters, digits, -, * and ?, at most {} bytes)",
    LegId::LENGTH_MAX
)]
pub struct InvalidPattern;

impl LegPattern {
    /// Whether the pattern matches this leg.
    pub fn matches(&self, leg: &LegId) -> bool {
        let (pattern, text) = (self.0.as_bytes(), leg.as_str().as_bytes());
        // Of several `*` only the last one passed needs backtracking.
        let (mut at, mut pos, mut last_star) = (0, 0, None);
        while pos < text.len() {
            match pattern.get(at) {
                Some(b'*') => {
                    last_star = Some((at, pos));
                    at += 1;
                }
                Some(byte) if *byte == b'?' || *byte == text[pos] => {
                    at += 1;
                    pos += 1;
                }
                _ => {
                    let Some((star, taken)) = last_star else { return false };
                    last_star = Some((star, taken + 1));
                    at = star + 1;
                    pos = taken + 1;
                }
            }
        }
        pattern[at..].iter().all(|byte| *byte == b'*')
    }
}

impl FromStr for LegPattern {
    type Err = InvalidPattern;

    fn from_str(text: &str) -> Result<Self, InvalidPattern> {
        let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'*' | b'?');
        let is_pattern = !text.is_empty() && text.len() <= LegId::LENGTH_MAX && text.bytes().all(fits);
        is_pattern.then(|| Self(text.into())).ok_or(InvalidPattern)
    }
}

impl fmt::Display for LegPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_any_text_and_a_question_mark_one_character() {
        let leg = LegId::known("B6-615-20130208-JFK-FLL").unwrap();
        let matches = |pattern: &str| pattern.parse::<LegPattern>().unwrap().matches(&leg);
        for pattern in
            ["*", "B6-615-20130208-JFK-FLL", "B6-*", "*-FLL", "*-20130208-*", "B6-6?5-*", "*1*5*F*L*", "**"]
        {
            assert!(matches(pattern), "{pattern}");
        }
        for pattern in ["?", "B6-615", "b6-*", "*-2099????-*", "*-JFK", "B6-61??-*", "*FLL?"] {
            assert!(!matches(pattern), "{pattern}");
        }
        for text in ["", "a b", "[a-z]", &"*".repeat(65)] {
            assert_eq!(text.parse::<LegPattern>(), Err(InvalidPattern), "{text}");
        }
    }
}
