//! What others may do to a topic of Kafka: records that no hub writes, and compaction at once.

use rdkafka::admin::{AdminClient, AdminOptions, AlterConfig, ResourceSpecifier};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::Message;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{Offset, TopicPartitionList};
use std::collections::BTreeMap;
use std::time::Duration;

/// How long the broker may take for anything.
const WAIT: Duration = Duration::from_secs(30);

/// How often it is looked whether the broker's cleaner has been there, and the pause between: it may sleep for
/// fifteen seconds.
const LOOKS_MAX: usize = 300;
const LOOK_EVERY: Duration = Duration::from_millis(300);

/// A topic, as a console has it.
#[derive(Clone, Debug)]
pub struct ForeignTopic {
    /// Where the brokers are.
    pub brokers: String,
    /// The topic's whole name.
    pub topic: String,
}

/// The writer of a record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WrittenBy {
    /// A hub: it has headers.
    Hub,
    /// Another program.
    Other,
}

impl ForeignTopic {
    fn config(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", &self.brokers)
            .set("group.id", "test")
            .set("enable.partition.eof", "true")
            .set("enable.auto.commit", "false")
            .set("fetch.wait.max.ms", "50");
        config
    }

    /// Writes records without headers, as a console producer does, and waits until they are written.
    pub fn write(&self, partition: i32, records: &[(&str, Option<&[u8]>)]) {
        let producer: BaseProducer = self.config().create().expect("a producer");
        for (key, payload) in records {
            let record = BaseRecord { payload: *payload, ..BaseRecord::<str, [u8]>::to(&self.topic) };
            producer.send(record.key(*key).partition(partition)).map_err(|(fault, _)| fault).expect("sent");
        }
        producer.flush(WAIT).expect("written");
    }

    /// The writers of the records of each key in a partition, oldest first, without marks.
    pub fn records(&self, partition: i32) -> BTreeMap<String, Vec<WrittenBy>> {
        let consumer: BaseConsumer = self.config().create().expect("a consumer");
        let mut one = TopicPartitionList::new();
        one.add_partition_offset(&self.topic, partition, Offset::Beginning).expect("a partition");
        consumer.assign(&one).expect("assigned");
        let mut found = BTreeMap::<String, Vec<WrittenBy>>::new();
        loop {
            let record = match consumer.poll(WAIT) {
                Some(Ok(record)) => record,
                Some(Err(KafkaError::PartitionEOF(_))) => return found,
                other => panic!("partition {partition} cannot be read to its end: {other:?}"),
            };
            let key = String::from_utf8_lossy(record.key().unwrap_or_default()).into_owned();
            if !key.starts_with('#') {
                let by = if record.headers().is_some() { WrittenBy::Hub } else { WrittenBy::Other };
                found.entry(key).or_default().push(by);
            }
        }
    }

    /// Has the broker compact a partition now, and waits until each key has one record at most.
    pub fn compact(&self, partition: i32) {
        self.compact_at_once();
        for _ in 0..LOOKS_MAX {
            // The newest segment is never compacted: something has to come behind it.
            self.write(partition, &[("#filler", Some(b"{}"))]);
            if self.records(partition).values().all(|records| records.len() <= 1) {
                return;
            }
            std::thread::sleep(LOOK_EVERY);
        }
        panic!("partition {partition} was not compacted");
    }

    fn compact_at_once(&self) {
        let settings = [
            ("cleanup.policy", "compact"),
            ("segment.ms", "100"),
            ("min.compaction.lag.ms", "0"),
            ("max.compaction.lag.ms", "1"),
            ("min.cleanable.dirty.ratio", "0.0"),
        ];
        let this = self.clone();
        // A separate thread, because the caller may have a runtime or none.
        let altering = std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            let admin: AdminClient<DefaultClientContext> = this.config().create().expect("a client");
            let alter = AlterConfig::new(ResourceSpecifier::Topic(&this.topic));
            let alter = settings.into_iter().fold(alter, |alter, (key, value)| alter.set(key, value));
            let altered = runtime.block_on(admin.alter_configs(&[alter], &AdminOptions::new()));
            altered.expect("an answer").remove(0).expect("settings are changed");
        });
        altering.join().expect("settings are changed");
    }
}
