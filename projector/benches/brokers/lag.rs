//! From commit to acknowledgement, under 1,000 writes a second, also while a transaction stays open.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bench_report::{markdown, median};
use projector::envelope::Envelope;
use projector::relay::sink::{Deliveries, Delivery, Sink};
use projector::relay::{End, relay};
use session_ledger::session::{Event, Noted, SessionId};
use test_support::append;
use time::OffsetDateTime;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep};
use tokio_postgres::Client;

use crate::ground::{Brokers, Ground, Nothing};
use crate::turns::batch;

const WRITERS: u32 = 8;
const WRITES_A_SECOND: u32 = 1_000;

/// How long the last event may take.
const BOUND: Duration = Duration::from_secs(60);

/// The lag with one sink, by round, in milliseconds.
pub(crate) struct Found {
    sink: &'static str,
    is_open: bool,
    writes: Vec<f64>,
    half: Vec<f64>,
    most: Vec<f64>,
}

/// Notes when each event was acknowledged.
struct Timed {
    sink: Box<dyn Sink>,
    taken: Arc<Mutex<HashMap<String, Instant>>>,
}

impl Sink for Timed {
    fn name(&self) -> String {
        self.sink.name()
    }

    fn publish<'a>(
        &'a mut self,
        events: &'a [Envelope],
    ) -> Pin<Box<dyn Future<Output = Deliveries> + Send + 'a>> {
        Box::pin(async move {
            let deliveries = self.sink.publish(events).await?;
            let now = Instant::now();
            let mut taken = self.taken.lock().unwrap();
            for (event, delivery) in events.iter().zip(&deliveries) {
                if *delivery == Delivery::Acknowledged {
                    taken.entry(event.id().to_owned()).or_insert(now);
                }
            }
            Ok(deliveries)
        })
    }
}

pub(crate) async fn measure(ground: &Ground, brokers: &Brokers, rounds: u32, seconds: u32) -> Vec<Found> {
    let mut found: Vec<Found> = Vec::new();
    for round in 1..=rounds {
        for is_open in [false, true] {
            let sinks = brokers.sinks(&format!("lag{round}{is_open}"));
            let nothing: (&'static str, Box<dyn Sink>) = ("nothing", Box::new(Nothing));
            for (name, sink) in [nothing].into_iter().chain(sinks) {
                eprintln!("lag, {name}: round {round} of {rounds}");
                let (writes, lags) = run(ground, sink, is_open, seconds).await;
                let at = found.iter().position(|one| one.sink == name && one.is_open == is_open);
                let at = at.unwrap_or_else(|| {
                    let (writes, half, most) = (Vec::new(), Vec::new(), Vec::new());
                    found.push(Found { sink: name, is_open, writes, half, most });
                    found.len() - 1
                });
                found[at].writes.push(writes);
                found[at].half.push(percentile(&lags, 0.5));
                found[at].most.push(percentile(&lags, 0.99));
            }
        }
    }
    found
}

/// How many were written a second, and the lags in milliseconds, by their length.
async fn run(ground: &Ground, mut sink: Box<dyn Sink>, is_open: bool, seconds: u32) -> (f64, Vec<f64>) {
    // A sink connects when it is first asked, which is no lag.
    sink.publish(&batch(0)[..1]).await.unwrap();
    let settings = ground.relay(false);
    ground.ledger.subscription(&settings.subscription, "bench").await.unwrap().release().await.unwrap();
    ground.ledger.forward_subscription(&settings.subscription, "bench").await.unwrap();
    let open = ground.database.connect().await;
    if is_open {
        open.batch_execute("begin").await.unwrap();
        append(&open, session_id(), 1, &noted()).await.unwrap();
    }
    let taken: Arc<Mutex<HashMap<String, Instant>>> = Arc::default();
    let mut timed = Timed { sink, taken: taken.clone() };
    let mut writers = JoinSet::new();
    for _ in 0..WRITERS {
        writers.spawn(write(ground.database.connect().await, seconds * WRITES_A_SECOND / WRITERS));
    }
    let mut written: HashMap<String, Instant> = HashMap::new();
    let began = Instant::now();
    let mut took = Duration::ZERO;
    let story = async {
        while let Some(own) = writers.join_next().await {
            written.extend(own.unwrap());
        }
        took = began.elapsed();
        let all = async {
            while written.keys().any(|id| !taken.lock().unwrap().contains_key(id)) {
                sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(BOUND, all).await.expect("all is acknowledged");
        End::Stopped
    };
    relay(&ground.ledger, &settings, &mut timed, story).await.unwrap();
    open.batch_execute("rollback").await.unwrap();
    let taken = taken.lock().unwrap();
    let lag = |(id, committed): (&String, &Instant)| taken[id].saturating_duration_since(*committed);
    let mut lags: Vec<f64> = written.iter().map(|one| lag(one).as_secs_f64() * 1e3).collect();
    lags.sort_by(f64::total_cmp);
    (written.len() as f64 / took.as_secs_f64(), lags)
}

/// Writes at a steady rate, whatever the server does, and notes when each commit was answered.
async fn write(client: Client, writes: u32) -> Vec<(String, Instant)> {
    let mut ticks = interval(Duration::from_secs(1) * WRITERS / WRITES_A_SECOND);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let (sessions, noted) = ((0..50).map(|_| session_id()).collect::<Vec<_>>(), noted());
    let mut written = Vec::new();
    for nth in 0..writes as usize {
        ticks.tick().await;
        let (session, version) = (sessions[nth % sessions.len()], nth / sessions.len() + 1);
        let event = append(&client, session, version as i64, &noted).await.unwrap();
        written.push((event.to_string(), Instant::now()));
    }
    written
}

fn session_id() -> SessionId {
    SessionId::new(OffsetDateTime::now_utc(), rand::random())
}

fn noted() -> Event {
    Event::Noted(Noted::of_text("bench", "written"))
}

/// Of figures by their size.
fn percentile(sorted: &[f64], part: f64) -> f64 {
    let at = (sorted.len().saturating_sub(1) as f64 * part).round() as usize;
    sorted.get(at).copied().unwrap_or_default()
}

pub(crate) fn table(found: &[Found]) -> String {
    let row = |one: &Found| {
        let open = if one.is_open { "yes" } else { "no" };
        let figure = |figures: &[f64]| format!("{:.1}", median(figures));
        let writes = format!("{:.0}", median(&one.writes));
        vec![one.sink.to_owned(), open.to_owned(), writes, figure(&one.half), figure(&one.most)]
    };
    let heads = ["a relay to", "a transaction stays open", "writes/s", "lag p50, ms", "lag p99, ms"];
    markdown(&heads, found.iter().map(row))
}
