//! A relay whose database or lease goes away.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use projector::relay::ndjson::Lines;
use projector::relay::sink::Closed;
use projector::relay::{End, Relay, RelayError, relay};
use session_ledger::Ledger;
use session_ledger::ledger::{FeedError, SubscriptionError};
use test_support::{CapturedLog, Database, append};
use tokio::io::AsyncWrite;
use tokio::sync::oneshot;
use tokio_postgres::NoTls;
use tracing::Level;

use super::output::Output;
use super::{ids, ledger, noted, session_id, settings};

/// Lets connections in, or closes all of them. Works from another database, as this one may be shut.
async fn open(database: &Database, open: bool) {
    let (client, connection) = database.config().dbname("postgres").connect(NoTls).await.unwrap();
    let connection = tokio::spawn(connection);
    let name = database.name();
    client.batch_execute(&format!("alter database {name} allow_connections {open}")).await.unwrap();
    let others =
        format!("select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = '{name}'");
    if !open {
        client.batch_execute(&others).await.unwrap();
    }
    drop(client);
    connection.await.unwrap().unwrap();
}

/// Runs a relay beside `script`, and stops it when the script is done.
async fn beside(ledger: &Ledger, holder: &str, output: &Output, script: impl Future<Output = ()>) {
    let (stop, stopped) = oneshot::channel::<()>();
    let (settings, mut sink) = (settings(holder), Lines::new(output.clone()));
    let relaying = relay(ledger, &settings, &mut sink, async {
        stopped.await.unwrap();
        End::Stopped
    });
    let script = async {
        script.await;
        stop.send(()).unwrap();
    };
    let (ended, ()) = tokio::join!(relaying, script);
    assert_eq!(ended.unwrap(), End::Stopped);
}

#[tokio::test]
async fn a_relay_waits_for_a_database_that_is_away_and_says_so() {
    let (log, _guard) = CapturedLog::listen(Level::INFO);
    let (database, ledger) = ledger().await;
    append(&database.connect().await, session_id(1), 1, &noted("before")).await.unwrap();
    let output = Output::default();
    beside(&ledger, "host-1", &output, async {
        output.until(1).await;
        open(&database, false).await;
        log.until("relay `relay`: the database is not available").await;
        open(&database, true).await;
        append(&database.connect().await, session_id(2), 1, &noted("after")).await.unwrap();
        output.until(2).await;
    })
    .await;
    let texts: Vec<_> = output.lines().iter().map(|line| line["data"]["fact"].clone()).collect();
    assert_eq!(texts.first().unwrap(), "before");
    assert_eq!(texts.last().unwrap(), "after");
}

#[tokio::test]
async fn a_second_relay_waits_and_takes_over_without_a_repeat() {
    let (log, _guard) = CapturedLog::listen(Level::INFO);
    let (database, ledger) = ledger().await;
    let client = database.connect().await;
    let first = append(&client, session_id(1), 1, &noted("one")).await.unwrap();
    let (one, other) = (Output::default(), Output::default());
    let (waits, waiting) = oneshot::channel::<()>();
    let leader = beside(&ledger, "host-1", &one, async {
        one.until(1).await;
        waits.send(()).unwrap();
        log.until("subscription `relay` is held by `host-1`").await;
    });
    let follower = async {
        waiting.await.unwrap();
        let second = async {
            log.until("subscription `relay` is held by `host-1`").await;
            append(&client, session_id(2), 1, &noted("two")).await.unwrap();
            other.until(1).await;
        };
        beside(&ledger, "host-2", &other, second).await;
    };
    tokio::join!(leader, follower);
    assert_eq!(ids(&one.lines())[0], first.to_string());
    let mut all = [one.lines(), other.lines()].concat();
    assert_eq!(all.len(), 2);
    all.dedup_by_key(|line| line["id"].clone());
    assert_eq!(all.len(), 2, "the batch of a relay that stopped was checkpointed");
}

#[tokio::test]
async fn a_reader_that_went_away_ends_the_relay_and_loses_nothing() {
    let (database, ledger) = ledger().await;
    let event = append(&database.connect().await, session_id(1), 1, &noted("one")).await.unwrap();
    let (pipe, reader) = tokio::io::duplex(64);
    drop(reader);
    let ended = relay(&ledger, &settings("host-1"), &mut Lines::new(pipe), std::future::pending()).await;
    assert_eq!(ended.unwrap(), End::Closed(Closed::reader_gone()));
    let next = ledger.existing_subscription("relay", "host-2").await;
    next.expect("the lease was given back").release().await.unwrap();
    let output = Output::default();
    beside(&ledger, "host-1", &output, output.until(1)).await;
    assert_eq!(ids(&output.lines()), [event.to_string()]);
    let next = ledger.subscription("relay", "host-2").await;
    next.expect("a relay that was stopped has given its lease back");
}

