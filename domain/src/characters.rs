//! Characters that must not reach a screen or an SMS.
//!
//! A gate of invisible characters looks empty. A gate with one among its letters looks like another gate. A
//! character that reverses text shows 12 as 21.

/// Why a text must not be shown. Reads as the end of a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unprintable {
    /// A control character.
    #[error("has a control character (U+{:04X})", u32::from(*.0))]
    Control(char),
    /// An invisible character.
    #[error("has an invisible character (U+{:04X})", u32::from(*.0))]
    Invisible(char),
    /// A character that changes the direction of the text around it.
    #[error("has a character that reverses text (U+{:04X})", u32::from(*.0))]
    Reverses(char),
    /// Every character is allowed, but none is visible.
    #[error("has nothing that can be seen")]
    Blank,
}

/// The use of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TextKind {
    /// A gate, a belt, a registration: every character must be visible.
    Code,
    /// Text to read. Joiners and variation selectors stay, because some scripts and symbols need them. Line
    /// break hints are removed, because they are invisible.
    Sentence,
}

/// Trims and folds white space. Returns an empty string for text that is only white space.
pub(crate) fn tidied(text: &str, used: TextKind) -> Result<String, Unprintable> {
    let mut tidy = String::with_capacity(text.len());
    let mut seen = false;
    for word in text.split_whitespace() {
        if !tidy.is_empty() {
            tidy.push(' ');
        }
        for c in word.chars() {
            match c {
                _ if c.is_control() => return Err(Unprintable::Control(c)),
                _ if reverses(c) => return Err(Unprintable::Reverses(c)),
                _ if used == TextKind::Sentence && is_break_hint(c) => continue,
                _ if used == TextKind::Sentence && is_joiner(c) => {}
                _ if is_break_hint(c) || is_joiner(c) || is_invisible(c) => {
                    return Err(Unprintable::Invisible(c));
                }
                _ => seen = true,
            }
            tidy.push(c);
        }
    }
    if seen || text.chars().all(char::is_whitespace) { Ok(tidy) } else { Err(Unprintable::Blank) }
}

/// Marks, embeddings, overrides and isolates of Unicode's bidirectional algorithm.
fn reverses(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Zero width joiner and non-joiner, and variation selectors.
fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}')
}

/// Soft hyphen, zero width space, word joiner, byte order mark.
fn is_break_hint(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}' | '\u{2060}' | '\u{feff}')
}

/// Unicode's `Default_Ignorable_Code_Point` without the above, and other characters without ink that are
/// not white space: fillers, blank Braille, annotations, format characters of notation, and private use
/// characters, which show as nothing or as anything.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{2061}'..='\u{2065}' | '\u{206a}'..='\u{206f}'
        | '\u{2800}' | '\u{3164}' | '\u{e000}'..='\u{f8ff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffc}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d159}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}' | '\u{f0000}'..='\u{10ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_keeps_only_what_is_visible() {
        let sentence = |text: &str| tidied(text, TextKind::Sentence);
        assert_eq!(
            sentence(" \u{feff}Go to\u{a0}the  infor\u{ad}mation\n desk ").unwrap(),
            "Go to the information desk"
        );
        assert_eq!(sentence("\u{a0}\u{3000} \t").unwrap(), "");
        for kept in ["نمی\u{200c}رود", "✈\u{fe0f}", "क्\u{200d}ष"] {
            assert_eq!(sentence(kept).unwrap(), kept);
        }
        for blank in ["\u{200b}", "\u{ad} \u{feff}", "\u{200c}\u{fe0f}"] {
            assert_eq!(sentence(blank), Err(Unprintable::Blank), "{blank:?}");
        }
        assert_eq!(sentence("Gate \u{202e}21"), Err(Unprintable::Reverses('\u{202e}')));
        assert_eq!(sentence("a\u{3164}b"), Err(Unprintable::Invisible('\u{3164}')));
    }

    #[test]
    fn in_a_code_everything_is_seen() {
        assert_eq!(tidied(" B 14 ", TextKind::Code).unwrap(), "B 14");
        for c in
            ['\u{ad}', '\u{200b}', '\u{200d}', '\u{2800}', '\u{3164}', '\u{e0041}', '\u{feff}', '\u{fe0f}']
        {
            assert_eq!(tidied(&format!("1{c}4"), TextKind::Code), Err(Unprintable::Invisible(c)));
        }
        assert_eq!(tidied("1\u{0}", TextKind::Code), Err(Unprintable::Control('\0')));
        assert_eq!(
            tidied("1\u{200f}", TextKind::Code).unwrap_err().to_string(),
            "has a character that reverses text (U+200F)"
        );
    }
}
