//! The sinks of brokers beside their own clients, which send the same bytes from memory and wait for the same
//! acknowledgements. They take turns, as a machine is never equally fast for long.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "brokers/plain.rs"]
mod plain;
#[allow(dead_code)]
#[path = "../tests/brokers/server.rs"]
mod server;
#[path = "../tests/brokers/started.rs"]
mod started;

use std::time::{Duration, Instant};

use projector::envelope::{Envelope, Telling};
use projector::relay::sink::kafka::Kafka;
use projector::relay::sink::nats::Nats;
use projector::relay::sink::rabbitmq::RabbitMq;
use projector::relay::sink::redis::Redis;
use projector::relay::sink::{Delivery, Sink};
use rdkafka::mocking::MockCluster;
use session_ledger::session::{Assurance, Entry, Event, EventId, LoggedIn, Recorded, SessionId, UserId};
use time::OffsetDateTime;

use crate::plain::Plain;

/// A usual batch of a relay.
const BATCH: u32 = 500;

/// Each side publishes this many batches, after one that counts for neither.
const BATCHES: u32 = 40;

#[tokio::main]
async fn main() {
    println!("{BATCHES} batches of {BATCH} events, in turns; events a second");
    println!("{:<10} {:>10} {:>10} {:>6}", "broker", "sink", "client", "ratio");
    let nats = started::nats("").await;
    let mut sink = Nats::at(&format!("nats://127.0.0.1:{}/sink", nats.port), None).unwrap();
    compare("nats", &mut sink, &mut plain::Nats::connected(nats.port).await).await;
    let rabbitmq = started::rabbitmq().await;
    let mut sink = RabbitMq::at(
        &format!("amqp://relay@127.0.0.1:{}/?queue=sink", rabbitmq.port),
        Some("hunter2".into()),
    )
    .unwrap();
    compare("rabbitmq", &mut sink, &mut plain::RabbitMq::connected(rabbitmq.port).await).await;
    let redis = started::redis(&[]).await;
    let mut sink = Redis::at(&format!("redis://127.0.0.1:{}/?stream=sink", redis.port), None).unwrap();
    compare("redis", &mut sink, &mut plain::Redis::connected(redis.port).await).await;
    // Kafka is played by its client's mock cluster: it acknowledges from memory.
    let kafka = MockCluster::new(1).unwrap();
    for topic in ["sink", "plain"] {
        kafka.create_topic(topic, 12, 1).unwrap();
    }
    let mut sink = Kafka::at(&format!("kafka://{}/sink", kafka.bootstrap_servers()), None).unwrap();
    compare("kafka", &mut sink, &mut plain::Kafka::connected(&kafka.bootstrap_servers())).await;
}

async fn compare(name: &str, sink: &mut impl Sink, client: &mut impl Plain) {
    let (mut of_sink, mut of_client) = (Duration::ZERO, Duration::ZERO);
    for nth in 0..=BATCHES {
        let events = batch(2 * nth);
        let began = Instant::now();
        let deliveries = sink.publish(&events).await.unwrap();
        let took = began.elapsed();
        assert!(deliveries.iter().all(|delivery| *delivery == Delivery::Acknowledged), "{deliveries:?}");
        let ready = client.prepared(&batch(2 * nth + 1));
        let began = Instant::now();
        client.publish(ready).await;
        if nth > 0 {
            (of_sink, of_client) = (of_sink + took, of_client + began.elapsed());
        }
    }
    let rate = |took: Duration| f64::from(BATCH * BATCHES) / took.as_secs_f64();
    let (of_sink, of_client) = (rate(of_sink), rate(of_client));
    println!("{name:<10} {of_sink:>10.0} {of_client:>10.0} {:>6.2}", of_sink / of_client);
}

/// Logins of as many sessions, each in its place in the log.
fn batch(nth: u32) -> Vec<Envelope> {
    let telling = Telling { source: "/shop/sessions".to_owned(), ..Telling::default() };
    let event = |number: u32| {
        let at = OffsetDateTime::now_utc();
        let mut random = [0; 16];
        random[..4].copy_from_slice(&number.to_be_bytes());
        let login = LoggedIn::new(UserId::from("alice"), vec!["pwd".to_owned()], Assurance::Aal2);
        let entry = Entry::new(2, EventId::from_random(random), Event::LoggedIn(login).encode(), at);
        let mut recorded = Recorded::new(SessionId::from_bytes(random), entry, at);
        recorded.position = i64::from(number) + 1;
        Envelope::new(&recorded, None, &telling)
    };
    (nth * BATCH..(nth + 1) * BATCH).map(event).collect()
}
