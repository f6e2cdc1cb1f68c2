//! Port to leases, for work that only one of several nodes may do, such as polling a feed.

use super::{BoxFuture, StoreError};
use std::sync::Arc;

/// Longest name of a lease, in bytes.
pub const LEASE_NAME_BYTES_MAX: usize = 128;

/// The leases of an installation.
///
/// A lease is advisory: a node that lost contact may believe for a moment that it still holds a lease that
/// another node has acquired. Holders must tolerate double execution.
pub trait Leases: Send + Sync {
    /// Acquires a lease, or returns `None` if any node holds it, including this one. A name has 1 to
    /// [`LEASE_NAME_BYTES_MAX`] bytes without control characters; other names return `None`.
    fn try_take(&self, name: Arc<str>) -> BoxFuture<'_, Result<Option<Box<dyn Lease>>, StoreError>>;
}

/// A lease that this node acquired. Dropping it releases it soon. A node that crashes releases all.
pub trait Lease: Send + Sync {
    /// Whether this node still holds the lease. Asks the lease server, for a bounded time, and returns
    /// `false` if it gets no answer. After `false` the lease is lost and must be acquired anew.
    fn still_held(&self) -> BoxFuture<'_, bool>;

    /// Releases the lease, and waits until it is released or certainly lost.
    fn release(self: Box<Self>) -> BoxFuture<'static, ()>;
}

/// Whether this is a valid name for a lease.
pub fn is_lease_name(name: &str) -> bool {
    (1..=LEASE_NAME_BYTES_MAX).contains(&name.len()) && !name.chars().any(char::is_control)
}
