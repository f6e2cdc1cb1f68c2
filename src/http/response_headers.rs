//! Security and cache headers.
//!
//! Only the path selects them. A 304 has no `Content-Type`, and a browser replaces its stored headers with those
//! of a 304: with another policy than the stored page's, every second visit would show nothing. So 304, HEAD,
//! errors and full answers of one path carry the same headers.

use super::static_site::{ContentKind, Site};
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};

/// The policy of the web page: only resources of this origin, and WebSockets, which older browsers do not
/// include in 'self'.
const PAGE_POLICY: &str = "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data:; \
    object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The policy of scripts: a web worker has the policy of its own script, not that of its page.
const SCRIPT_POLICY: &str =
    "default-src 'none'; script-src 'self'; connect-src 'self'; frame-ancestors 'none'";

/// The policy of everything else: data that a browser must not run or frame.
const DATA_POLICY: &str = "default-src 'none'; frame-ancestors 'none'";

impl ContentKind {
    /// The kind of a matched pattern, or of an unmatched path.
    pub(super) fn of(pattern: Option<&str>, path: &str, site: &Site) -> Self {
        match pattern {
            Some(known) if super::ENDPOINTS.iter().any(|endpoint| endpoint.path == known) => Self::Data,
            Some(crate::ws::handshake::PATH) => Self::Data,
            _ => site.kind(path),
        }
    }

    /// Adds the headers of this kind. The handler sets `Cache-Control`; without it the answer is not stored.
    pub(super) fn put_on(self, headers: &mut HeaderMap) {
        let (policy, vary) = match self {
            Self::Page => (PAGE_POLICY, "Origin, Accept-Encoding, Accept"),
            Self::Script => (SCRIPT_POLICY, "Origin, Accept-Encoding"),
            Self::Data => (DATA_POLICY, "Origin, Accept-Encoding"),
        };
        let mut put =
            |name: HeaderName, value: &'static str| headers.insert(name, HeaderValue::from_static(value));
        put(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
        put(header::REFERRER_POLICY, "no-referrer");
        put(header::CONTENT_SECURITY_POLICY, policy);
        put(header::VARY, vary);
        if !headers.contains_key(header::CACHE_CONTROL) {
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        }
    }
}
