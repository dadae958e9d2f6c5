//! A dump that was restored into a new cluster: transaction ids start again, and the feed goes on.

use session_ledger::Ledger;
use session_ledger::ledger::FeedError;
use session_ledger::session::EventId;
use test_support::{Database, append};

use super::{drain, ledger, noted, session_id};

/// The ids of the old cluster: this one will not come to them.
const FAR: i64 = 1 << 40;

/// Writes events, and lets them and the cursors look as if the dump of an old cluster had brought them.
async fn restored() -> (Database, Ledger, Vec<EventId>) {
    let (database, ledger) = ledger().await;
    let client = database.connect().await;
    let mut written = Vec::new();
    for text in ["one", "two", "three", "four", "five"] {
        written.push(append(&client, session_id(), 1, &noted(text)).await.unwrap());
    }
    let mut subscription = ledger.subscription("follower", "test").await.unwrap();
    let batch = subscription.next_batch(2).await.unwrap();
    subscription.checkpoint(batch).await.unwrap();
    subscription.release().await.unwrap();
    let moved = format!(
        "begin; set local session_replication_role = replica;
         update session_ledger.event set transaction_id = (transaction_id::text::bigint + {FAR})::text::xid8;
         update session_ledger.subscription
            set cursor = (pg_snapshot_xmax(cursor)::text::bigint + {FAR} || ':'
                       || pg_snapshot_xmax(cursor)::text::bigint + {FAR} || ':')::pg_snapshot;
         commit"
    );
    client.batch_execute(&moved).await.unwrap();
    (database, ledger, written)
}

#[tokio::test]
async fn after_the_epoch_was_raised_the_feed_delivers_what_was_left_and_all_that_is_new() {
    let (database, ledger, mut written) = restored().await;
    let refused = ledger.subscription("follower", "test").await.unwrap_err();
    assert!(matches!(refused, FeedError::TransactionIdsRestarted { .. }), "{refused}");

    assert_eq!(Ledger::raise_epoch(&database.config()).await.unwrap(), 2);
    let client = database.connect().await;
    for text in ["six", "seven", "eight"] {
        written.push(append(&client, session_id(), 1, &noted(text)).await.unwrap());
    }
    for limit in [1, 2, 100] {
        let (name, holder) = (format!("new-{limit}"), "test");
        let mut subscription = ledger.subscription(&name, holder).await.unwrap();
        assert_eq!(drain(&mut subscription, limit).await, written, "a new follower, in batches of {limit}");
    }
    let mut subscription = ledger.subscription("follower", "test").await.unwrap();
    assert_eq!(drain(&mut subscription, 2).await, written[2..]);
    written.push(append(&client, session_id(), 1, &noted("nine")).await.unwrap());
    assert_eq!(drain(&mut subscription, 2).await, written[8..]);
    assert_eq!(database.count("session_ledger.event where epoch = 2").await, 4);

    let verification = ledger.verify(|_| {}).await.unwrap();
    assert!(verification.irregularities.is_empty(), "{verification:?}");
}

#[tokio::test]
async fn each_epoch_is_read_to_its_end_also_one_without_an_event() {
    let (database, ledger, mut written) = restored().await;
    for epoch in [2, 3, 4] {
        assert_eq!(Ledger::raise_epoch(&database.config()).await.unwrap(), epoch);
        if epoch == 3 {
            let client = database.connect().await;
            written.push(append(&client, session_id(), 1, &noted("in the third")).await.unwrap());
        }
    }
    let client = database.connect().await;
    written.push(append(&client, session_id(), 1, &noted("in the fourth")).await.unwrap());
    let mut subscription = ledger.subscription("another", "test").await.unwrap();
    assert_eq!(drain(&mut subscription, 3).await, written);
    assert_eq!(ledger.epoch().await.unwrap(), 4);
}

/// An event of an epoch that is over would never be delivered.
#[tokio::test]
async fn the_epoch_is_not_raised_while_somebody_writes_an_event_of_the_present_one() {
    let (database, ledger) = ledger().await;
    let mut writer = database.connect().await;
    let transaction = writer.transaction().await.unwrap();
    let insert = "insert into session_ledger.event
        (session_id, version, event_id, kind, shape, payload, hash, occurred_at)
        values (gen_random_uuid(), 1, gen_random_uuid(), 'cleared', 1, '', sha256(''), now())";
    transaction.batch_execute(insert).await.unwrap();
    let config = database.config();
    let refused = Ledger::raise_epoch(&config).await.unwrap_err();
    assert!(matches!(refused, session_ledger::ledger::SchemaError::Held { .. }), "{refused}");

    let raising = tokio::spawn(async move { Ledger::raise_epoch(&config).await });
    transaction.commit().await.unwrap();
    assert_eq!(raising.await.unwrap().unwrap(), 2);
    let mut subscription = ledger.subscription("follower", "test").await.unwrap();
    assert_eq!(drain(&mut subscription, 10).await.len(), 1);
}
