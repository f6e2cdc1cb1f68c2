//! Converts the bytes of a message to text.

use super::super::read::cut;
use super::xml::Refusal;
use std::borrow::Cow;

/// The message as text: UTF-8, or ISO-8859-1 if the declaration says so, as Avinor's does.
pub(super) fn text_of(body: &[u8]) -> Result<Cow<'_, str>, Refusal> {
    if body.starts_with(&[0xff, 0xfe]) || body.starts_with(&[0xfe, 0xff]) {
        return Err("is UTF-16; send UTF-8".into());
    }
    let body = body.strip_prefix(&[0xef, 0xbb, 0xbf]).unwrap_or(body);
    let declared = declared_encoding(body).map(|name| name.to_ascii_lowercase());
    match declared.as_deref() {
        None | Some("utf-8" | "utf8" | "us-ascii" | "ascii") => {
            str::from_utf8(body).map(Cow::Borrowed).map_err(|error| format!("is not UTF-8: {error}"))
        }
        // Each byte is the character of that number.
        Some("iso-8859-1" | "latin1") => Ok(body.iter().map(|byte| char::from(*byte)).collect()),
        Some(other) => {
            let other = cut(other, 40);
            Err(format!("is declared to be {other:?}; only UTF-8 and ISO-8859-1 are read"))
        }
    }
}

fn declared_encoding(body: &[u8]) -> Option<&str> {
    /// Longer than any declaration.
    const DECLARATION_BYTES_MAX: usize = 256;
    let start = &body[..body.len().min(DECLARATION_BYTES_MAX)];
    let start = match str::from_utf8(start) {
        Ok(text) => text,
        Err(error) => str::from_utf8(&start[..error.valid_up_to()]).ok()?,
    };
    let (declaration, _) = start.strip_prefix("<?xml")?.split_once("?>")?;
    let (_, value) = declaration.split_once("encoding")?;
    let value = value.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    value[1..].split_once(quote).map(|(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_declared_encoding_is_believed() {
        let latin = b"<?xml version='1.0' encoding = 'ISO-8859-1'?><a>Troms\xf8</a>";
        assert!(text_of(latin).unwrap().contains("Tromsø"));
        assert!(text_of(b"<a>Troms\xf8</a>").unwrap_err().starts_with("is not UTF-8"));
        assert!(text_of(b"<?xml version='1.0' encoding='EBCDIC'?><a/>").unwrap_err().contains("ebcdic"));
        assert!(text_of(&[0xff, 0xfe, 0x3c, 0]).unwrap_err().contains("UTF-16"));
        assert_eq!(text_of(b"\xef\xbb\xbf<a/>").unwrap(), "<a/>");
    }
}
