//! A mock cluster of Kafka, and what a consumer reads from it.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{Headers, Message};
use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use crate::BOUND;

pub(crate) type Cluster = MockCluster<'static, DefaultProducerContext>;

pub(crate) const PARTITIONS: i32 = 5;

/// A cluster of one server with the topic `sessions`.
pub(crate) fn cluster() -> Cluster {
    let cluster = MockCluster::new(1).unwrap();
    cluster.create_topic("sessions", PARTITIONS, 1).unwrap();
    cluster
}

/// What stands in the topic.
pub(crate) struct Record {
    pub(crate) partition: i32,
    pub(crate) key: Vec<u8>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) data: Vec<u8>,
}

impl Record {
    pub(crate) fn header(&self, name: &str) -> &str {
        &self.headers.iter().find(|(key, _)| key == name).unwrap().1
    }
}

pub(crate) fn consumer(cluster: &Cluster) -> BaseConsumer {
    let mut settings = ClientConfig::new();
    settings.set("bootstrap.servers", cluster.bootstrap_servers()).set("group.id", "reader");
    settings.set("enable.partition.eof", "true").create().unwrap()
}

/// How many records there are.
pub(crate) fn count(consumer: &BaseConsumer) -> i64 {
    let end = |partition| consumer.fetch_watermarks("sessions", partition, BOUND).unwrap().1;
    (0..PARTITIONS).map(end).sum()
}

/// All records, partition by partition as a consumer gets them.
pub(crate) fn records(cluster: &Cluster) -> Vec<Record> {
    let consumer = consumer(cluster);
    let mut all = TopicPartitionList::new();
    for partition in 0..PARTITIONS {
        all.add_partition_offset("sessions", partition, Offset::Beginning).unwrap();
    }
    consumer.assign(&all).unwrap();
    let (mut records, mut ends, deadline) = (Vec::new(), BTreeSet::new(), Instant::now() + BOUND);
    while ends.len() < usize::try_from(PARTITIONS).unwrap() {
        assert!(Instant::now() < deadline, "{} records, and no end", records.len());
        match consumer.poll(Duration::from_secs(1)) {
            Some(Ok(message)) => {
                let headers = message.headers().unwrap().iter();
                let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
                records.push(Record {
                    partition: message.partition(),
                    key: message.key().unwrap().to_vec(),
                    headers: headers.map(|h| (h.key.to_owned(), text(h.value.unwrap()))).collect(),
                    data: message.payload().unwrap().to_vec(),
                });
            }
            Some(Err(KafkaError::PartitionEOF(partition))) => drop(ends.insert(partition)),
            Some(Err(error)) => panic!("{error}"),
            None => {}
        }
    }
    records
}

/// The events' ids in the topic.
pub(crate) fn found(cluster: &Cluster) -> Vec<String> {
    records(cluster).iter().map(|record| record.header("ce_id").to_owned()).collect()
}

/// Kafka's hash of a key, with the constants of its Java clients.
pub(crate) fn murmur2(key: &[u8]) -> i32 {
    const M: u32 = 0x5bd1_e995;
    let mut hash = 0x9747_b28c ^ u32::try_from(key.len()).unwrap();
    let mut words = key.chunks_exact(4);
    for word in &mut words {
        let mut word = u32::from_le_bytes(word.try_into().unwrap()).wrapping_mul(M);
        word ^= word >> 24;
        hash = hash.wrapping_mul(M) ^ word.wrapping_mul(M);
    }
    let rest = words.remainder();
    if !rest.is_empty() {
        let mut word = [0; 4];
        word[..rest.len()].copy_from_slice(rest);
        hash = (hash ^ u32::from_le_bytes(word)).wrapping_mul(M);
    }
    hash = (hash ^ (hash >> 13)).wrapping_mul(M);
    (hash ^ (hash >> 15)).cast_signed()
}
