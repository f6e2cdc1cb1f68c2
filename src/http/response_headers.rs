//! What an answer carries beside its body: how a browser may use it, and for how long it may be kept.
//!
//! The address decides, never a header of the answer. A 304 has no `Content-Type`, and a browser puts the
//! headers of a 304 in place of those it has stored: with another policy than the stored page's, every
//! second visit would show nothing. So 304, HEAD, errors and whole answers of one address carry the same.

use super::static_site::Site;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};

/// For the web page: everything from here, and sockets, which older browsers do not count as
/// 'self'.
const PAGE_POLICY: &str = "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data:; \
    object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// For scripts: a worker, as the one that holds the stream of all tabs, has the policy of its own script and
/// not that of the page that started it.
const SCRIPT_POLICY: &str =
    "default-src 'none'; script-src 'self'; connect-src 'self'; frame-ancestors 'none'";

/// For everything else: it is data, nothing to be run or framed.
const DATA_POLICY: &str = "default-src 'none'; frame-ancestors 'none'";

/// What an address stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum ContentKind {
    /// The web page, found or not.
    Page,
    /// A script of the page.
    Script,
    /// Data, pictures, problems: whatever is not shown by itself.
    Data,
}

impl ContentKind {
    /// Of a matched pattern, or of a path that no pattern fits.
    pub(super) fn of(pattern: Option<&str>, path: &str, site: &Site) -> Self {
        match pattern {
            Some(known) if super::ENDPOINTS.iter().any(|endpoint| endpoint.path == known) => Self::Data,
            Some(crate::ws::handshake::PATH) => Self::Data,
            _ => site.kind(path),
        }
    }

    /// Adds what every answer of this kind carries. What may be kept, and how long, is for the handler to
    /// say; where it does not, nothing is.
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
