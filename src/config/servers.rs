//! `[node]`, `[kafka]`, `[postgres]`, `[mongo]`, for a hub of several nodes. They are read with every
//! `store.kind`, so that a wrong key is reported, but required only with "servers".

use super::reader::{ConfigError, Reader, Section};
use super::secrets::{self, Given, Secrets};
use ::kafka::{Mechanism, Sasl, Security};
use ::mongo::MongoUri;
use ::postgres::PostgresUrl;
use domain::secret::Secret;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// The servers, and the name of this node.
#[derive(Clone, Debug)]
pub struct Servers {
    /// This node's name, in the servers' logs and lists.
    pub node: Arc<str>,
    /// Kafka.
    pub kafka: Kafka,
    /// PostgreSQL.
    pub postgres: Postgres,
    /// MongoDB.
    pub mongo: Mongo,
}

/// `[kafka]`.
#[derive(Clone, Debug)]
pub struct Kafka {
    /// Bootstrap servers as `host:port`, separated by commas.
    pub brokers: String,
    /// Prefix of topics and groups.
    pub prefix: String,
    /// Partitions of each topic.
    pub partitions: u16,
    /// Replication factor of each topic.
    pub replication: u16,
    /// Transport security and authentication.
    pub security: Security,
    /// Time limit of a request.
    pub request_timeout: Duration,
    /// Time limit for the acknowledgement of a record.
    pub delivery_timeout: Duration,
    /// Time without a heartbeat until a node loses its flights.
    pub session_timeout: Duration,
    /// Retention of changes beside the newest states.
    pub changes_kept: Duration,
    /// Retention of reports, messages and faults.
    pub journal_kept: Duration,
    /// Most reports that are answered and not merged yet.
    pub reports_unmerged_max: usize,
}

/// `[postgres]`.
#[derive(Clone, Debug)]
pub struct Postgres {
    /// URL of the database.
    pub url: Option<PostgresUrl>,
    /// Most connections.
    pub connections_max: u32,
}

/// `[mongo]`.
#[derive(Clone, Debug)]
pub struct Mongo {
    /// Connection string of the servers.
    pub uri: Option<MongoUri>,
    /// Name of the database.
    pub database: String,
    /// Most connections to each server.
    pub connections_max: u32,
}

const HOUR: Duration = Duration::from_secs(60 * 60);

/// Longest name of a node or a prefix: the servers' own names contain them.
const NAME_LENGTH_MAX: usize = 48;

pub(super) fn read(reader: &Reader, secrets: &dyn Secrets) -> Result<Servers, ConfigError> {
    let node = reader.section("node");
    let name = named(&node, "name", node.text("name")?.unwrap_or_else(host))?;
    Ok(Servers {
        node: name.into(),
        kafka: kafka(&reader.section("kafka"), secrets)?,
        postgres: postgres(&reader.section("postgres"), secrets)?,
        mongo: mongo(&reader.section("mongo"), secrets)?,
    })
}

/// The host name; a container or a pod has its own.
fn host() -> String {
    let uname = rustix::system::uname();
    let name = uname.nodename().to_string_lossy();
    name.chars().map(|c| if is_of_name(c) { c } else { '-' }).take(NAME_LENGTH_MAX).collect()
}

fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '-' || c == '_' || c == '.'
}

fn named(section: &Section<'_>, key: &str, name: String) -> Result<String, ConfigError> {
    if name.is_empty() || name.len() > NAME_LENGTH_MAX || !name.chars().all(is_of_name) {
        let why = format!("must be 1 to {NAME_LENGTH_MAX} letters, digits, '-', '_' and '.', is {name:?}");
        return Err(section.wrong(key, why));
    }
    Ok(name)
}

fn kafka(s: &Section<'_>, secrets: &dyn Secrets) -> Result<Kafka, ConfigError> {
    let brokers = s.text("brokers")?.unwrap_or_else(|| "127.0.0.1:9092".into());
    for broker in brokers.split(',').map(str::trim) {
        let port = broker.rsplit_once(':').filter(|(host, _)| !host.is_empty()).map(|(_, port)| port);
        if port.and_then(|port| port.parse::<u16>().ok()).is_none() {
            return Err(s.wrong("brokers", format!("must be host:port, with commas between, has {broker:?}")));
        }
    }
    let prefix = named(s, "prefix", s.text("prefix")?.unwrap_or_else(|| "gatecall".into()))?;
    Ok(Kafka {
        brokers,
        prefix,
        partitions: s.whole("partitions", 12, 1..=1_024)? as u16,
        replication: s.whole("replication", 1, 1..=15)? as u16,
        security: security(s, secrets)?,
        request_timeout: s.seconds("request_timeout_s", 5, 1..=60)?,
        delivery_timeout: s.seconds("delivery_timeout_s", 10, 1..=300)?,
        session_timeout: s.seconds("session_timeout_s", 6, 6..=300)?,
        changes_kept: HOUR * s.whole("changes_kept_h", 6, 1..=720)? as u32,
        journal_kept: HOUR * s.whole("journal_kept_h", 168, 1..=8_760)? as u32,
        reports_unmerged_max: s.count("reports_unmerged_max", 100_000, 100..=10_000_000)?,
    })
}

