//! Limits the memory of responses that clients have not read.
//!
//! A response stays in memory until the last connection has written all of it. A client that requests and
//! does not read keeps it there. The budget counts each buffer once for the process, however many
//! connections and threads share it, and once for each client that waits for it. A buffer stops counting
//! when its last connection drops it.

use bytes::Bytes;
use prometheus_client::metrics::gauge::Gauge;
use rustc_hash::FxHashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard};

/// Shorter responses do not count: the kernel takes them at once, or the bounds of the connection apply.
pub const COUNTED_FROM_BYTES: usize = 16 * 1024;

/// How many bytes may wait.
#[derive(Clone, Copy, Debug)]
pub struct UnreadLimits {
    /// Bytes for the whole process.
    pub bytes_max: usize,
    /// Bytes for one client.
    pub client_bytes_max: usize,
}

impl Default for UnreadLimits {
    fn default() -> Self {
        Self { bytes_max: 256 * 1024 * 1024, client_bytes_max: 64 * 1024 * 1024 }
    }
}

/// How the budget identifies a client: an IPv4 address, or an IPv6 network of 64 bits, which one
/// subscriber has for himself.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Client(IpAddr);

impl Client {
    /// The client of an address.
    pub fn from_address(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V6(v6) => {
                let network = u128::from(v6) & !u128::from(u64::MAX);
                Self(Ipv6Addr::from(network).into())
            }
            v4 @ IpAddr::V4(_) => Self(v4),
        }
    }
}

/// The budget is exhausted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BudgetExceeded {
    /// All clients together have reached the limit of the process.
    #[error("too many responses wait for clients that do not read them")]
    Process,
    /// The client has reached its own limit.
    #[error("too many responses wait for this client, which does not read them")]
    Client,
}

/// The budget of a process. Clones share it.
#[derive(Clone, Debug)]
pub struct UnreadBudget(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    limits: UnreadLimits,
    state: Mutex<State>,
    gauge: Gauge,
}

#[derive(Debug, Default)]
struct State {
    bytes: usize,
    /// By the address of the first byte. An entry is removed before its buffer is freed.
    buffers: FxHashMap<usize, Buffer>,
    /// Connections of a client that wait for a buffer.
    reservations: FxHashMap<(usize, Client), usize>,
    /// Bytes by client.
    clients: FxHashMap<Client, usize>,
}

#[derive(Debug)]
struct Buffer {
    bytes: usize,
    connections: usize,
}

impl UnreadBudget {
    /// Creates a budget that publishes its bytes in `gauge`.
    pub fn new(limits: UnreadLimits, gauge: Gauge) -> Self {
        Self(Arc::new(Inner { limits, state: Mutex::default(), gauge }))
    }

    /// Counts `bytes` for a connection of `client` until the returned buffer, with its clones and slices,
    /// is dropped. A client for which no bytes wait is always served, whatever the length.
    pub fn reserve(&self, bytes: &Bytes, client: Option<Client>) -> Result<Bytes, BudgetExceeded> {
        if bytes.len() < COUNTED_FROM_BYTES {
            return Ok(bytes.clone());
        }
        let mut state = self.lock();
        state.add(bytes, client, &self.0.limits)?;
        self.update_gauge(&state);
        drop(state);
        Ok(Bytes::from_owner(Reservation { bytes: bytes.clone(), client, budget: self.clone() }))
    }

    /// Bytes that wait.
    pub fn bytes(&self) -> usize {
        self.lock().bytes
    }

    /// Whether more than half of a limit is used, for the process or for any client.
    pub fn is_tight(&self) -> bool {
        let (limits, state) = (&self.0.limits, self.lock());
        state.bytes > limits.bytes_max / 2
            || state.clients.values().any(|bytes| *bytes > limits.client_bytes_max / 2)
    }

    /// Whether more than half of a limit is used, for the process or for this client.
    pub fn is_tight_for(&self, client: Option<Client>) -> bool {
        let (limits, state) = (&self.0.limits, self.lock());
        let own = client.and_then(|client| state.clients.get(&client)).copied().unwrap_or_default();
        state.bytes > limits.bytes_max / 2 || own > limits.client_bytes_max / 2
    }

