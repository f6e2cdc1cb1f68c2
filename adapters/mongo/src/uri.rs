//! A connection string, and what may be shown of it.

use super::config::MongoConfigError;
use mongodb::options::{Acknowledgment, ConnectionString, HostInfo};
use std::fmt;
use std::sync::Arc;

/// A connection string such as `mongodb://user:password@a.example,b.example/?replicaSet=rs0`. Only its
/// hosts are shown, never user, password and options.
#[derive(Clone)]
pub struct MongoUri {
    connection: Arc<ConnectionString>,
    shown: Arc<str>,
}

impl MongoUri {
    /// Parses a connection string. Looks up nothing.
    pub fn parse(text: &str) -> Result<Self, MongoConfigError> {
        let connection = ConnectionString::parse(text.trim())
            .map_err(|e| MongoConfigError { key: "uri", reason: complaint(text, &e.kind.to_string()) })?;
        let shown = match &connection.host_info {
            HostInfo::HostIdentifiers(hosts) => {
                let hosts: Vec<_> = hosts.iter().map(ToString::to_string).collect();
                format!("mongodb://{}", hosts.join(","))
            }
            HostInfo::DnsRecord(name) => format!("mongodb+srv://{name}"),
            // The type of the driver may get more variants.
            _ => "mongodb://".to_owned(),
        };
        Ok(Self { connection: Arc::new(connection), shown: shown.into() })
    }

    pub(super) fn connection(&self) -> &ConnectionString {
        &self.connection
    }

    /// Refuses options under which a write would succeed before it is durable.
    pub(super) fn check_write_concern(&self) -> Result<(), MongoConfigError> {
        let wrong = |reason: &str| Err(MongoConfigError { key: "uri", reason: reason.into() });
        let Some(given) = &self.connection.write_concern else { return Ok(()) };
        if given.w == Some(Acknowledgment::Nodes(0)) {
            return wrong("has w=0, which does not report whether something was written; leave it out");
        }
        if given.journal == Some(false) {
            return wrong("has journal=false, which could lose confirmed writes; leave it out");
        }
        Ok(())
    }
}

/// The complaint of the driver, unless it may repeat a secret.
fn complaint(text: &str, said: &str) -> String {
    let text = text.trim();
    let Some((_, rest)) = text.split_once("://") else {
        return "must begin with mongodb:// or mongodb+srv://".into();
    };
    // Everything before the last @ may be user and password, wherever parsing failed, and the value of
    // any option may be a secret.
    let (before, after) = rest.rsplit_once('@').unwrap_or((rest.split('?').next().unwrap_or_default(), rest));
    let options = after.split_once('?').map_or("", |(_, options)| options);
    let values = options.split('&').filter_map(|option| option.split_once('=')).map(|(_, value)| value);
    let mut secrets =
        before.split([':', '/', '?', '@', '&', '=', ',']).chain(values).filter(|s| !s.is_empty());
    if secrets.any(|secret| said.contains(secret)) {
        "cannot be read; in user name and password the characters : / ? # [ ] @ % must be written as \
         %3A %2F %3F %23 %5B %5D %40 %25, and every option must have a value of its kind"
            .into()
    } else {
        format!("cannot be read: {said}")
    }
}

impl fmt::Display for MongoUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for MongoUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_hosts_are_shown() {
        let text = "mongodb://desk:s3cr%40t@a.example,b.example:27018/admin?replicaSet=rs0&appName=hidden";
        let uri = MongoUri::parse(text).unwrap();
        assert_eq!(uri.to_string(), "mongodb://a.example:27017,b.example:27018");
        assert_eq!(format!("{uri:?}"), uri.to_string());
        assert_eq!(
            MongoUri::parse("mongodb+srv://u:p@c.example/").unwrap().to_string(),
            "mongodb+srv://c.example"
        );
    }

    #[test]
    fn a_complaint_contains_no_secret() {
        for text in [
            "mongodb://desk:s3cret?x@h/db",
            "mongodb://desk:s3cret/x@h/db",
            "mongodb://desk:s3cret@x@h/db",
            "mongodb://desk:s3cret#%zz@h/db",
            "mongodb://desk:s3cret",
            "mongodb://h/?w=s3cret:&authMechanism=s3cret",
            "mongodb://h/?authMechanism=MONGODB-AWS&authMechanismProperties=s3cret",
            "mongodb://h/?tls=s3cret",
            "s3cret",
            "https://desk:s3cret@h",
        ] {
            let Err(error) = MongoUri::parse(text) else { panic!("{text} is read") };
            let error = error.to_string();
            assert!(error.starts_with("MongoDB's uri "), "{error}");
            assert!(!error.contains("s3cret") && !error.contains("desk"), "{text}: {error}");
        }
        let plain = MongoUri::parse("mongodb://h/?maxPoolSize").unwrap_err().to_string();
        assert!(plain.contains("maxPoolSize") || plain.contains("maxpoolsize"), "{plain}");
    }

    #[test]
    fn options_without_durable_writes_are_refused() {
        for (options, expected) in [("w=0", "has w=0"), ("journal=false", "has journal=false")] {
            let uri = MongoUri::parse(&format!("mongodb://h/?{options}")).unwrap();
            assert!(uri.check_write_concern().unwrap_err().to_string().contains(expected));
        }
        MongoUri::parse("mongodb://h/?w=1&journal=true").unwrap().check_write_concern().unwrap();
    }
}
