//! What a client offers in `Sec-WebSocket-Extensions`, and what of it is accepted (RFC 6455, 9.1;
//! RFC 7692, 7.1).

/// An extension with its parameters.
#[derive(Debug, PartialEq, Eq)]
struct ExtensionOffer {
    name: String,
    parameters: Vec<(String, Option<String>)>,
}

/// The header is not a list of extensions.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Malformed;

/// The answer to the first offer of compression that can be kept, if there is one. Frames are compressed
/// once for all, with the full window and without context: an offer that asks for a smaller window is
/// declined, and so is one that the RFC does not allow.
pub(super) fn accepted<'a>(lines: impl Iterator<Item = &'a str>) -> Result<Option<String>, Malformed> {
    let mut accepted = None;
    for line in lines {
        for offer in Reader(line).offers()? {
            accepted = accepted.or_else(|| answer_to(&offer));
        }
    }
    Ok(accepted)
}

fn answer_to(offer: &ExtensionOffer) -> Option<String> {
    if offer.name != "permessage-deflate" {
        return None;
    }
    let mut answer = "permessage-deflate; server_no_context_takeover; client_no_context_takeover".to_owned();
    for (at, (name, value)) in offer.parameters.iter().enumerate() {
        if offer.parameters[..at].iter().any(|(earlier, _)| earlier == name) {
            return None;
        }
        let is_kept = match (name.as_str(), value) {
            (
                "server_no_context_takeover" | "client_no_context_takeover" | "client_max_window_bits",
                None,
            ) => true,
            ("client_max_window_bits", Some(bits)) => is_window(bits),
            ("server_max_window_bits", Some(bits)) => bits == "15",
            _ => false,
        };
        if !is_kept {
            return None;
        }
        if name == "server_max_window_bits" {
            // Accepting it means to say so (7.1.2.1).
            answer.push_str("; server_max_window_bits=15");
        }
    }
    Some(answer)
}

/// 8 to 15, without zeros before it.
fn is_window(bits: &str) -> bool {
    ["8", "9", "10", "11", "12", "13", "14", "15"].contains(&bits)
}

/// What of a line is not read yet.
struct Reader<'a>(&'a str);

impl Reader<'_> {
    fn offers(mut self) -> Result<Vec<ExtensionOffer>, Malformed> {
        let mut offers = Vec::new();
        loop {
            // Empty places in a list are allowed.
            while self.takes(',') {}
            if self.0.is_empty() {
                return Ok(offers);
            }
            let mut offer = ExtensionOffer { name: self.token()?, parameters: Vec::new() };
            while self.takes(';') {
                let name = self.token()?;
                let value = if self.takes('=') { Some(self.value()?) } else { None };
                offer.parameters.push((name, value));
            }
            offers.push(offer);
            if !self.0.is_empty() && !self.0.starts_with(',') {
                return Err(Malformed);
            }
        }
    }

    /// A token, quoted or not. Whoever leaves it out has a value that no parameter takes.
    fn value(&mut self) -> Result<String, Malformed> {
        if !self.takes_at_once('"') {
            return Ok(self.token().unwrap_or_default());
        }
        let mut value = String::new();
        let mut letters = self.0.char_indices();
        while let Some((at, letter)) = letters.next() {
            match letter {
                '"' => {
                    self.0 = self.0[at + 1..].trim_start_matches([' ', '\t']);
                    return if value.chars().all(is_token) { Ok(value) } else { Err(Malformed) };
                }
                '\\' => value.extend(letters.next().map(|(_, letter)| letter)),
                letter => value.push(letter),
            }
        }
        Err(Malformed)
    }

    fn token(&mut self) -> Result<String, Malformed> {
        let length = self.0.find(|letter| !is_token(letter)).unwrap_or(self.0.len());
        let (token, rest) = self.0.split_at(length);
        self.0 = rest.trim_start_matches([' ', '\t']);
        if token.is_empty() { Err(Malformed) } else { Ok(token.to_owned()) }
    }

    fn takes(&mut self, letter: char) -> bool {
        self.0 = self.0.trim_start_matches([' ', '\t']);
        let takes = self.takes_at_once(letter);
        self.0 = self.0.trim_start_matches([' ', '\t']);
        takes
    }

    fn takes_at_once(&mut self, letter: char) -> bool {
        let rest = self.0.strip_prefix(letter);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }
}

/// RFC 7230, 3.2.6.
fn is_token(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: &str = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

    fn of(line: &str) -> Result<Option<String>, Malformed> {
        accepted(std::iter::once(line))
    }

    #[test]
    fn supported_offers_are_accepted() {
        for line in [
            "permessage-deflate",
            "permessage-deflate; client_max_window_bits",
            "permessage-deflate;client_max_window_bits=8",
            "permessage-deflate; client_max_window_bits = \"15\"",
            "permessage-deflate; client_max_window_bits=\"1\\5\"",
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
            "x-webkit-deflate-frame, permessage-deflate",
            ", permessage-deflate ,\t",
            "permessage-deflate; server_max_window_bits=10, permessage-deflate",
            "permessage-deflate; unknown, permessage-deflate; client_max_window_bits=9",
        ] {
            assert_eq!(of(line), Ok(Some(PLAIN.into())), "{line}");
        }
        let with_window = Ok(Some(format!("{PLAIN}; server_max_window_bits=15")));
        assert_eq!(of("permessage-deflate; server_max_window_bits=15"), with_window);
        assert_eq!(accepted(["foo; bar", "permessage-deflate"].into_iter()), Ok(Some(PLAIN.into())));
    }

    #[test]
    fn invalid_and_unsupported_offers_are_declined() {
        for parameters in [
            "client_max_window_bits=7",
            "client_max_window_bits=16",
            "client_max_window_bits=abc",
            "client_max_window_bits=",
            "client_max_window_bits=\"\"",
            "client_max_window_bits=015",
            "client_max_window_bits=+9",
            "client_max_window_bits; client_max_window_bits",
            "client_max_window_bits=10; client_max_window_bits=10",
            "server_no_context_takeover; server_no_context_takeover",
            "client_no_context_takeover; client_no_context_takeover",
            "server_no_context_takeover=1",
            "client_no_context_takeover=true",
            "server_max_window_bits",
            "server_max_window_bits=",
            "server_max_window_bits=7",
            "server_max_window_bits=8",
            "server_max_window_bits=16",
            "server_max_window_bits=015",
            "server_max_window_bits=15; server_max_window_bits=15",
            "unknown",
            "Client_max_window_bits",
        ] {
            assert_eq!(of(&format!("permessage-deflate; {parameters}")), Ok(None), "{parameters}");
        }
        for line in ["", "permessage-bzip2", "x-permessage-deflate", "permessage-deflated"] {
            assert_eq!(of(line), Ok(None), "{line}");
        }
    }

    #[test]
    fn malformed_extension_lists_are_rejected() {
        for line in [
            "permessage-deflate;",
            "permessage-deflate; =15",
            "permessage-deflate client_max_window_bits",
            "permessage-deflate; client_max_window_bits=\"15",
            "permessage-deflate; client_max_window_bits=\"1 5\"",
            "permessage-deflate; client_max_window_bits=15 16",
            "; client_max_window_bits",
            "permessage/deflate",
        ] {
            assert_eq!(of(line), Err(Malformed), "{line}");
        }
    }
}
