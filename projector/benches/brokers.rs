//! What a relay reaches: `cargo bench -p projector --features nats,rabbitmq,redis,kafka --bench brokers`.
//!
//! - `feed`: a relay to nothing, beside the plain feed with batches of the same size;
//! - `brokers`: each broker's sink beside its own client, which sends the same bytes from memory and waits
//!   for the same acknowledgements, and a whole relay from the log to that broker;
//! - `lag`: how long after its commit an event is acknowledged, under 1,000 writes a second.
//!
//! All take turns, as a machine is never equally fast for long; what is told is the median of the rounds.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "brokers/feed.rs"]
mod feed;
#[path = "brokers/ground.rs"]
mod ground;
#[path = "brokers/lag.rs"]
mod lag;
#[path = "brokers/plain.rs"]
mod plain;
#[allow(dead_code)]
#[path = "../tests/brokers/server.rs"]
mod server;
#[path = "../tests/brokers/started.rs"]
mod started;
#[path = "brokers/turns.rs"]
mod turns;

use std::path::Path;

use bench_report::{Goal, machine, markdown, publish};
use clap::Parser;

use crate::ground::{Brokers, Ground};

/// Measures relays.
#[derive(Debug, Parser)]
struct Options {
    /// `cargo bench` gives it.
    #[arg(long)]
    bench: bool,
    /// Small and soon over, to see that all of it runs.
    #[arg(long)]
    quick: bool,
    /// Measures these alone: feed, brokers, lag.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Writes the results into `benches/RESULTS.md`.
    #[arg(long, conflicts_with = "quick")]
    publish: bool,
    /// The number of rounds that count.
    #[arg(long, default_value_t = 5)]
    rounds: u32,
}

impl Options {
    fn wants(&self, part: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == part)
    }

    fn amount(&self, measured: u32, quick: u32) -> u32 {
        if self.quick { quick } else { measured }
    }

    /// Tells the results of a part, with the goals first.
    fn tell(&self, about: &str, part: &str, goals: &[Goal], table: &str) {
        let goals = if goals.is_empty() {
            String::new()
        } else {
            format!("{}\n\n", markdown(&Goal::HEADS, goals.iter().map(Goal::row)))
        };
        let text = format!("{about}\n\n{goals}{table}");
        println!("\n{text}");
        if self.publish {
            let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../benches/RESULTS.md");
            publish(&page, &format!("relay-{part}"), &text).unwrap();
        }
    }
}

#[tokio::main]
async fn main() {
    let options = Options::parse();
    let rounds = options.amount(options.rounds, 1);
    let ground = Ground::new().await;
    let about = machine(&format!("PostgreSQL {}, fsync on", ground.server.version()));
    if options.wants("feed") {
        let events = options.amount(200_000, 2_000);
        ground.fill(events).await;
        let rates = feed::measure(&ground, events, rounds).await;
        options.tell(&about, "feed", &rates.goals(), &rates.table(events));
    }
    if options.wants("brokers") || options.wants("lag") {
        let brokers = Brokers::start().await;
        if options.wants("brokers") {
            let found = turns::measure(&ground, &brokers, rounds, options.amount(20, 2)).await;
            options.tell(&about, "brokers", &turns::goals(&found), &turns::table(&found));
        }
        if options.wants("lag") {
            let found = lag::measure(&ground, &brokers, rounds, options.amount(5, 1)).await;
            options.tell(&about, "lag", &[], &lag::table(&found));
        }
    }
}
