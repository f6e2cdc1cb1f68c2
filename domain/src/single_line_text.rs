//! One line of text written by a person: a name, a reason, an author.

use crate::characters::{self, TextKind, Unprintable};
use std::fmt;
use std::sync::Arc;

/// One line of text: not empty, no control characters, trimmed, at most [`SingleLineText::CHARS_MAX`]
/// characters. Every store and screen accepts it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SingleLineText(Arc<str>);

/// Why a text is not a valid line. Reads as the end of a sentence: "reason *is empty*".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidText {
    /// Only white space.
    #[error("is empty")]
    Empty,
    /// Too long.
    #[error("is longer than {} characters", SingleLineText::CHARS_MAX)]
    TooLong,
    /// It has invisible characters or characters that reverse text.
    #[error("{0}")]
    Unprintable(#[from] Unprintable),
}

impl SingleLineText {
    /// Longest text, in characters.
    pub const CHARS_MAX: usize = 200;

    /// Trims, folds inner white space, and validates.
    pub fn parse(text: &str) -> Result<Self, InvalidText> {
        // Checked first, so that the cost of a long text is bounded.
        if text.len() > Self::CHARS_MAX * 8 {
            return Err(InvalidText::TooLong);
        }
        let folded = characters::tidied(text, TextKind::Sentence)?;
        match folded.chars().count() {
            0 => Err(InvalidText::Empty),
            count if count > Self::CHARS_MAX => Err(InvalidText::TooLong),
            _ => Ok(Self(folded.into())),
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text, shared.
    pub fn shared(&self) -> Arc<str> {
        self.0.clone()
    }
}

impl fmt::Display for SingleLineText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for SingleLineText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_tidied_and_bounded() {
        assert_eq!(SingleLineText::parse(" the  new\n key ").unwrap().as_str(), "the new key");
        assert_eq!(SingleLineText::parse(" \t "), Err(InvalidText::Empty));
        assert_eq!(SingleLineText::parse("a\0b"), Err(InvalidText::Unprintable(Unprintable::Control('\0'))));
        assert_eq!(
            SingleLineText::parse("\u{202e}b").unwrap_err().to_string(),
            "has a character that reverses text (U+202E)"
        );
        assert_eq!(SingleLineText::parse("\u{200b}"), Err(InvalidText::Unprintable(Unprintable::Blank)));
        assert!(SingleLineText::parse(&"ö".repeat(SingleLineText::CHARS_MAX)).is_ok());
        for length in [SingleLineText::CHARS_MAX + 1, 100_000] {
            let error = SingleLineText::parse(&"ö".repeat(length)).unwrap_err();
            assert_eq!(error.to_string(), "is longer than 200 characters");
        }
    }
}
