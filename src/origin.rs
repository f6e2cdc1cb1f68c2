//! Origin rules: which web pages may use this hub.
//!
//! Browsers send the origin of the page. Clients that send no `Origin` are allowed: they could forge the header,
//! so it would protect nothing.

use std::fmt;
use std::str::FromStr;

/// An origin: scheme, host and port.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Origin {
    /// Any page.
    Any,
    /// The pages of one host.
    Page {
        /// `http` or `https`.
        scheme: &'static str,
        /// In lower case.
        host: String,
        /// Explicit, even if it is the scheme's default.
        port: u16,
    },
}

/// The text is not an origin. The message completes a sentence.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("is not an origin such as https://flights.example.org, nor *")]
pub struct NotAnOrigin;

impl FromStr for Origin {
    type Err = NotAnOrigin;

    fn from_str(text: &str) -> Result<Self, NotAnOrigin> {
        if text == "*" {
            return Ok(Self::Any);
        }
        let (scheme, own_port, rest) = match text.split_once("://") {
            Some(("http", rest)) => ("http", 80, rest),
            Some(("https", rest)) => ("https", 443, rest),
            _ => return Err(NotAnOrigin),
        };
        let (host, port) = host_and_port(rest).ok_or(NotAnOrigin)?;
        Ok(Self::Page { scheme, host, port: port.unwrap_or(own_port) })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("*"),
            Self::Page { scheme, host, port } => write!(f, "{scheme}://{host}:{port}"),
        }
    }
}

/// `host`, `host:port`, `[::1]:port`.
fn host_and_port(text: &str) -> Option<(String, Option<u16>)> {
    let after_address = text.rfind(']').map_or(0, |end| end + 1);
    let (host, port) = match text[after_address..].rfind(':') {
        Some(colon) => {
            let (host, port) = text.split_at(after_address + colon);
            (host, Some(port[1..].parse().ok()?))
        }
        None => (text, None),
    };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._[]:".contains(&byte);
    let shaped = !host.is_empty() && host.bytes().all(plain) && (after_address > 0 || !host.contains(':'));
    shaped.then(|| (host.to_ascii_lowercase(), port))
}

/// The allowed origins.
#[derive(Clone, Debug, Default)]
pub struct Origins {
    allowed: Vec<Origin>,
    own_ports: Vec<u16>,
}

impl Origins {
    /// Allows the pages of `allowed`, and those of this host on `own_ports`: the page on the web port uses the API
    /// port.
    pub fn new(allowed: &[Origin], own_ports: &[u16]) -> Self {
        Self { allowed: allowed.to_vec(), own_ports: own_ports.to_vec() }
    }

    /// Whether a request with these headers is allowed. `host` is the `Host` header, including its port.
    pub fn allows(&self, origin: Option<&str>, host: Option<&str>) -> bool {
        origin.is_none_or(|origin| self.allows_page(origin, host))
    }

    /// The same for a request that names its page.
    pub fn allows_page(&self, origin: &str, host: Option<&str>) -> bool {
        if self.allowed.contains(&Origin::Any) {
            return true;
        }
        let Ok(page) = origin.parse::<Origin>() else { return false };
        self.allowed.contains(&page) || self.is_own(&page, host)
    }

    fn is_own(&self, page: &Origin, asked: Option<&str>) -> bool {
        let Origin::Page { scheme, host, port } = page else { return false };
        let Some((asked_host, asked_port)) = asked.and_then(host_and_port) else { return false };
        // Behind a proxy that terminates TLS the hub does not know the page's scheme. Without a port it is the
        // scheme's default in both cases.
        let asked_port = asked_port.unwrap_or(if *scheme == "https" { 443 } else { 80 });
        *host == asked_host && (*port == asked_port || self.own_ports.contains(port))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origins(allowed: &[&str]) -> Origins {
        let allowed: Vec<_> = allowed.iter().map(|text| text.parse().unwrap()).collect();
        Origins::new(&allowed, &[3000, 5000])
    }

    #[test]
    fn pages_on_the_hubs_own_ports_are_allowed() {
        let origins = origins(&[]);
        for host in ["localhost:5000", "LOCALHOST:3000"] {
            for page in ["http://localhost:3000", "http://localhost:5000"] {
                assert!(origins.allows(Some(page), Some(host)), "{page} {host}");
            }
        }
        assert!(origins.allows(Some("http://[::1]:3000"), Some("[::1]:5000")));
        assert!(origins.allows(Some("https://hub.example.org"), Some("hub.example.org")));
    }

    #[test]
    fn pages_of_other_origins_are_refused_unless_listed() {
        let strict = origins(&[]);
        for page in [
            "http://evil.example",
            "http://localhost:8080",
            "http://127.0.0.1:3000",
            "null",
            "",
            "file://",
            "http://localhost:3000/x",
            "http://localhost:3000@evil.example",
        ] {
            assert!(!strict.allows(Some(page), Some("localhost:5000")), "{page}");
        }
        assert!(!strict.allows(Some("http://localhost:3000"), None));
        let listed = origins(&["https://flights.example.org"]);
        assert!(listed.allows(Some("https://flights.example.org"), Some("hub:5000")));
        assert!(listed.allows(Some("https://flights.example.org:443"), Some("hub:5000")));
        assert!(!listed.allows(Some("http://flights.example.org"), Some("hub:5000")));
        assert!(origins(&["*"]).allows(Some("null"), Some("hub:5000")));
    }

    #[test]
    fn requests_without_an_origin_are_allowed() {
        assert!(origins(&[]).allows(None, Some("localhost:5000")));
        assert!(origins(&[]).allows(None, None));
    }

    #[test]
    fn malformed_origins_are_refused() {
        for text in [
            "flights.example.org",
            "ftp://x",
            "https://",
            "https://a/b",
            "https://a:b",
            "https://a:99999",
            "https://a b",
        ] {
            assert_eq!(text.parse::<Origin>(), Err(NotAnOrigin), "{text}");
        }
    }
}
