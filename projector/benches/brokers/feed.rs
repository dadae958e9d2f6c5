//! A relay to nothing beside the plain feed, both by batches of a relay's usual size.

use std::time::Instant;

use bench_report::{Goal, Target, markdown, median};
use projector::relay::{BATCH, End, relay};

use crate::ground::{Ground, Nothing};

/// Rates in events a second, by round.
#[derive(Default)]
pub(crate) struct Rates {
    plain: Vec<f64>,
    relay: Vec<f64>,
}

pub(crate) async fn measure(ground: &Ground, events: u32, rounds: u32) -> Rates {
    let mut rates = Rates::default();
    for round in 1..=rounds {
        eprintln!("feed: round {round} of {rounds}");
        rates.plain.push(plain(ground, events).await);
        rates.relay.push(relayed(ground, events).await);
    }
    rates
}

/// A follower that drops its events, and checkpoints each batch.
async fn plain(ground: &Ground, events: u32) -> f64 {
    let mut subscription = ground.ledger.subscription(&ground.name(), "bench").await.unwrap();
    let (began, mut read) = (Instant::now(), 0);
    loop {
        let batch = subscription.next_batch(BATCH).await.unwrap();
        if batch.events.is_empty() {
            break;
        }
        read += batch.events.len();
        subscription.checkpoint(batch).await.unwrap();
    }
    assert!(read >= events as usize, "the feed has skipped events");
    read as f64 / began.elapsed().as_secs_f64()
}

async fn relayed(ground: &Ground, events: u32) -> f64 {
    let settings = ground.relay(true);
    let began = Instant::now();
    let ended = relay(&ground.ledger, &settings, &mut Nothing, std::future::pending()).await.unwrap();
    let took = began.elapsed();
    assert_eq!(ended, End::UpToDate);
    let listed = ground.ledger.subscriptions().await.unwrap();
    let delivered = listed.iter().find(|one| one.name == settings.subscription).unwrap().delivered;
    assert!(delivered >= i64::from(events), "the relay has skipped events");
    delivered as f64 / took.as_secs_f64()
}

impl Rates {
    pub(crate) fn goals(&self) -> Vec<Goal> {
        let ratios: Vec<f64> =
            self.relay.iter().zip(&self.plain).map(|(relay, plain)| relay / plain).collect();
        vec![Goal {
            name: "a relay to nothing, in terms of the plain feed".to_owned(),
            target: Target::AtLeast(0.8),
            measured: median(&ratios),
            unit: "",
        }]
    }

    pub(crate) fn table(&self, events: u32) -> String {
        let row = |what: &str, rates: &[f64]| vec![what.to_owned(), format!("{:.0}", median(rates))];
        let rows = [row("the plain feed", &self.plain), row("a relay to nothing", &self.relay)];
        markdown(&[&format!("by batches of {BATCH}"), &format!("events/s of {events}")], rows)
    }
}
