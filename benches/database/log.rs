//! Reading the log: the feed of a relay, and the replay that writes the projection anew.

use std::pin::pin;
use std::time::Instant;

use bench_report::{Goal, Target, markdown, median};
use futures_util::TryStreamExt;
use private_postgres::Server;
use session_ledger::ledger::RebuildOptions;
use tokio_postgres::Client;

use crate::drive::Failure;
use crate::ground::Ground;

const BURN: &str = include_str!("sql/burn_transaction_ids.sql");
const FILL: &str = include_str!("sql/fill_log.sql");

/// The size of a follower's batch, in events.
const BATCH: u32 = 10_000;

/// Rates in events a second, by round.
#[derive(Default)]
pub(crate) struct Rates {
    feed: Vec<f64>,
    replay: Vec<f64>,
    copy: Vec<f64>,
    copy_by_session: Vec<f64>,
}

/// Measures a log of `events` events, a multiple of a hundred.
pub(crate) async fn measure(server: &Server, events: i64, rounds: usize) -> Result<Rates, Failure> {
    let ground = Ground::with_sessions(server, 0, 0).await?;
    eprintln!("log: writing {events} events");
    fill(&ground.client, &ground, events).await?;
    let mut rates = Rates::default();
    for round in 0..rounds {
        eprintln!("log: round {} of {rounds}", round + 1);
        rates.feed.push(feed(&ground, &format!("round {round}"), events).await?);
        rates.copy.push(copy(&ground.client, "", events).await?);
        rates.copy_by_session.push(copy(&ground.client, "order by session_id, version", events).await?);
        rates.replay.push(replay(&ground, events).await?);
    }
    Ok(rates)
}

async fn fill(client: &Client, ground: &Ground, events: i64) -> Result<(), Failure> {
    let first: i64 = client.query_one("select pg_current_xact_id()::text::bigint", &[]).await?.try_get(0)?;
    client.batch_execute("set synchronous_commit = off").await?;
    client.batch_execute(&format!("set bench.transactions = {events}")).await?;
    client.batch_execute(BURN).await?;
    client.execute(FILL, &[&ground.model.as_uuid(), &events, &first]).await?;
    client.batch_execute("vacuum analyze session_ledger.event").await?;
    Ok(client.batch_execute("checkpoint").await?)
}

/// A follower that drops its events. It starts at the beginning of the log.
async fn feed(ground: &Ground, name: &str, events: i64) -> Result<f64, Failure> {
    let mut subscription = ground.application.ledger.subscription(name, "bench").await?;
    let (started, mut read) = (Instant::now(), 0);
    loop {
        let batch = subscription.next_batch(BATCH).await?;
        if batch.events.is_empty() {
            break;
        }
        read += batch.events.len();
        subscription.checkpoint(batch).await?;
    }
    let rate = read as f64 / started.elapsed().as_secs_f64();
    subscription.release().await?;
    if (read as i64) < events { Err("the feed has skipped events".into()) } else { Ok(rate) }
}

/// A binary COPY of the rows that a replay reads, dropped on arrival.
async fn copy(client: &Client, order: &str, events: i64) -> Result<f64, Failure> {
    let copy = format!(
        "copy (select session_id, version, event_id, kind, shape, user_id, actor, client_ip, user_agent, occurred_at,
                      payload, hash from session_ledger.event {order}) to stdout (format binary)"
    );
    let started = Instant::now();
    let mut rows = pin!(client.copy_out(copy.as_str()).await?);
    while rows.try_next().await?.is_some() {}
    Ok(events as f64 / started.elapsed().as_secs_f64())
}

/// The library's replay: reads, decodes, folds, and writes the rows.
async fn replay(ground: &Ground, events: i64) -> Result<f64, Failure> {
    let started = Instant::now();
    let options = RebuildOptions::default().while_connected();
    let rebuilt = ground.application.ledger.rebuild(options, |_| {}).await?;
    let rate = rebuilt.events as f64 / started.elapsed().as_secs_f64();
    if (rebuilt.events as i64) < events { Err("the replay has skipped events".into()) } else { Ok(rate) }
}

impl Rates {
    pub(crate) fn table(&self, events: u64) -> String {
        let row = |what: &str, rates: &[f64]| vec![what.to_owned(), format!("{:.0}", median(rates))];
        let heads = ["reading the log".to_owned(), format!("events/s of {events}")];
        let rows = [
            row("feed", &self.feed),
            row("replay", &self.replay),
            row("binary COPY, session by session", &self.copy_by_session),
            row("binary COPY, as it lies", &self.copy),
        ];
        markdown(&[&heads[0], &heads[1]], rows)
    }

    pub(crate) fn goals(&self) -> Vec<Goal> {
        let ratios: Vec<f64> =
            self.replay.iter().zip(&self.copy_by_session).map(|(own, its)| own / its).collect();
        vec![
            Goal {
                name: "the feed, by batches of 10,000".to_owned(),
                target: Target::AtLeast(450_000.0),
                measured: median(&self.feed),
                unit: "events/s",
            },
            Goal {
                name: "replay, in terms of a binary COPY in the same order".to_owned(),
                target: Target::AtLeast(0.6),
                measured: median(&ratios),
                unit: "",
            },
        ]
    }
}
