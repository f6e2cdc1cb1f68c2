//! The port `Leases` within one process: the first caller gets a lease.

use domain::ports::{BoxFuture, Lease, Leases, StoreError, is_lease_name};
use std::collections::BTreeSet;
use std::future::ready;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The leases of one process. No other process can use the folder of the embedded store. A clone is
/// another handle on the same leases.
#[derive(Clone, Debug, Default)]
pub struct LocalLeases {
    held: Arc<Mutex<BTreeSet<Arc<str>>>>,
}

impl LocalLeases {
    /// Leases of which none is taken.
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

/// A lease. It is taken for as long as this value lives.
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
    async fn local_leases_pass_the_contract_suite() {
        let leases = LocalLeases::new();
        testing::contract::leases::suite(async |_| leases.clone()).await;
    }
}
