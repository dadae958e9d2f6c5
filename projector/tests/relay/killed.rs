//! A relay that is killed anywhere, again and again, skips nothing.

use std::collections::{HashMap, HashSet};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use projector::relay::ndjson::Lines;
use projector::relay::{End, relay};
use serde_json::Value;
use session_ledger::Ledger;
use session_ledger::session::{Event, Renewed, SessionId, Started, StoredTimeouts};
use test_support::{Database, append};
use tokio::task::JoinSet;
use tokio_postgres::Client;

use super::output::Output;
use super::{BOUND, TOKEN_HASH, ids, ledger, noted, session_id, settings};

/// The ids of committed events, and of rolled-back ones.
type Written = (Vec<String>, Vec<String>);

/// Drops `future` after this number of polls; returns whether it was done before.
async fn killed_after(polls: usize, future: impl Future) -> bool {
    let (mut future, mut left) = (pin!(future), polls);
    std::future::poll_fn(|cx| {
        if left == 0 {
            return Poll::Ready(false);
        }
        left -= 1;
        future.as_mut().poll(cx).map(|_| true)
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_relay_killed_anywhere_skips_nothing_and_keeps_each_sessions_order() {
    let (database, ledger) = ledger().await;
    let mut tasks = start_writers(&database).await;
    let done = Arc::new(AtomicBool::new(false));
    let killings = tokio::spawn(relay_and_kill(ledger.clone(), done.clone()));
    let (mut committed, mut rolled_back) = Written::default();
    while let Some(written) = tasks.join_next().await {
        let (mut kept, mut dropped) = written.unwrap();
        committed.append(&mut kept);
        rolled_back.append(&mut dropped);
    }
    done.store(true, Ordering::Relaxed);
    let mut outputs = killings.await.unwrap();
    let wanted: HashSet<String> = committed.into_iter().collect();
    outputs.push(the_rest(&ledger, &outputs, &wanted).await);

    let lines: Vec<Value> = outputs.iter().flat_map(Output::lines).collect();
    assert_eq!(delivered(&lines), wanted, "all that was committed, and nothing else");
    assert!(!rolled_back.is_empty());
    assert!(outputs.len() > 20, "only {} relays were started", outputs.len());
    assert!(lines.len() > wanted.len(), "no relay was killed between flush and checkpoint");
    assert_in_order(&lines);
    for output in &outputs {
        assert_no_token_hash(&output.text());
    }
}

/// Relays, each killed a little later than the one before. All have one name, which gets its lease back at
/// once.
async fn relay_and_kill(ledger: Ledger, done: Arc<AtomicBool>) -> Vec<Output> {
    let mut outputs = Vec::new();
    for nth in 0.. {
        if done.load(Ordering::Relaxed) && nth > 60 {
            break;
        }
        let output = Output::default();
        outputs.push(output.clone());
        let (settings, mut sink) = (settings("host-1"), Lines::new(output));
        let endless = relay(&ledger, &settings, &mut sink, std::future::pending());
        assert!(!killed_after(nth % 60, endless).await, "a relay ended by itself");
    }
    outputs
}

/// The events of `wanted` that the killed relays have left.
async fn the_rest(ledger: &Ledger, before: &[Output], wanted: &HashSet<String>) -> Output {
    let seen = delivered(&before.iter().flat_map(Output::lines).collect::<Vec<_>>());
    let left: HashSet<_> = wanted.difference(&seen).cloned().collect();
    let output = Output::default();
    let taken = output.clone();
    let all = async move {
        while !left.is_subset(&delivered(&taken.lines())) {
            tokio::task::yield_now().await;
        }
        End::Stopped
    };
    let (settings, mut sink) = (settings("host-1"), Lines::new(output.clone()));
    let rest = tokio::time::timeout(BOUND, relay(ledger, &settings, &mut sink, all)).await;
    rest.expect("events were skipped").unwrap();
    output
}

fn delivered(lines: &[Value]) -> HashSet<String> {
    ids(lines).into_iter().map(str::to_owned).collect()
}

async fn start_writers(database: &Database) -> JoinSet<Written> {
    let mut tasks = JoinSet::new();
    for writer in 0..4 {
        let client = database.connect().await;
        tasks.spawn(async move { write(&client, writer).await });
    }
    tasks
}

/// Forty transactions over five sessions of this writer; every fifth rolls back.
async fn write(client: &Client, writer: u8) -> Written {
    let sessions: Vec<_> = (0..5).map(|nth| session_id(writer * 10 + nth)).collect();
    let mut versions = [0; 5];
    let (mut committed, mut rolled_back) = Written::default();
    for nth in 0..40 {
        let at = nth % sessions.len();
        let kept = nth % 7 != 6;
        client.batch_execute("begin").await.unwrap();
        let events = write_two(client, sessions[at], versions[at]).await;
        client.batch_execute(if kept { "commit" } else { "rollback" }).await.unwrap();
        if kept {
            versions[at] += 2;
            committed.extend(events);
        } else {
            rolled_back.extend(events);
        }
    }
    (committed, rolled_back)
}

async fn write_two(client: &Client, session: SessionId, version: i64) -> [String; 2] {
    let start = Event::Started(Started::new(TOKEN_HASH, StoredTimeouts::default()));
    let renewal = Event::Renewed(Renewed::new(TOKEN_HASH, 30, true));
    let first = if version == 0 { start } else { noted("between") };
    let first = append(client, session, version + 1, &first).await.unwrap();
    let second = append(client, session, version + 2, &renewal).await.unwrap();
    [first.to_string(), second.to_string()]
}

/// A session's versions come in order once lines seen before are dropped.
fn assert_in_order(lines: &[Value]) {
    let mut seen = HashSet::new();
    let mut versions: HashMap<&str, i64> = HashMap::new();
    for line in lines {
        if seen.insert(line["id"].as_str().unwrap()) {
            let last = versions.entry(line["subject"].as_str().unwrap()).or_default();
            *last += 1;
            assert_eq!(line["sessionversion"], *last, "{line}");
        }
    }
}

/// The bytes as hexadecimal digits, as base64 and as a list of numbers.
pub(super) fn assert_no_token_hash(text: &str) {
    let lower = text.to_lowercase();
    for written in ["abababab", "q6urq6ur", "171,171", "171, 171"] {
        assert!(!lower.contains(written), "a token hash was written as {written}");
    }
}