fn security(s: &Section<'_>, secrets: &dyn Secrets) -> Result<Security, ConfigError> {
    #[derive(Clone, Copy, PartialEq, Eq)]
    enum Word {
        Plaintext,
        Ssl,
        SaslPlaintext,
        SaslSsl,
    }
    let words = [
        (Word::Plaintext, "plaintext"),
        (Word::Ssl, "ssl"),
        (Word::SaslPlaintext, "sasl_plaintext"),
        (Word::SaslSsl, "sasl_ssl"),
    ];
    let word = s.word("security", "plaintext", &words)?;
    let mechanism = s.word("sasl_mechanism", "SCRAM-SHA-512", &Mechanism::NAMES)?;
    let (username, password) = (
        s.text("sasl_username")?,
        secrets::one(s, "sasl_password", secrets)?.map(|given| Secret::new(given.text)),
    );
    let authorities = s.text("ca_file")?.map(PathBuf::from);
    let certificate = s.text("certificate_file")?.map(PathBuf::from);
    let key = s.text("key_file")?.map(PathBuf::from);
    let needs_tls = matches!(word, Word::Ssl | Word::SaslSsl)
        || (word == Word::SaslPlaintext && mechanism != Mechanism::Plain);
    if needs_tls && !cfg!(feature = "kafka-tls") {
        let why = "needs a build with TLS: cargo build --release --features kafka-tls (libssl-dev)";
        return Err(s.wrong("security", why));
    }
    let sasl = || -> Result<Sasl, ConfigError> {
        let missing = |key: &str| s.wrong(key, "is missing; security says that the brokers ask for it");
        Ok(Sasl {
            mechanism,
            username: username.clone().ok_or_else(|| missing("sasl_username"))?,
            password: password.clone().ok_or_else(|| missing("sasl_password_file"))?,
        })
    };
    let identity = match (certificate, key) {
        (Some(certificate), Some(key)) => Some((certificate, key)),
        (None, None) => None,
        _ => return Err(s.wrong("certificate_file", "goes with key_file, and one is missing")),
    };
    Ok(match word {
        Word::Plaintext => Security::Plaintext,
        Word::SaslPlaintext => Security::SaslPlaintext(sasl()?),
        Word::Ssl => Security::Ssl { authorities, identity, sasl: None },
        Word::SaslSsl => Security::Ssl { authorities, identity, sasl: Some(sasl()?) },
    })
}

fn postgres(s: &Section<'_>, secrets: &dyn Secrets) -> Result<Postgres, ConfigError> {
    Ok(Postgres {
        url: match secrets::one(s, "url", secrets)? {
            Some(Given { key, text }) => {
                Some(PostgresUrl::parse(&text).map_err(|fault| s.wrong(&key, fault))?)
            }
            None => None,
        },
        connections_max: s.whole("connections_max", 8, 2..=200)? as u32,
    })
}

fn mongo(s: &Section<'_>, secrets: &dyn Secrets) -> Result<Mongo, ConfigError> {
    Ok(Mongo {
        uri: match secrets::one(s, "uri", secrets)? {
            Some(Given { key, text }) => Some(MongoUri::parse(&text).map_err(|fault| s.wrong(&key, fault))?),
            None => None,
        },
        database: s.text("database")?.unwrap_or_else(|| "gatecall".into()),
        connections_max: s.whole("connections_max", 16, 2..=256)? as u32,
    })
}

/// Checks the keys without default that "servers" requires.
pub(super) fn check(reader: &Reader, servers: &Servers) -> Result<(), ConfigError> {
    if servers.postgres.url.is_none() {
        let why = "is missing; store.kind = \"servers\" needs url_file or url_env";
        return Err(reader.section("postgres").wrong("url_file", why));
    }
    if servers.mongo.uri.is_none() {
        let why = "is missing; store.kind = \"servers\" needs uri_file or uri_env";
        return Err(reader.section("mongo").wrong("uri_file", why));
    }
    Ok(())
}
