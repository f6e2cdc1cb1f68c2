//! Configuration of the Kafka clients, with every limit named.

use chrono::{DateTime, Utc};
use domain::secret::Secret;
use rdkafka::ClientConfig;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;

/// How a node connects to Kafka.
#[derive(Clone, Debug)]
pub struct KafkaConfig {
    /// Bootstrap servers: `host:port`, separated by commas.
    pub brokers: String,
    /// Prefix of the names of topics and groups.
    pub prefix: String,
    /// Partitions of each topic. It limits how many nodes can own flights and cannot change later,
    /// because the partition of a leg depends on it.
    pub partitions: u16,
    /// Replicas of each topic that the hub creates.
    pub replication: u16,
    /// The name of this node, for the logs of the brokers.
    pub node: Arc<str>,
    /// How the connection is secured.
    pub security: Security,
    /// Time limit of a request to the brokers.
    pub request_timeout: Duration,
    /// Time after which a record that no broker confirmed counts as not written.
    pub delivery_timeout: Duration,
    /// Time after which a node without heartbeats loses its partitions. Brokers accept 6 s to 30 min by
    /// default.
    pub session_timeout: Duration,
    /// How long every change stays in the log beside the newest state of its leg.
    pub changes_kept: Duration,
    /// How long reports, messages and faults stay in Kafka.
    pub journal_kept: Duration,
    /// Maximum of accepted reports that are not merged yet; more are refused.
    pub unmerged_max: usize,
    /// Where short tasks run: the runtime of the drivers.
    pub runtime: Handle,
    /// Real time, for lags and outages.
    pub real_now: fn() -> DateTime<Utc>,
    /// Receives the name of a thread that panicked or met an error after which the node cannot continue.
    pub on_fatal_error: FatalErrorHandler,
}

/// A callback for fatal errors, with the name of the thread.
#[derive(Clone)]
pub struct FatalErrorHandler(pub Arc<dyn Fn(&'static str) + Send + Sync>);

impl std::fmt::Debug for FatalErrorHandler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FatalErrorHandler")
    }
}

/// How the connection is secured.
#[derive(Clone, Debug)]
pub enum Security {
    /// No encryption and no authentication.
    Plaintext,
    /// TLS, optionally with SASL.
    Ssl {
        /// Trusted certificate authorities in PEM. `None` uses those of the system.
        authorities: Option<PathBuf>,
        /// Certificate and key of this node in PEM, if the brokers require one.
        identity: Option<(PathBuf, PathBuf)>,
        /// User name and password, if the brokers require them.
        sasl: Option<Sasl>,
    },
    /// SASL without encryption.
    SaslPlaintext(Sasl),
}

/// User name and password.
#[derive(Clone, Debug)]
pub struct Sasl {
    /// The SASL mechanism.
    pub mechanism: Mechanism,
    /// The user name.
    pub username: String,
    /// The password.
    pub password: Secret,
}

/// A SASL mechanism.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mechanism {
    /// The password in clear text.
    Plain,
    /// Challenge and response, RFC 7677.
    ScramSha256,
    /// Challenge and response with SHA-512.
    ScramSha512,
}

impl Mechanism {
    /// Every mechanism with its name.
    pub const NAMES: [(Self, &'static str); 3] =
        [(Self::Plain, "PLAIN"), (Self::ScramSha256, "SCRAM-SHA-256"), (Self::ScramSha512, "SCRAM-SHA-512")];

    fn as_str(self) -> &'static str {
        Self::NAMES[self as usize].1
    }
}

/// Bytes of fetched records that wait in this process.
const FETCHED_BYTES_MAX: usize = 32 << 20;

/// Longest record in bytes: a raw message has at most 5 MB, plus its envelope.
pub const RECORD_BYTES_MAX: usize = 8 << 20;

/// Bytes of records that wait in one producer. Above it, a send fails with "queue full".
const UNWRITTEN_BYTES_MAX: usize = 64 << 20;

/// Records that wait in one producer.
pub(super) const UNWRITTEN_MAX: usize = 100_000;

/// Longest pause between two attempts to connect to a broker.
const RECONNECT_MAX: Duration = Duration::from_secs(2);

/// How often the driver reports its statistics.
pub(super) const STATISTICS_EVERY: Duration = Duration::from_secs(2);

impl KafkaConfig {
    /// Settings that all clients share.
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
            .set("statistics.interval.ms", millis(STATISTICS_EVERY))
            .set("message.max.bytes", RECORD_BYTES_MAX.to_string());
        self.security.put_into(&mut config);
        config
    }

    /// The name of a client in the lists of the brokers.
    pub(super) fn client_id(&self, purpose: &str) -> String {
        format!("gatecall-{}-{purpose}", self.node)
    }

    /// Settings of a producer that writes each record once and in order, also after retries.
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

    /// Settings of a member of `group`. It commits only offsets that were stored explicitly.
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

    /// The full name of a topic or a group.
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