    fn update_gauge(&self, state: &State) {
        self.0.gauge.set(i64::try_from(state.bytes).unwrap_or(i64::MAX));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl State {
    fn add(
        &mut self,
        bytes: &Bytes,
        client: Option<Client>,
        limits: &UnreadLimits,
    ) -> Result<(), BudgetExceeded> {
        let key = bytes.as_ptr().addr();
        let known = self.buffers.get(&key);
        let length = known.map_or(bytes.len(), |buffer| buffer.bytes);
        if known.is_none() && self.bytes > 0 && self.bytes + length > limits.bytes_max {
            return Err(BudgetExceeded::Process);
        }
        if let Some(client) = client {
            let own = self.clients.get(&client).copied().unwrap_or_default();
            let waits = self.reservations.get(&(key, client)).copied().unwrap_or_default();
            if waits == 0 && own > 0 && own + length > limits.client_bytes_max {
                return Err(BudgetExceeded::Client);
            }
            self.reservations.insert((key, client), waits + 1);
            if waits == 0 {
                self.clients.insert(client, own + length);
            }
        }
        let buffer = self.buffers.entry(key).or_insert_with(|| {
            self.bytes += length;
            Buffer { bytes: length, connections: 0 }
        });
        buffer.connections += 1;
        Ok(())
    }

    fn remove(&mut self, bytes: &Bytes, client: Option<Client>) {
        let key = bytes.as_ptr().addr();
        let Some(buffer) = self.buffers.get_mut(&key) else { return };
        let length = buffer.bytes;
        buffer.connections -= 1;
        if buffer.connections == 0 {
            self.buffers.remove(&key);
            self.bytes -= length;
        }
        if let Some(client) = client
            && subtract(&mut self.reservations, (key, client), 1)
        {
            subtract(&mut self.clients, client, length);
        }
    }
}

/// Subtracts `count`, removes an entry that reaches zero, and returns whether it did.
fn subtract<K: Eq + Hash>(counts: &mut FxHashMap<K, usize>, key: K, count: usize) -> bool {
    let left = counts.get(&key).copied().unwrap_or_default().saturating_sub(count);
    match left {
        0 => drop(counts.remove(&key)),
        left => drop(counts.insert(key, left)),
    }
    left == 0
}

/// The bytes that one connection has not written yet.
struct Reservation {
    bytes: Bytes,
    client: Option<Client>,
    budget: UnreadBudget,
}

impl AsRef<[u8]> for Reservation {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let mut state = self.budget.lock();
        state.remove(&self.bytes, self.client);
        self.budget.update_gauge(&state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIB: usize = 1024;
    const LIMITS: UnreadLimits = UnreadLimits { bytes_max: 100 * KIB, client_bytes_max: 50 * KIB };

    fn budget() -> UnreadBudget {
        UnreadBudget::new(LIMITS, Gauge::default())
    }

    fn buffer(kib: usize) -> Bytes {
        vec![b'x'; kib * KIB].into()
    }

    fn client(number: u8) -> Option<Client> {
        Some(Client::from_address([192, 0, 2, number].into()))
    }

    #[test]
    fn a_buffer_counts_once_until_the_last_connection_drops_the_last_part_of_it() {
        let budget = budget();
        let answer = buffer(40);
        let threads: Vec<_> = (0..2)
            .map(|thread| {
                let (budget, answer) = (budget.clone(), answer.clone());
                std::thread::spawn(move || {
                    (0..3).map(|_| budget.reserve(&answer, client(thread)).unwrap()).collect::<Vec<_>>()
                })
            })
            .collect();
        let mut held: Vec<Bytes> = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
        assert_eq!(budget.bytes(), 40 * KIB);
        // The producer still holds `answer`, which does not count.
        let rest = held.pop().unwrap().slice(7..);
        held.clear();
        assert_eq!((budget.bytes(), rest.len()), (40 * KIB, 40 * KIB - 7));
        drop(rest);
        assert_eq!(budget.bytes(), 0);
        assert!(budget.lock().buffers.is_empty() && budget.lock().reservations.is_empty());
        assert!(budget.lock().clients.is_empty());
        assert_eq!(budget.0.gauge.get(), 0);
    }

    #[test]
    fn the_process_and_each_client_have_a_limit_and_one_response_is_always_allowed() {
        let budget = budget();
        let huge = budget.reserve(&buffer(300), client(1)).unwrap();
        assert_eq!(budget.reserve(&buffer(20), client(2)), Err(BudgetExceeded::Process));
        drop(huge);
        let (first, shared) = (budget.reserve(&buffer(30), client(1)).unwrap(), buffer(30));
        assert_eq!(budget.reserve(&shared, client(1)), Err(BudgetExceeded::Client));
        let others = budget.reserve(&shared, client(2)).unwrap();
        assert!(budget.is_tight_for(client(1)) && budget.is_tight());
        assert_eq!(
            budget.reserve(&shared, client(1)),
            Err(BudgetExceeded::Client),
            "a shared buffer counts for each client"
        );
        let third = budget.reserve(&buffer(30), client(3)).unwrap();
        assert_eq!(budget.reserve(&buffer(20), client(4)), Err(BudgetExceeded::Process));
        assert!(budget.reserve(&shared, client(4)).is_ok(), "it is in memory already");
        assert!(budget.reserve(&buffer(15), client(1)).is_ok(), "a short response is always allowed");
        drop((first, others, third));
        assert_eq!(budget.bytes(), 0);
        assert!(!budget.is_tight());
    }

    #[test]
    fn an_ipv6_network_of_64_bits_is_one_client() {
        let at = |text: &str| Client::from_address(text.parse().unwrap());
        assert_eq!(at("2001:db8:1:2::1"), at("2001:db8:1:2:ffff::9"));
        assert_ne!(at("2001:db8:1:2::1"), at("2001:db8:1:3::1"));
        assert_eq!(at("::ffff:192.0.2.1"), at("192.0.2.1"));
        assert_ne!(at("192.0.2.1"), at("192.0.2.2"));
    }
}
