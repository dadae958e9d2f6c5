//! The sinks of brokers, against the brokers themselves.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod clear;
mod encrypted;
mod kafka;
#[cfg(feature = "kafka-tls")]
mod kafka_encrypted;
mod kafka_front;
mod kafka_killed;
mod kafka_topic;
mod nats;
mod outage;
mod rabbitmq;
mod redis;
mod server;
mod started;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, Instant};

use projector::envelope::{Envelope, Telling, envelopes};
use projector::relay::sink::{Delivery, Sink};
use session_ledger::Ledger;
use session_ledger::session::{Entry, Event, EventId, Noted, Recorded, SessionId, UserId};
use test_support::{Database, append};
use time::OffsetDateTime;

/// How long a broker may take to be itself again.
const BOUND: Duration = Duration::from_secs(120);

/// Events as a relay reads them from PostgreSQL: so many of each session, one session after the other.
async fn events(sessions: u8, each: i64) -> Vec<Envelope> {
    events_in(&Database::fresh().await, sessions, each).await
}

/// The same, in this database.
async fn events_in(database: &Database, sessions: u8, each: i64) -> Vec<Envelope> {
    let ledger = Ledger::builder(database.config()).connect().await.unwrap();
    let client = database.connect().await;
    for nth in 0..sessions {
        let session = SessionId::new(OffsetDateTime::now_utc(), [nth; 10]);
        for version in 1..=each {
            let noted = Event::Noted(Noted::of_text("test", &format!("{nth} {version}")));
            append(&client, session, version, &noted).await.unwrap();
        }
    }
    let mut subscription = ledger.subscription("brokers", "test").await.unwrap();
    let mut events = Vec::new();
    while events.len() < usize::from(sessions) * usize::try_from(each).unwrap() {
        let batch = subscription.next_batch(1000).await.unwrap();
        events.extend(envelopes(&ledger, &batch.events, &telling()).await.unwrap());
        subscription.checkpoint(batch).await.unwrap();
    }
    events
}

/// An event that is longer than a broker takes, by the name of its user.
fn long_event(bytes: usize) -> Envelope {
    let at = OffsetDateTime::now_utc();
    let noted = Event::Noted(Noted::of_text("test", "long"));
    let mut entry = Entry::new(1, EventId::from_random([9; 16]), noted.encode(), at);
    entry.user = Some(UserId::from("u".repeat(bytes).as_str()));
    let mut recorded = Recorded::new(SessionId::from_bytes([9; 16]), entry, at);
    recorded.position = 1;
    Envelope::new(&recorded, None, &telling())
}

/// An event that is the same each time.
fn fixed_event() -> Envelope {
    let at = OffsetDateTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    let noted = Event::Noted(Noted::of_text("ä € test", "fixed"));
    let entry = Entry::new(1, EventId::from_random([9; 16]), noted.encode(), at);
    let mut recorded = Recorded::new(SessionId::from_bytes([9; 16]), entry, at);
    recorded.position = 1;
    Envelope::new(&recorded, None, &telling())
}

/// Compares with `tests/golden/<name>`. `UPDATE_GOLDEN=1` writes it, for a look at the difference in git.
fn assert_golden(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(text, golden, "{name} differs; UPDATE_GOLDEN=1 writes it anew");
}

fn telling() -> Telling {
    Telling { source: "/shop/sessions".to_owned(), ..Telling::default() }
}

/// The `nth` event of each session.
fn wave(events: &[Envelope], nth: usize) -> Vec<Envelope> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let nth_of_session = |event: &&Envelope| {
        let count = seen.entry(event.subject().to_owned()).or_default();
        *count += 1;
        *count == nth
    };
    events.iter().filter(nth_of_session).cloned().collect()
}

async fn delivered(sink: &mut impl Sink, events: &[Envelope]) -> Vec<Delivery> {
    let deliveries = sink.publish(events).await.unwrap();
    assert_eq!(deliveries.len(), events.len());
    deliveries
}

/// The sink takes all of it.
async fn assert_delivered(sink: &mut impl Sink, events: &[Envelope]) {
    for delivery in delivered(sink, events).await {
        assert_eq!(delivery, Delivery::Acknowledged);
    }
}

/// Delivers what has failed again and again, as the relay does.
async fn deliver_in_the_end(sink: &mut impl Sink, events: &[Envelope]) {
    let deadline = Instant::now() + BOUND;
    let mut waiting = events.to_vec();
    while !waiting.is_empty() {
        let deliveries = delivered(sink, &waiting).await;
        assert!(Instant::now() < deadline, "{deliveries:?}");
        let mut failed =
            deliveries.iter().map(|delivery| matches!(delivery, Delivery::Failed(_) | Delivery::Away(_)));
        waiting.retain(|_| failed.next().unwrap());
        tokio::task::yield_now().await;
    }
}

/// Why the first event was not taken for now.
fn failure(deliveries: &[Delivery]) -> &str {
    match &deliveries[0] {
        Delivery::Failed(reason) | Delivery::Away(reason) => reason,
        other => panic!("{other:?}"),
    }
}

/// Why the first event will never be taken.
fn refusal(deliveries: &[Delivery]) -> &str {
    match &deliveries[0] {
        Delivery::Refused(reason) => reason,
        other => panic!("{other:?}"),
    }
}

/// What a broker holds, as the events' ids: each event is there, the first time of each in the order of its
/// session.
fn assert_whole_and_in_order(events: &[Envelope], found: &[String]) {
    let mut first_times = found.to_vec();
    let mut seen = BTreeSet::new();
    first_times.retain(|id| seen.insert(id.clone()));
    for session in events.iter().map(Envelope::subject).collect::<BTreeSet<_>>() {
        let of_session: Vec<_> =
            events.iter().filter(|event| event.subject() == session).map(Envelope::id).collect();
        let found: Vec<_> =
            first_times.iter().map(String::as_str).filter(|id| of_session.contains(id)).collect();
        assert_eq!(found, of_session, "{session}");
    }
    assert_eq!(first_times.len(), events.len(), "nothing else is there");
}
