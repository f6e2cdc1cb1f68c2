//! Leases where there is one process: the first to ask is given one.

use domain::ports::{BoxFuture, Lease, Leases, StoreError, is_lease_name};
use std::collections::BTreeSet;
use std::future::ready;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The leases of one process, for the embedded store: nobody else can be in its folder. A clone is
/// another handle on the same.
#[derive(Clone, Debug, Default)]
pub struct LocalLeases {
    held: Arc<Mutex<BTreeSet<Arc<str>>>>,
}

impl LocalLeases {
    /// None is taken yet.
    pub fn new() -> Self {
        Self::default()
    }

    fn held(&self) -> MutexGuard<'_, BTreeSet<Arc<str>>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Leases for LocalLeases {
    fn try_take(&self, name: Arc<str>) -> BoxFuture<'_, Result<Option<Box<dyn Lease>>, StoreError>> {
        let is_given = is_lease_name(&name) && self.held().insert(name.clone());
        let lease = is_given.then(|| Box::new(Held { leases: self.clone(), name }) as Box<dyn Lease>);
        Box::pin(ready(Ok(lease)))
    }
}

/// In the set for as long as it lives.
struct Held {
    leases: LocalLeases,
    name: Arc<str>,
}

impl Lease for Held {
    fn still_held(&self) -> BoxFuture<'_, bool> {
        Box::pin(ready(true))
    }

    fn release(self: Box<Self>) -> BoxFuture<'static, ()> {
        drop(self);
        Box::pin(ready(()))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.leases.held().remove(&self.name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_process_has_leases() {
        let leases = LocalLeases::new();
        crate::contract::leases::suite(async |_| leases.clone()).await;
    }
}
