//! The address of the hub and the key of the feed.

use crate::usage;
use anyhow::{Context, Result, bail};
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::Path;

/// The address of a hub on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HubAddress {
    /// The socket address.
    pub address: SocketAddr,
    /// `host:port` for the `Host` header.
    pub host: String,
}

impl HubAddress {
    /// Parses `http://127.0.0.1:5000`. Only loopback is accepted: thousands of sockets to a foreign machine
    /// are an attack, and CPU and memory of a hub can only be read locally.
    pub fn parse(url: &str) -> Result<Self> {
        let rest = url.strip_prefix("http://").context("the hub's address must begin with http://")?;
        let host = rest.trim_end_matches('/');
        if host.contains('/') || host.contains('@') {
            bail!("the hub's address must be a host and a port alone, such as http://127.0.0.1:5000");
        }
        let with_port = if host.contains(':') { host.to_owned() } else { format!("{host}:80") };
        let mut addresses = with_port.to_socket_addrs().with_context(|| format!("no address for {host}"))?;
        let address = addresses
            .clone()
            .find(SocketAddr::is_ipv4)
            .or_else(|| addresses.next())
            .with_context(|| format!("no address for {host}"))?;
        Self::at(address, with_port)
    }

    /// The hub at `address`, if that is loopback.
    pub fn at(address: SocketAddr, host: String) -> Result<Self> {
        if !address.ip().is_loopback() {
            return usage(&format!(
                "{host} is {}, which is not loopback: a load test against another machine is an attack on \
                 it, and the hub's CPU and memory can only be read where it runs",
                address.ip()
            ));
        }
        Ok(Self { address, host })
    }
}

/// The bearer key of a feed. Never printed.
#[derive(Clone)]
pub struct FeedKey(String);

impl FeedKey {
    /// Reads the key from a file; surrounding white space is ignored.
    pub fn from_file(path: &Path) -> Result<Self> {
        let text =
            std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        Self::new(text.trim()).with_context(|| format!("{} holds no usable key", path.display()))
    }

    /// Checks that the key can be sent in a header.
    pub fn new(key: &str) -> Result<Self> {
        if key.is_empty() || !key.bytes().all(|b| b.is_ascii_graphic()) {
            bail!("a feed's key is one word of printable ASCII");
        }
        Ok(Self(key.to_owned()))
    }

    /// The header's value, for requests only.
    pub(crate) fn bearer(&self) -> String {
        format!("Bearer {}", self.0)
    }
}

impl std::fmt::Debug for FeedKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FeedKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_is_accepted_with_a_reason() {
        assert_eq!(HubAddress::parse("http://127.0.0.1:5000/").unwrap().address.port(), 5000);
        assert!(HubAddress::parse("http://127.8.8.8:1").is_ok());
        assert!(HubAddress::parse("http://[::1]:5000").unwrap().address.is_ipv6());
        let refused = HubAddress::parse("http://192.0.2.1:5000").unwrap_err().to_string();
        assert!(refused.contains("not loopback"), "{refused}");
        assert!(HubAddress::parse("127.0.0.1:5000").is_err());
        assert!(HubAddress::parse("http://127.0.0.1:5000/api").is_err());
    }

    #[test]
    fn a_key_is_never_shown() {
        let key = FeedKey::new("s3cret").unwrap();
        assert!(!format!("{key:?}").contains("s3cret"));
        assert!(FeedKey::new("two words").is_err());
    }
}