#[tokio::test]
async fn an_output_that_is_full_is_tried_again_unless_it_is_to_be_once() {
    let (log, _guard) = CapturedLog::listen(Level::INFO);
    let (database, ledger) = ledger().await;
    append(&database.connect().await, session_id(1), 1, &noted("one")).await.unwrap();
    let once = Relay { once: true, ..settings("host-1") };
    let failed = relay(&ledger, &once, &mut Lines::new(Full), std::future::pending()).await.unwrap_err();
    assert_eq!(
        failed.to_string(),
        "the output did not take an event (no storage space): what was delivered since the last checkpoint comes again"
    );
    ledger
        .existing_subscription("relay", "host-2")
        .await
        .expect("the lease was given back")
        .release()
        .await
        .unwrap();
    let warned = async {
        log.until("relay `relay`: the output: no storage space; an event is tried again").await;
        End::Stopped
    };
    let ended = relay(&ledger, &settings("host-1"), &mut Lines::new(Full), warned).await;
    assert_eq!(ended.unwrap(), End::Stopped);
    ledger.existing_subscription("relay", "host-2").await.expect("the lease was given back");
}

/// An output without room.
struct Full;

impl AsyncWrite for Full {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Err(io::ErrorKind::StorageFull.into()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// A second relay of this name followed the log from its beginning.
#[tokio::test]
async fn a_subscription_that_is_dropped_under_a_relay_is_not_made_again() {
    let (database, ledger) = ledger().await;
    append(&database.connect().await, session_id(1), 1, &noted("one")).await.unwrap();
    let (output, settings) = (Output::default(), settings("host-1"));
    let mut sink = Lines::new(output.clone());
    let relaying = relay(&ledger, &settings, &mut sink, std::future::pending());
    let drop = async {
        output.until(1).await;
        database.connect().await.batch_execute("delete from session_ledger.subscription").await.unwrap();
    };
    let (ended, ()) = tokio::join!(relaying, drop);
    assert_eq!(
        ended.unwrap_err().to_string(),
        "there is no subscription `relay`, nor any other; --create makes a new one, from the beginning of the log"
    );
    assert_eq!(output.lines().len(), 1);
}

#[tokio::test]
async fn once_is_until_now_and_waits_for_nobody() {
    let (database, ledger) = ledger().await;
    let client = database.connect().await;
    let once = |holder| Relay { once: true, ..settings(holder) };
    let empty = Output::default();
    let mut sink = Lines::new(empty.clone());
    let ended = relay(&ledger, &once("host-1"), &mut sink, std::future::pending()).await;
    assert_eq!((ended.unwrap(), empty.lines().len()), (End::UpToDate, 0));
    // More than a batch, of which the last is full.
    let mut written = Vec::new();
    for nth in 1..=14 {
        written.push(append(&client, session_id(nth), 1, &noted("one")).await.unwrap().to_string());
    }
    let output = Output::default();
    let mut sink = Lines::new(output.clone());
    let ended = relay(&ledger, &once("host-1"), &mut sink, std::future::pending()).await;
    assert_eq!(
        (ended.unwrap(), ids(&output.lines())),
        (End::UpToDate, written.iter().map(String::as_str).collect())
    );

    let holding = ledger.existing_subscription("relay", "host-2").await.expect("the lease was given back");
    let refused = relay(&ledger, &once("host-1"), &mut sink, std::future::pending()).await.unwrap_err();
    assert!(refused.to_string().starts_with("subscription `relay` is held by `host-2` until 2"), "{refused}");
    holding.release().await.unwrap();
}

#[tokio::test]
async fn a_refusal_that_does_not_pass_ends_the_relay() {
    let database = Database::fresh().await;
    let config = database.config().options("-c role=session_ledger_runtime").clone();
    let ledger = Ledger::builder(config).connect().await.unwrap();
    let mut sink = Lines::new(Output::default());
    let refused = relay(&ledger, &settings("host-1"), &mut sink, std::future::pending()).await.unwrap_err();
    let is_store = matches!(refused, RelayError::Subscription(SubscriptionError::Feed(FeedError::Store(_))));
    assert!(is_store, "{refused}");
}
