//! What a node must know of its Kafka, with every limit named.

use crate::Secret;
use chrono::{DateTime, Utc};
use rdkafka::ClientConfig;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// How a node speaks to its Kafka.
#[derive(Clone, Debug)]
pub struct KafkaConfig {
    /// Where to begin: `host:port`, several with commas between.
    pub brokers: String,
    /// How the names of topics and groups begin.
    pub prefix: String,
    /// Partitions of each topic. How many nodes can own flights, and it cannot be changed later: a
    /// leg's partition follows from it.
    pub partitions: u16,
    /// Copies of each topic that is created here.
    pub replication: u16,
    /// This node's name, for the brokers' logs.
    pub node: Arc<str>,
    /// How the connection is secured.
    pub security: Security,
    /// Until a question to the brokers counts as unanswered.
    pub request_timeout: Duration,
    /// Until a record that no broker has confirmed counts as not written.
    pub delivery_timeout: Duration,
    /// Until a node that is not heard of loses what it owns. Brokers take 6 s to 30 min, unless told
    /// otherwise.
    pub session_timeout: Duration,
    /// For how long every change is kept beside the newest state of its leg.
    pub changes_kept: Duration,
    /// For how long reports, messages and faults are kept.
    pub journal_kept: Duration,
    /// Reports that were answered and are not merged yet, at most; more are refused.
    pub unmerged_max: usize,
    /// Real time, for lags and outages.
    pub real_now: fn() -> DateTime<Utc>,
    /// Told when a thread of the adapter has died of a panic: nobody can do without it.
    pub died: Died,
}

/// Who is told of a thread's death, by its name.
#[derive(Clone)]
pub struct Died(pub Arc<dyn Fn(&'static str) + Send + Sync>);

impl std::fmt::Debug for Died {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Died")
    }
}

/// How the connection is secured.
#[derive(Clone, Debug)]
pub enum Security {
    /// Not at all.
    Plaintext,
    /// TLS, perhaps with a name and a password inside.
    Ssl {
        /// Authorities that are trusted, in PEM; the system's where none are given.
        authorities: Option<PathBuf>,
        /// This node's certificate and key, in PEM, where the brokers ask for one.
        identity: Option<(PathBuf, PathBuf)>,
        /// A name and a password, where the brokers ask for them.
        sasl: Option<Sasl>,
    },
    /// A name and a password, and nothing hides what is said.
    SaslPlaintext(Sasl),
}

/// A name and a password.
#[derive(Clone, Debug)]
pub struct Sasl {
    /// How they are shown.
    pub mechanism: Mechanism,
    /// The name.
    pub username: String,
    /// The password.
    pub password: Secret,
}

/// How a name and a password are shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mechanism {
    /// As they are.
    Plain,
    /// By a challenge, RFC 7677.
    ScramSha256,
    /// By a challenge, with SHA-512.
    ScramSha512,
}

impl Mechanism {
    /// Every mechanism with its word.
    pub const WORDS: [(Self, &'static str); 3] =
        [(Self::Plain, "PLAIN"), (Self::ScramSha256, "SCRAM-SHA-256"), (Self::ScramSha512, "SCRAM-SHA-512")];

    fn as_str(self) -> &'static str {
        Self::WORDS[self as usize].1
    }
}

/// Bytes of records that wait in this process to be taken from the consumers.
const FETCHED_BYTES_MAX: usize = 32 << 20;

/// Longest record, in bytes. A raw message has 5 MB at most, and some for what is around it.
pub const RECORD_BYTES_MAX: usize = 8 << 20;

/// Bytes of records that wait in one producer to be written; more are answered 'full'.
const UNWRITTEN_BYTES_MAX: usize = 64 << 20;

/// Records that wait in one producer to be written.
pub(super) const UNWRITTEN_MAX: usize = 100_000;

/// Between two tries to reach a broker, at most.
const RECONNECT_MAX: Duration = Duration::from_secs(2);

/// Between two reports of the driver on itself.
pub(super) const FIGURES_EVERY: Duration = Duration::from_secs(2);

impl KafkaConfig {
    /// What every client has in common.
    pub(super) fn client(&self, purpose: &str) -> ClientConfig {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", &self.brokers)
            .set("client.id", self.client_id(purpose))
            .set("socket.keepalive.enable", "true")
            .set("socket.timeout.ms", millis(self.request_timeout.max(Duration::from_secs(10))))
            .set("socket.connection.setup.timeout.ms", millis(self.request_timeout))
            .set("reconnect.backoff.ms", "100")
            .set("reconnect.backoff.max.ms", millis(RECONNECT_MAX))
            .set("statistics.interval.ms", millis(FIGURES_EVERY))
            .set("message.max.bytes", RECORD_BYTES_MAX.to_string());
        self.security.put_into(&mut config);
        config
    }

    /// What a client is called in the brokers' lists.
    pub(super) fn client_id(&self, purpose: &str) -> String {
        format!("gatecall-{}-{purpose}", self.node)
    }

    /// For writing, each record once and in order, however often a try has to be repeated.
    pub(super) fn producer(&self, purpose: &str, linger: Duration) -> ClientConfig {
        let mut config = self.client(purpose);
        config
            .set("enable.idempotence", "true")
            .set("acks", "all")
            .set("compression.type", "lz4")
            .set("linger.ms", millis(linger))
            .set("message.timeout.ms", millis(self.delivery_timeout))
            .set("request.timeout.ms", millis(self.request_timeout))
            .set("queue.buffering.max.messages", UNWRITTEN_MAX.to_string())
            .set("queue.buffering.max.kbytes", (UNWRITTEN_BYTES_MAX / 1024).to_string());
        config
    }

    /// For reading as a member of `group`; offsets are committed when they are stored, never before.
    pub(super) fn consumer(&self, purpose: &str, group: &str) -> ClientConfig {
        let mut config = self.client(purpose);
        config
            .set("group.id", group)
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            .set("auto.offset.reset", "earliest")
            .set("allow.auto.create.topics", "false")
            .set("fetch.wait.max.ms", "500")
            .set("fetch.message.max.bytes", (1 << 20).to_string())
            .set("queued.max.messages.kbytes", (FETCHED_BYTES_MAX / 1024).to_string())
            .set("session.timeout.ms", millis(self.session_timeout))
            .set("heartbeat.interval.ms", millis(self.session_timeout / 4))
            .set("partition.assignment.strategy", "cooperative-sticky");
        config
    }

    /// The name of a topic or a group.
    pub(super) fn named(&self, name: &str) -> String {
        format!("{}.{name}", self.prefix)
    }
}

impl Security {
    fn put_into(&self, config: &mut ClientConfig) {
        let (protocol, sasl) = match self {
            Self::Plaintext => ("plaintext", None),
            Self::SaslPlaintext(sasl) => ("sasl_plaintext", Some(sasl)),
            Self::Ssl { authorities, identity, sasl } => {
                if let Some(path) = authorities {
                    config.set("ssl.ca.location", path.display().to_string());
                }
                if let Some((certificate, key)) = identity {
                    config.set("ssl.certificate.location", certificate.display().to_string());
                    config.set("ssl.key.location", key.display().to_string());
                }
                (if sasl.is_some() { "sasl_ssl" } else { "ssl" }, sasl.as_ref())
            }
        };
        config.set("security.protocol", protocol);
        if let Some(Sasl { mechanism, username, password }) = sasl {
            config.set("sasl.mechanism", mechanism.as_str());
            config.set("sasl.username", username);
            config.set("sasl.password", password.reveal());
        }
    }
}

pub(super) fn millis(span: Duration) -> String {
    span.as_millis().to_string()
}
