//! Sinks beside the clients by themselves, and whole relays.

use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bench_report::{Goal, Target, markdown, median};
use projector::envelope::Envelope;
use projector::relay::sink::{Deliveries, Delivery, Sink};
use projector::relay::{BATCH, End, relay};
use session_ledger::session::{Assurance, Entry, Event, EventId, LoggedIn, Recorded, SessionId, UserId};
use time::OffsetDateTime;
use tokio::sync::Notify;

use crate::ground::{Brokers, Ground, telling};
use crate::plain::{self, Plain};

/// What a broker reaches, in events a second, by round.
pub(crate) struct Found {
    broker: &'static str,
    sink: Vec<f64>,
    client: Vec<f64>,
    /// From the log to the broker.
    relay: Vec<f64>,
}

/// Each side publishes so many batches in each round, after one that counts for neither.
pub(crate) async fn measure(ground: &Ground, brokers: &Brokers, rounds: u32, batches: u32) -> Vec<Found> {
    // As many events as the other two publish.
    let relayed = ground.ledger.subscriptions().await.unwrap().iter().map(|one| one.delivered).max();
    if relayed.unwrap_or_default() < i64::from(BATCH * batches) {
        ground.fill(BATCH * batches).await;
    }
    let mut clients = (
        plain::Nats::connected(brokers.nats.port).await,
        plain::RabbitMq::connected(brokers.rabbitmq.port).await,
        plain::Redis::connected(brokers.redis.port).await,
        plain::Kafka::connected(&brokers.kafka.bootstrap_servers()),
    );
    let new = |(broker, _): &(&'static str, _)| {
        let (sink, client, relay) = (Vec::new(), Vec::new(), Vec::new());
        Found { broker, sink, client, relay }
    };
    brokers.kafka.create_topic("plain", 12, 1).unwrap();
    let mut sinks = brokers.sinks("sink");
    let mut found: Vec<Found> = sinks.iter().map(new).collect();
    let mut first = 0;
    for round in 0..=rounds {
        for (nth, (broker, sink)) in sinks.iter_mut().enumerate() {
            eprintln!("{broker}: round {round} of {rounds}");
            // The first round makes streams, and counts for nobody.
            let batches = if round == 0 { 1 } else { batches };
            let (of_sink, of_client) = match nth {
                0 => compare(sink.as_mut(), &mut clients.0, first, batches).await,
                1 => compare(sink.as_mut(), &mut clients.1, first, batches).await,
                2 => compare(sink.as_mut(), &mut clients.2, first, batches).await,
                _ => compare(sink.as_mut(), &mut clients.3, first, batches).await,
            };
            if round > 0 {
                found[nth].sink.push(of_sink);
                found[nth].client.push(of_client);
                let mut log_sinks = brokers.sinks(&format!("log{round}"));
                found[nth].relay.push(from_log(ground, log_sinks[nth].1.as_mut(), BATCH * batches).await);
            }
        }
        first += 2 * batches;
    }
    found
}

/// The rates of a sink and of a client, which take turns.
async fn compare(sink: &mut dyn Sink, client: &mut impl Plain, first: u32, batches: u32) -> (f64, f64) {
    let (mut of_sink, mut of_client) = (Duration::ZERO, Duration::ZERO);
    for nth in 0..batches {
        let events = batch(first + 2 * nth);
        let began = Instant::now();
        let deliveries = sink.publish(&events).await.unwrap();
        of_sink += began.elapsed();
        assert!(deliveries.iter().all(|delivery| *delivery == Delivery::Acknowledged), "{deliveries:?}");
        let ready = client.prepared(&batch(first + 2 * nth + 1));
        let began = Instant::now();
        client.publish(ready).await;
        of_client += began.elapsed();
    }
    let rate = |took: Duration| f64::from(BATCH * batches) / took.as_secs_f64();
    (rate(of_sink), rate(of_client))
}

/// The rate of a relay from the log to a broker, until `events` are acknowledged.
async fn from_log(ground: &Ground, sink: &mut dyn Sink, events: u32) -> f64 {
    // A sink connects when it is first asked, which counts for nobody.
    sink.publish(&batch(0)[..1]).await.unwrap();
    let enough = Arc::new(Notify::new());
    let mut counted = Counted { sink, acknowledged: 0, wanted: events as usize, enough: enough.clone() };
    let (began, mut took) = (Instant::now(), Duration::ZERO);
    let stop = async {
        enough.notified().await;
        took = began.elapsed();
        End::Stopped
    };
    let ended = relay(&ground.ledger, &ground.relay(false), &mut counted, stop).await.unwrap();
    assert_eq!(ended, End::Stopped);
    f64::from(events) / took.as_secs_f64()
}

/// Tells when enough events are acknowledged.
struct Counted<'a> {
    sink: &'a mut dyn Sink,
    acknowledged: usize,
    wanted: usize,
    enough: Arc<Notify>,
}

impl Sink for Counted<'_> {
    fn name(&self) -> String {
        self.sink.name()
    }

    fn publish<'a>(
        &'a mut self,
        events: &'a [Envelope],
    ) -> Pin<Box<dyn Future<Output = Deliveries> + Send + 'a>> {
        Box::pin(async move {
            let deliveries = self.sink.publish(events).await?;
            let is_taken = |delivery: &&Delivery| **delivery == Delivery::Acknowledged;
            self.acknowledged += deliveries.iter().filter(is_taken).count();
            if self.acknowledged >= self.wanted {
                self.enough.notify_one();
            }
            Ok(deliveries)
        })
    }
}

/// Logins of as many sessions, each in its place in the log.
pub(crate) fn batch(nth: u32) -> Vec<Envelope> {
    let telling = telling();
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

pub(crate) fn goals(found: &[Found]) -> Vec<Goal> {
    let goal = |one: &Found| Goal {
        name: format!("{}, in terms of its own client", one.broker),
        target: Target::AtLeast(0.8),
        measured: median(
            &one.sink.iter().zip(&one.client).map(|(sink, client)| sink / client).collect::<Vec<_>>(),
        ),
        unit: "",
    };
    found.iter().map(goal).collect()
}

pub(crate) fn table(found: &[Found]) -> String {
    let row = |one: &Found| {
        let rates = [&one.sink, &one.client, &one.relay].map(|rates| format!("{:.0}", median(rates)));
        [vec![one.broker.to_owned()], rates.to_vec()].concat()
    };
    let heads =
        [&format!("events/s, by batches of {BATCH}"), "the sink", "the client", "a relay, from the log"];
    markdown(&heads, found.iter().map(row))
}
