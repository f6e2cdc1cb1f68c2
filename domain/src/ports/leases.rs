//! Who does what only one of several nodes may do: poll a feed, for one.

use super::{BoxFuture, StoreError};
use std::sync::Arc;

/// Longest name of a lease, in bytes.
pub const LEASE_NAME_BYTES_MAX: usize = 128;

/// The leases of an installation.
///
/// A lease is a word among friends, not a fence: a node that the others have lost sight of may
/// believe for a moment that it still holds what another was given. What is done under a lease must
/// be harmless when it is done twice.
pub trait Leases: Send + Sync {
    /// Takes a lease, or answers `None` where somebody has it, this node included. A name is 1 to
    /// [`LEASE_NAME_BYTES_MAX`] bytes without control characters; another is answered `None`, as
    /// nobody can ever have it.
    fn try_take(&self, name: Arc<str>) -> BoxFuture<'_, Result<Option<Box<dyn Lease>>, StoreError>>;
}

/// A lease that was given. Dropped, it is given back soon; a node that dies gives all back.
pub trait Lease: Send + Sync {
    /// Whether it is still this node's. Asks whoever gave it, for a bounded time: `false` also where
    /// that cannot be said. Once `false`, it is lost for good, and is to be taken anew.
    fn still_held(&self) -> BoxFuture<'_, bool>;

    /// Gives it back and waits until that is done, or until it is plain that it was lost.
    fn release(self: Box<Self>) -> BoxFuture<'static, ()>;
}

/// Whether a lease can have this name.
pub fn is_lease_name(name: &str) -> bool {
    (1..=LEASE_NAME_BYTES_MAX).contains(&name.len()) && !name.chars().any(char::is_control)
}
