//! Kafka, played by the mock cluster of its C client: it speaks the protocol over sockets, and fails as it is
//! told to.

use std::collections::BTreeSet;
use std::task::{Context, Waker};

use projector::relay::sink::kafka::Kafka;
use projector::relay::sink::{Delivery, Sink};
use rdkafka::mocking::MockCluster;
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};
use session_ledger::inbox::CloudEvent;
use test_support::CapturedLog;
use tracing::Level;

use crate::kafka_front::Front;
use crate::kafka_topic::{Cluster, PARTITIONS, cluster, found, murmur2, records};
use crate::server::free_port;
use crate::{
    assert_delivered, assert_whole_and_in_order, deliver_in_the_end, delivered, events, failure, long_event,
    refusal, wave,
};

fn sink(cluster: &Cluster, parameters: &str) -> Kafka {
    Kafka::at(&format!("kafka://{}/sessions{parameters}", cluster.bootstrap_servers()), None).unwrap()
}

fn name(cluster: &Cluster) -> String {
    format!("Kafka at {}", cluster.bootstrap_servers())
}

/// The values are those that the tests of Kafka's own Java clients expect.
#[test]
fn the_hash_is_that_of_kafkas_java_clients() {
    for (key, hash) in [
        ("21", -973_932_308),
        ("foobar", -790_332_482),
        ("a-little-bit-long-string", -985_981_536),
        ("a-little-bit-longer-string", -1_486_304_829),
        ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
        ("abc", 479_470_107),
    ] {
        assert_eq!(murmur2(key.as_bytes()), hash, "{key}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn kafka_has_each_event_once_keyed_by_its_session_with_its_attributes_as_headers() {
    let cluster = cluster();
    let events = events(8, 2).await;
    let mut sink = sink(&cluster, "");
    for nth in [1, 2] {
        assert_delivered(&mut sink, &wave(&events, nth)).await;
    }
    let records = records(&cluster);
    assert_eq!(records.len(), events.len());
    assert_whole_and_in_order(&events, &found(&cluster));
    for record in &records {
        let event = events.iter().find(|event| event.id() == record.header("ce_id")).unwrap();
        assert_eq!(record.key, event.subject().as_bytes());
        assert_eq!(record.data, event.data().unwrap());
        assert_eq!(record.headers.len(), event.attributes().len());
        for (name, value) in event.attributes() {
            let name = match name {
                "datacontenttype" => "content-type".to_owned(),
                name => format!("ce_{name}"),
            };
            assert_eq!(record.header(&name), value, "{name}");
        }
        let headers = record.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let read = CloudEvent::from_attributes(headers, &record.data).unwrap();
        assert_eq!(read.place().event.to_string(), event.id());
        assert_eq!(read.place().session.to_string(), event.subject());
        let partition = (murmur2(&record.key) & i32::MAX) % PARTITIONS;
        assert_eq!(record.partition, partition, "as Java's clients choose it");
    }
    let partitions: BTreeSet<_> = records.iter().map(|record| record.partition).collect();
    assert!(partitions.len() > 1, "the sessions are spread");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_headers_of_a_record_stay_as_they_are() {
    let cluster = cluster();
    assert_delivered(&mut sink(&cluster, ""), &[crate::fixed_event()]).await;
    let records = records(&cluster);
    let lines = records[0].headers.iter().map(|(name, value)| format!("{name}: {value}\n"));
    crate::assert_golden("kafka_headers.txt", &lines.collect::<String>());
}

#[tokio::test(flavor = "multi_thread")]
async fn kafka_that_comes_back_gets_everything_in_order() {
    let cluster = cluster();
    let events = events(3, 4).await;
    let mut sink = sink(&cluster, "?timeout-ms=1000");
    assert_delivered(&mut sink, &wave(&events, 1)).await;
    cluster.broker_down(-1).unwrap();
    let deliveries = delivered(&mut sink, &wave(&events, 2)).await;
    let late = format!("{}: it has not acknowledged within 1s (", name(&cluster));
    assert!(failure(&deliveries).starts_with(&late), "{deliveries:?}");
    cluster.broker_up(-1).unwrap();
    for nth in 2..=4 {
        deliver_in_the_end(&mut sink, &wave(&events, nth)).await;
    }
    assert_whole_and_in_order(&events, &found(&cluster));
}

#[tokio::test(flavor = "multi_thread")]
async fn kafka_that_is_away_is_named_with_the_reason() {
    let [port, other] = [free_port(), free_port()];
    let event = events(1, 1).await;
    let mut sink = Kafka::at(&format!("kafka://127.0.0.1:{port}/sessions"), None).unwrap();
    for _ in 0..2 {
        assert_eq!(
            failure(&delivered(&mut sink, &event).await),
            format!("Kafka at 127.0.0.1:{port} cannot be reached: Connection refused")
        );
    }
    let mut sink = Kafka::at(&format!("kafka://127.0.0.1:{port},127.0.0.1:{other}/sessions"), None).unwrap();
    let told = failure(&delivered(&mut sink, &event).await).to_owned();
    let of = |last| {
        format!(
            "Kafka at 127.0.0.1:{port},127.0.0.1:{other} cannot be reached: 127.0.0.1:{last}: Connection refused"
        )
    };
    assert!(told == of(port) || told == of(other), "{told}");
    // One that is there is enough.
    let cluster = cluster();
    let servers = format!("127.0.0.1:{port},{}", cluster.bootstrap_servers());
    deliver_in_the_end(&mut Kafka::at(&format!("kafka://{servers}/sessions"), None).unwrap(), &event).await;
    assert_eq!(found(&cluster), [event[0].id()]);
}

/// The client sends again by itself what has failed for a moment. None of it is doubled or overtaken.
///
/// One event at a time: a real server refuses a record whose predecessor it lacks, so the client takes an
/// acknowledgement for one of all before it. The mock cluster takes each, and would lose those.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_producer_sends_again_stands_in_kafka_once() {
    use RDKafkaRespErr::{
        RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
        RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND, RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
    };
    let errors = [
        RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
        RD_KAFKA_RESP_ERR__TRANSPORT,
        RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
        RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND,
    ];
    let cluster = cluster();
    let events = events(6, 2).await;
    let mut sink = sink(&cluster, "?timeout-ms=60000");
    for (event, error) in events.iter().zip(errors.into_iter().cycle()) {
        cluster.request_errors(RDKafkaApiKey::Produce, &[error]);
        assert_delivered(&mut sink, std::slice::from_ref(event)).await;
    }
    let found = found(&cluster);
    assert_eq!(found.len(), events.len());
    assert_whole_and_in_order(&events, &found);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_kafka_refuses_is_told_for_each_event() {
    use RDKafkaRespErr::{RD_KAFKA_RESP_ERR_NO_ERROR, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED};
    let cluster = cluster();
    let (name, events) = (name(&cluster), wave(&events(30, 1).await, 1));

    let nowhere = format!("kafka://{}/nowhere", cluster.bootstrap_servers());
    assert_eq!(
        failure(&delivered(&mut Kafka::at(&nowhere, None).unwrap(), &events).await),
        format!(
            "{name}: there is no topic `nowhere`: make it, with as many partitions and copies as you want, by \
             `kafka-topics.sh --create`"
        )
    );

    let forbidden = format!(
        "{name}: a client without a user may not write to the topic `sessions`: allow `Write` and `Describe`, by \
         `kafka-acls.sh --add --producer --topic sessions`"
    );
    let mut sink = sink(&cluster, "");
    cluster.topic_error("sessions", RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED).unwrap();
    assert_eq!(failure(&delivered(&mut sink, &events).await), forbidden);
    cluster.topic_error("sessions", RD_KAFKA_RESP_ERR_NO_ERROR).unwrap();

    // One request is refused: the others are not hidden.
    cluster.request_errors(RDKafkaApiKey::Produce, &[RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED]);
    let deliveries = delivered(&mut sink, &events).await;
    let mut refused = Vec::new();
    for (event, delivery) in events.iter().zip(deliveries) {
        match delivery {
            Delivery::Acknowledged => {}
            other => {
                assert_eq!(other, Delivery::Away(forbidden.clone()));
                refused.push(event.clone());
            }
        }
    }
    assert!(!refused.is_empty() && refused.len() < events.len(), "{} of {}", refused.len(), events.len());
    assert_delivered(&mut sink, &refused).await;
    assert_eq!(found(&cluster).len(), events.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_is_too_large_for_kafka_hides_no_other() {
    use RDKafkaRespErr::RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE;
    let cluster = cluster();
    let (name, events) = (name(&cluster), wave(&events(3, 1).await, 1));
    let mut sink = sink(&cluster, "");

    let long = long_event(17_000_000);
    let deliveries = delivered(&mut sink, &[long.clone(), events[0].clone()]).await;
    assert_eq!(
        refusal(&deliveries),
        format!(
            "too large for {name}: it has {} bytes, and the relay sends 16777216 at most",
            long.data().unwrap().len()
        )
    );
    assert_eq!(deliveries[1], Delivery::Acknowledged);

    // The server's limit is for a batch of records. Whatever it refuses together it gets once more, alone.
    cluster.request_errors(RDKafkaApiKey::Produce, &[RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE]);
    assert_delivered(&mut sink, &events[1..]).await;
    cluster.request_errors(RDKafkaApiKey::Produce, &[RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE]);
    assert_eq!(
        refusal(&delivered(&mut sink, &events[..1]).await),
        format!(
            "too large for {name}: it has {} bytes, and the topic `sessions` takes less (`max.message.bytes`)",
            events[0].data().unwrap().len()
        )
    );
    assert_whole_and_in_order(&events, &found(&cluster));
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_the_producer_holds_waits_for_its_turn() {
    let cluster = cluster();
    let mut sink = sink(&cluster, "?timeout-ms=60000");
    assert_delivered(&mut sink, &vec![long_event(100); 1200]).await;
    assert_eq!(records(&cluster).len(), 1200);
    assert_delivered(&mut sink, &vec![long_event(1_000_000); 36]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_producer_that_has_failed_for_good_is_made_anew() {
    use RDKafkaRespErr::{
        RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER,
    };
    let cluster = cluster();
    let (name, events) = (name(&cluster), wave(&events(2, 1).await, 1));
    let mut sink = sink(&cluster, "");

    cluster.request_errors(RDKafkaApiKey::Produce, &[RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER]);
    let lost = failure(&delivered(&mut sink, &events[..1]).await).to_owned();
    let disagree = format!(
        "{name}: the cluster and the producer disagree about what has arrived, as when acknowledged records were \
         lost; a new producer delivers again what was not acknowledged ("
    );
    assert!(lost.starts_with(&disagree), "{lost}");
    assert_delivered(&mut sink, &events[..1]).await;

    let mut forbidden = self::sink(&cluster, "");
    let error = RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED;
    cluster.request_errors(RDKafkaApiKey::InitProducerId, &[error]);
    assert_eq!(
        failure(&delivered(&mut forbidden, &events[1..]).await),
        format!(
            "{name}: a client without a user may not publish idempotently: allow `IdempotentWrite` on the cluster, by \
             `kafka-acls.sh --add --idempotent --cluster`"
        )
    );
    assert_delivered(&mut forbidden, &events[1..]).await;
    assert_eq!(found(&cluster).len(), events.len());
}

/// A relay that dies in the middle of a delivery, and another one that does not know how far it came.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_dead_relay_was_sending_comes_again_with_the_same_id() {
    let cluster = cluster();
    let events = events(3, 4).await;
    let mut dead = sink(&cluster, "");
    assert_delivered(&mut dead, &wave(&events, 1)).await;
    {
        let second = wave(&events, 2);
        let mut sending = dead.publish(&second);
        // The relay may have answers by now. It dies before it checkpoints them.
        drop(sending.as_mut().poll(&mut Context::from_waker(Waker::noop())));
    }
    drop(dead);
    let mut next = sink(&cluster, "");
    for nth in 1..=4 {
        assert_delivered(&mut next, &wave(&events, nth)).await;
    }
    let found = found(&cluster);
    assert!(found.len() >= events.len() + 3, "the first wave is there twice: {}", found.len());
    assert_whole_and_in_order(&events, &found);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_said_what_an_acknowledgement_of_kafka_is_worth() {
    let cluster = MockCluster::new(3).unwrap();
    cluster.create_topic("sessions", PARTITIONS, 3).unwrap();
    cluster.create_topic("single", 1, 1).unwrap();
    let event = events(1, 1).await;
    let (log, _guard) = CapturedLog::listen(Level::INFO);
    assert_delivered(&mut sink(&cluster, ""), &event).await;
    let single = format!("kafka://{}/single", cluster.bootstrap_servers());
    assert_delivered(&mut Kafka::at(&single, None).unwrap(), &event).await;
    for words in [
        "the topic `sessions` has 3 copies; an acknowledgement is worth as many of them as its `min.insync.replicas` \
         asks for",
        "the topic `single` has 1 of the 3 copies that survive the loss of a server, and Kafka acknowledges before the \
         disk has an event. After a crash of that machine deliver again what was recorded since, by `projector relay \
         replay --from`",
    ] {
        assert!(log.text().contains(&format!("{}: {words}", name(&cluster))), "{}", log.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn kafka_is_told_the_password_and_nobody_else() {
    let cluster = cluster();
    let front = Front { user: Some(("relay", "hunter2")), ..Front::default() };
    let port = front.serve(&cluster).await;
    let at = |password: &str| {
        let url = format!("kafka://relay@127.0.0.1:{port}/sessions?timeout-ms=20000");
        Kafka::at(&url, Some(password.to_owned())).unwrap()
    };
    let event = events(1, 1).await;
    assert_delivered(&mut at("hunter2"), &event).await;
    assert_eq!(found(&cluster), [event[0].id()]);
    let mut stranger = at("wrong-one");
    let strange = failure(&delivered(&mut stranger, &event).await).to_owned();
    assert_eq!(
        strange,
        format!(
            "Kafka at 127.0.0.1:{port} refuses the user `relay`: Invalid username or password; \
             SESSION_LEDGER_RELAY_PASSWORD or `password-file` holds the password"
        )
    );
    assert!(!format!("{stranger:?}").contains("wrong-one"));
}

#[test]
fn an_address_of_kafka_is_looked_through() {
    let refused = |url: &str| Kafka::at(url, None).map(|_| ()).unwrap_err().to_string();
    let topic = "the target lacks the topic, of letters, digits and `._-`: kafka://host:9092/sessions";
    assert_eq!(refused("kafka://host"), topic);
    assert_eq!(refused("kafka://host/a/b"), topic);
    assert_eq!(refused("kafka://host,/sessions"), "the target lacks a host");
    let known = "the target has no parameter `queue`; it has `password-file`, `timeout-ms`, `sasl`";
    assert_eq!(refused("kafka://host/sessions?queue=audit"), known);
    let inside = refused("kafka://relay:hunter2@host,other/sessions");
    assert!(inside.starts_with("the target holds a password") && !inside.contains("hunter2"), "{inside}");
    let sink = Kafka::at("kafka://relay@host,[::1]:1/sessions", Some("hunter2".to_owned())).unwrap();
    assert_eq!(sink.name(), "Kafka at host:9092,[::1]:1");
    assert_eq!(format!("{sink:?}"), "Kafka(\"Kafka at host:9092,[::1]:1\")");
}
