//! How librdkafka is set up.

use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::config::RDKafkaLogLevel;

use super::Wanted;
use crate::relay::sink::address::{Address, AddressError};

/// Larger events are refused without asking. Servers take a sixteenth of it unless told otherwise, and say so
/// themselves.
pub(super) const BYTES_MAX: usize = 16 * 1024 * 1024;

/// What waits in the producer's memory, in KiB.
const QUEUE_KBYTES_MAX: usize = 32 * 1024;

/// The longest pause before a server that is away is tried again.
const RECONNECT_MAX: Duration = Duration::from_secs(1);

/// The longest name of a topic.
const TOPIC_LENGTH_MAX: usize = 249;

/// The names of mechanisms, ours and librdkafka's. SCRAM is computed by OpenSSL.
const MECHANISMS: &[(&str, &str)] = if cfg!(feature = "kafka-tls") {
    &[("plain", "PLAIN"), ("scram-sha-256", "SCRAM-SHA-256"), ("scram-sha-512", "SCRAM-SHA-512")]
} else {
    &[("plain", "PLAIN")]
};

/// The mechanism of this name; without a name, the plain one.
pub(super) fn mechanism(name: Option<&str>) -> Result<&'static str, AddressError> {
    let found = MECHANISMS.iter().find(|(known, _)| *known == name.unwrap_or("plain"));
    found.map(|(_, mechanism)| *mechanism).ok_or(AddressError::Value {
        name: "sasl",
        wanted: "`plain`, or with the projector's feature `kafka-tls` also `scram-sha-256` and `scram-sha-512`",
    })
}

/// Whether a topic may have this name.
pub(super) fn is_topic(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    (1..=TOPIC_LENGTH_MAX).contains(&name.len()) && ![".", ".."].contains(&name) && name.bytes().all(fits)
}

/// The settings of the producer. They hold the password.
pub(super) fn settings(address: &Address, wanted: &Wanted) -> ClientConfig {
    let mut settings = ClientConfig::new();
    let mut set = |name: &str, value: String| {
        settings.set(name, value);
    };
    let millis = |wait: Duration, most: u128| wait.as_millis().clamp(10, most).to_string();
    set("bootstrap.servers", wanted.servers.join(","));
    set("client.id", "session-ledger-relay".to_owned());
    // All replicas in sync have an event before it counts, and what is sent again is not doubled.
    set("acks", "all".to_owned());
    set("enable.idempotence", "true".to_owned());
    // As Java's producers choose partitions, so that others' records of a session join ours.
    set("partitioner", "murmur2_random".to_owned());
    // A topic that a server made by the way would have as many copies as it makes by default: often one.
    set("allow.auto.create.topics", "false".to_owned());
    // A wave is handed over at once, so nothing is gained by waiting for more.
    set("linger.ms", "0".to_owned());
    set("message.max.bytes", BYTES_MAX.to_string());
    set("queue.buffering.max.kbytes", QUEUE_KBYTES_MAX.to_string());
    set("message.timeout.ms", millis(address.timeout, 3_600_000));
    set("request.timeout.ms", millis(address.timeout, 900_000));
    set("socket.timeout.ms", millis(address.timeout, 300_000));
    set("topic.metadata.propagation.max.ms", millis(address.timeout, 3_600_000));
    set("reconnect.backoff.max.ms", millis(RECONNECT_MAX, 3_600_000));
    let protocol = match (address.encrypted, address.user.is_some()) {
        (false, false) => "plaintext",
        (false, true) => "sasl_plaintext",
        (true, false) => "ssl",
        (true, true) => "sasl_ssl",
    };
    set("security.protocol", protocol.to_owned());
    if let Some(user) = &address.user {
        set("sasl.mechanism", wanted.mechanism.to_owned());
        set("sasl.username", user.clone());
        set("sasl.password", address.password().unwrap_or_default().to_owned());
    }
    // What fails is told by us, in words for the operator.
    settings.set_log_level(RDKafkaLogLevel::Warning);
    settings
}

#[test]
fn names_of_topics_and_mechanisms_are_looked_at() {
    let long = "t".repeat(TOPIC_LENGTH_MAX);
    for name in ["sessions", "shop.sessions_2-b", &long] {
        assert!(is_topic(name), "{name}");
    }
    for name in ["", ".", "..", "a/b", "a b", "ä", &format!("{long}t")] {
        assert!(!is_topic(name), "{name}");
    }
    assert_eq!(mechanism(None), Ok("PLAIN"));
    assert_eq!(mechanism(Some("plain")), Ok("PLAIN"));
    assert_eq!(mechanism(Some("scram-sha-512")).is_ok(), cfg!(feature = "kafka-tls"));
    assert_eq!(
        mechanism(Some("gssapi")).map_err(|error| error.to_string()),
        Err("the target's `sasl` does not fit: `plain`, or with the projector's feature `kafka-tls` also \
             `scram-sha-256` and `scram-sha-512`"
            .to_owned())
    );
}
