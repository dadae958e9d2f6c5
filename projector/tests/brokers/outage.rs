//! A broker that is slow, then stopped and started again, under a relay and beside writers.
//!
//! `OUTAGE_SECONDS` says for how long it is stopped at least; until some hundred events were written unless
//! set.

use std::env;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use projector::envelope::{Envelope, envelopes};
use projector::relay::sink::Sink;
use projector::relay::{End, Relay, relay};
use session_ledger::Ledger;
use session_ledger::session::{Event, Noted, SessionId};
use test_support::{CapturedLog, Database, append};
use time::OffsetDateTime;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_postgres::Client;
use tracing::Level;

use crate::server::Server;
use crate::{BOUND, assert_whole_and_in_order, nats, rabbitmq, redis, started, telling};

const WRITERS: u8 = 4;

/// How many events are written between the steps of the story.
const EVENTS: usize = 200;

/// The pause of a writer after each event.
const PAUSE: Duration = Duration::from_millis(10);

/// Writers, each with three sessions of its own.
struct Writers {
    running: JoinSet<()>,
    count: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
}

impl Writers {
    async fn start(database: &Database) -> Self {
        let mut writers = Self { running: JoinSet::new(), count: Arc::default(), stop: Arc::default() };
        for writer in 0..WRITERS {
            let client = database.connect().await;
            writers.running.spawn(write(client, writer, writers.count.clone(), writers.stop.clone()));
        }
        writers
    }

    /// Waits until so many more events are written.
    async fn write(&self, more: usize) {
        let goal = self.count.load(Ordering::Relaxed) + more;
        until("events are written", async || self.count.load(Ordering::Relaxed) >= goal).await;
    }

    async fn end(self) {
        self.stop.store(true, Ordering::Relaxed);
        self.running.join_all().await;
    }
}

async fn write(client: Client, writer: u8, count: Arc<AtomicUsize>, stop: Arc<AtomicBool>) {
    let sessions: Vec<_> =
        (0..3).map(|nth| SessionId::new(OffsetDateTime::now_utc(), [writer * 10 + nth; 10])).collect();
    let noted = Event::Noted(Noted::of_text("test", "written"));
    for version in 1.. {
        for session in &sessions {
            if stop.load(Ordering::Relaxed) {
                return;
            }
            append(&client, *session, version, &noted).await.unwrap();
            count.fetch_add(1, Ordering::Relaxed);
            sleep(PAUSE).await;
        }
    }
}

async fn until(what: &str, is_so: impl AsyncFn() -> bool) {
    let reached = async {
        while !is_so().await {
            sleep(PAUSE).await;
        }
    };
    timeout(BOUND, reached).await.expect(what);
}

fn settings() -> Relay {
    Relay {
        subscription: "relay".to_owned(),
        create: true,
        once: false,
        holder: "host-1".to_owned(),
        telling: telling(),
        batch: 100,
        idle: Duration::from_millis(20),
        // Nothing is given up, as nothing else is taken meanwhile.
        tries_max: Some(1),
    }
}

async fn lag(ledger: &Ledger) -> i64 {
    ledger
        .subscriptions()
        .await
        .unwrap()
        .iter()
        .find(|one| one.name == "relay")
        .map_or(i64::MAX, |one| one.lag)
}

/// All events of the log, as they are told.
async fn all(ledger: &Ledger) -> Vec<Envelope> {
    let (mut reader, mut events) = (ledger.read_feed(None).await.unwrap(), Vec::new());
    loop {
        let batch = reader.next_batch(1_000).await.unwrap();
        if batch.events.is_empty() {
            return events;
        }
        events.extend(envelopes(ledger, &batch.events, &telling()).await.unwrap());
    }
}

/// Lets a broker pause, then stops it for a while, and asserts that it has all events in the end. The relay
/// runs on this thread, so that its log is heard.
async fn survive(mut server: Server, mut sink: impl Sink, stored: impl AsyncFn(&Server) -> Vec<String>) {
    let (log, _guard) = CapturedLog::listen(Level::WARN);
    let (name, database) = (sink.name(), Database::fresh().await);
    let ledger = Ledger::builder(database.config()).connect().await.unwrap();
    let (settings, (stop, stopped)) = (settings(), oneshot::channel::<()>());
    let relaying = relay(&ledger, &settings, &mut sink, async {
        stopped.await.ok();
        End::Stopped
    });
    let warned = format!("relay `relay`: {name}");
    let warnings = || log.text().matches(&warned).count();
    let story = async {
        let writers = Writers::start(&database).await;
        writers.write(EVENTS).await;
        until("the relay delivers", async || lag(&ledger).await < EVENTS as i64 / 2).await;

        let before = warnings();
        server.pause(true);
        until("a slow broker is noticed", async || warnings() > before).await;
        server.pause(false);
        until("what was late is there", async || lag(&ledger).await < EVENTS as i64 / 2).await;

        let before = warnings();
        server.stop();
        writers.write(EVENTS).await;
        until("a stopped broker is noticed", async || warnings() > before).await;
        if let Ok(seconds) = env::var("OUTAGE_SECONDS") {
            sleep(Duration::from_secs(seconds.parse().expect("a number of seconds"))).await;
        }
        server.start_again().await;
        writers.write(EVENTS).await;
        writers.end().await;
        until("all is delivered", async || lag(&ledger).await == 0).await;
        stop.send(()).unwrap();
    };
    let (ended, ()) = tokio::join!(relaying, story);
    assert_eq!(ended.unwrap(), End::Stopped);
    assert_eq!(ledger.dead_letters(None, 10).await.unwrap(), []);
    assert_whole_and_in_order(&all(&ledger).await, &stored(&server).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nats_that_is_slow_and_then_stopped_under_load_has_all_events_in_the_end() {
    let server = nats::server("").await;
    let sink = nats::sink(&server, "?timeout-ms=1000");
    survive(server, sink, async |server| {
        nats::until_ready(server).await;
        nats::found(server).await
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rabbitmq_that_is_slow_and_then_stopped_under_load_has_all_events_in_the_end() {
    let server = started::rabbitmq().await;
    let sink = rabbitmq::sink_within(&server, "queue=audit", 5_000);
    survive(server, sink, async |server| rabbitmq::ids(&rabbitmq::taken(server, "audit").await)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_that_is_slow_and_then_stopped_under_load_has_all_events_in_the_end() {
    let server = redis::server(&[]).await;
    let sink = redis::sink(&server, "&timeout-ms=1000");
    survive(server, sink, redis::found).await;
}
