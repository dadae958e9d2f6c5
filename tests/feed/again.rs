//! A batch comes again until it is checkpointed, also when its request was dropped.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use session_ledger::ledger::FeedError;
use session_ledger::session::EventId;
use test_support::{Database, append};

use super::{drain, ids, ledger, noted, session_id};

/// Writes this number of events, each of a session of its own, by one transaction.
async fn write_many(database: &Database, events: i64) {
    const INSERT: &str = "
        insert into session_ledger.event (session_id, version, event_id, kind, shape, payload, hash, occurred_at)
        select gen_random_uuid(), 1, gen_random_uuid(), 'cleared', 1, '', sha256(''), now()
          from generate_series(1, $1::bigint)";
    database.connect().await.execute(INSERT, &[&events]).await.unwrap();
}

/// Polls a future this number of times, each time when it may have progressed, and drops it. Returns its
/// output, if it was done.
async fn give_up_after<F: Future>(polls: usize, future: F) -> Option<F::Output> {
    let (mut future, mut polled) = (pin!(future), 0);
    poll_fn(|context| {
        polled += 1;
        match future.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if polled == polls => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

#[tokio::test]
async fn a_batch_that_was_not_checkpointed_comes_again_to_the_same_holder() {
    let (database, ledger) = ledger().await;
    let client = database.connect().await;
    let mut written = Vec::new();
    for text in ["one", "two", "three"] {
        written.push(append(&client, session_id(), 1, &noted(text)).await.unwrap());
    }
    let mut subscription = ledger.subscription("follower", "test").await.unwrap();
    let first = subscription.next_batch(2).await.unwrap();
    assert_eq!(ids(&first), written[..2]);
    written.push(append(&client, session_id(), 1, &noted("four")).await.unwrap());
    let again = subscription.next_batch(2).await.unwrap();
    assert_eq!(ids(&again), written[..2], "what is written later does not change it");
    assert_eq!(ids(&subscription.next_batch(3).await.unwrap()), written[..3]);

    subscription.checkpoint(first).await.unwrap();
    assert_eq!(drain(&mut subscription, 2).await, written[2..]);
}

/// A task reads a batch's rows. When its request is dropped, it must not keep the connection from later
/// statements.
#[tokio::test]
async fn a_batch_that_is_given_up_on_the_way_comes_again_as_a_whole() {
    const EVENTS: usize = 5_000;
    let (database, ledger) = ledger().await;
    write_many(&database, EVENTS as i64).await;
    let mut subscription = ledger.subscription("follower", "test").await.unwrap();
    let whole: Vec<EventId> = ids(&subscription.next_batch(10).await.unwrap());
    assert_eq!(whole.len(), EVENTS, "a transaction stays together");
    let mut given_up = 0;
    for polls in 1.. {
        match give_up_after(polls, subscription.next_batch(10)).await {
            None => given_up += 1,
            Some(batch) => {
                assert_eq!(ids(&batch.unwrap()), whole);
                break;
            }
        }
        assert_eq!(ids(&subscription.next_batch(10).await.unwrap()), whole, "after {polls} polls");
    }
    assert!(given_up >= 3, "given up {given_up} times: at the cursor, at the events, at their task");
    assert_eq!(drain(&mut subscription, 10).await, whole);
}

/// The connection returns to the pool when its subscription is dropped.
#[tokio::test]
async fn a_subscription_that_is_dropped_while_it_reads_leaves_a_connection_of_use() {
    let database = Database::fresh().await;
    let ledger =
        session_ledger::Ledger::builder(database.config()).connections_max(1).connect().await.unwrap();
    write_many(&database, 5_000).await;
    for polls in 1..6 {
        let mut subscription = ledger.subscription("follower", "test").await.unwrap();
        give_up_after(polls, subscription.next_batch(10)).await;
        drop(subscription);
        let mut subscription = ledger.subscription("follower", "test").await.unwrap();
        assert_eq!(subscription.next_batch(10).await.unwrap().events.len(), 5_000, "after {polls} polls");
    }
}

#[tokio::test]
async fn a_lease_that_is_lost_between_batches_is_noticed_before_another_is_delivered() {
    let (database, ledger) = ledger().await;
    let client = database.connect().await;
    for text in ["one", "two", "three"] {
        append(&client, session_id(), 1, &noted(text)).await.unwrap();
    }
    let mut first = ledger.subscription("follower", "test").await.unwrap();
    let batch = first.next_batch(1).await.unwrap();
    first.checkpoint(batch).await.unwrap();
    let mut second = ledger.subscription("follower", "test").await.unwrap();
    assert!(matches!(first.next_batch(1).await.unwrap_err(), FeedError::LeaseLost { .. }));
    assert_eq!(drain(&mut second, 1).await.len(), 2);
}

/// A verification compares the number with the events of the log that lie before the cursor.
#[tokio::test]
async fn the_number_of_delivered_events_is_that_of_the_cursor_however_often_a_batch_is_checkpointed() {
    let (database, ledger) = ledger().await;
    let client = database.connect().await;
    for _ in 0..9 {
        append(&client, session_id(), 1, &noted("one of nine")).await.unwrap();
    }
    let mut subscription = ledger.subscription("follower", "test").await.unwrap();
    let (small, large) =
        (subscription.next_batch(2).await.unwrap(), subscription.next_batch(7).await.unwrap());
    for batch in [small.clone(), large.clone(), large, small.clone(), small] {
        let mut batch = batch;
        batch.events.clear();
        subscription.checkpoint(batch).await.unwrap();
        let amiss = ledger.verify(|_| {}).await.unwrap().irregularities;
        assert!(amiss.is_empty(), "{amiss:?}");
    }
    assert_eq!(drain(&mut subscription, 3).await.len(), 7);
    assert!(ledger.verify(|_| {}).await.unwrap().irregularities.is_empty());
}
