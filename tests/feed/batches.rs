//! The size of a batch, and its events.

use session_ledger::session::{Event, SessionId};
use test_support::{Database, append};
use tokio_postgres::Client;

use super::{drain, ids, ledger, noted, session_id};

/// A transaction's events, one session each: so nothing needs to be serializable, and none may fail for it.
async fn write(client: &Client, events: usize) {
    client.batch_execute("begin").await.unwrap();
    for _ in 0..events {
        append(client, session_id(), 1, &noted("one of several")).await.unwrap();
    }
}

#[tokio::test]
async fn a_thousand_events_come_in_bounded_batches_of_whole_transactions() {
    const LIMIT: usize = 10;
    let (database, ledger) = ledger().await;
    let client = database.connect().await;
    let mut written = 0;
    while written < 1_000 {
        let events = (1 + written % 7).min(1_000 - written);
        write(&client, events).await;
        client.batch_execute("commit").await.unwrap();
        written += events;
    }
    let mut subscription = ledger.subscription("follower", "test").await.unwrap();
    let (mut delivered, mut transactions) = (0, Vec::new());
    while delivered < 1_000 {
        let batch = subscription.next_batch(LIMIT as u32).await.unwrap();
        let last = batch.events.last().expect("a batch before the end is not empty").transaction_id;
        let of_last = batch.events.iter().filter(|recorded| recorded.transaction_id == last).count();
        assert!(batch.events.len() < LIMIT + of_last, "{} events", batch.events.len());
        let mut here: Vec<_> = batch.events.iter().map(|recorded| recorded.transaction_id).collect();
        here.dedup();
        transactions.extend(here);
        delivered += batch.events.len();
        subscription.checkpoint(batch).await.unwrap();
    }
    assert_eq!(delivered, 1_000);
    assert!(transactions.is_sorted_by(|one, next| one < next), "a transaction was split");
}

#[tokio::test]
async fn transactions_that_end_late_come_in_bounded_batches_too() {
    let (database, ledger) = ledger().await;
    let mut open = Vec::new();
    for _ in 0..12 {
        let client = database.connect().await;
        write(&client, 3).await;
        open.push(client);
    }
    // The cursor moves past all of them; they are running in it.
    let client = database.connect().await;
    let first = append(&client, session_id(), 1, &noted("meanwhile")).await.unwrap();
    let mut subscription = ledger.subscription("follower", "test").await.unwrap();
    assert_eq!(drain(&mut subscription, 4).await, [first]);

    // All but one end, the latest first.
    let kept = open.remove(5);
    for client in open.iter().rev() {
        client.batch_execute("commit").await.unwrap();
    }
    let fresh = append(&client, session_id(), 1, &noted("after")).await.unwrap();
    let mut delivered = Vec::new();
    loop {
        let batch = subscription.next_batch(4).await.unwrap();
        if batch.events.is_empty() {
            break;
        }
        assert!(batch.events.len() < 4 + 3, "{} events", batch.events.len());
        delivered.extend(ids(&batch));
        subscription.checkpoint(batch).await.unwrap();
    }
    assert_eq!(delivered.len(), 11 * 3 + 1);
    assert_eq!(delivered.last(), Some(&fresh));

    kept.batch_execute("commit").await.unwrap();
    assert_eq!(drain(&mut subscription, 4).await.len(), 3);
}

#[tokio::test]
async fn an_empty_log_gives_an_empty_batch_that_can_be_checkpointed() {
    let (database, ledger) = ledger().await;
    let mut subscription = ledger.subscription("follower", "test").await.unwrap();
    let batch = subscription.next_batch(10).await.unwrap();
    assert!(batch.events.is_empty());
    subscription.checkpoint(batch).await.unwrap();
    subscription.renew().await.unwrap();
    let client = database.connect().await;
    let event = append(&client, session_id(), 1, &noted("at last")).await.unwrap();
    assert_eq!(drain(&mut subscription, 10).await, [event]);
}

#[tokio::test]
async fn no_transaction_is_open_while_a_batch_is_delivered() {
    const OPEN: &str = "
        select count(*) from pg_stat_activity
         where datname = current_database() and pid <> pg_backend_pid() and (xact_start is not null or state <> 'idle')
           and backend_type = 'client backend'";
    let (database, ledger) = ledger().await;
    let client = database.connect().await;
    append(&client, session_id(), 1, &noted("one")).await.unwrap();
    let mut subscription = ledger.subscription("follower", "test").await.unwrap();
    let batch = subscription.next_batch(10).await.unwrap();
    assert_eq!(batch.events.len(), 1);
    // A backend reports itself idle a moment after it has answered.
    let all_idle = async {
        while client.query_one(OPEN, &[]).await.unwrap().get::<_, i64>(0) > 0 {
            tokio::task::yield_now().await;
        }
    };
    let idle = tokio::time::timeout(std::time::Duration::from_secs(10), all_idle).await;
    idle.expect("a transaction is open");
    subscription.checkpoint(batch).await.unwrap();
}

#[tokio::test]
async fn a_limit_of_zero_still_moves_on() {
    let (database, ledger) = ledger().await;
    let client = database.connect().await;
    for _ in 0..3 {
        append(&client, session_id(), 1, &noted("one")).await.unwrap();
    }
    let mut subscription = ledger.subscription("follower", "test").await.unwrap();
    assert_eq!(drain(&mut subscription, 0).await.len(), 3);
}

#[tokio::test]
async fn a_damaged_payload_is_handed_on_as_it_is_stored() {
    let (database, ledger) = ledger().await;
    let session = session_id();
    let client = database.connect().await;
    append(&client, session, 1, &noted("whole")).await.unwrap();
    damage(&database, session).await;
    append(&client, session_id(), 1, &noted("whole again")).await.unwrap();

    let mut subscription = ledger.subscription("follower", "test").await.unwrap();
    let batch = subscription.next_batch(10).await.unwrap();
    assert_eq!(batch.events.len(), 3);
    let damaged = &batch.events[1].entry;
    assert!(damaged.event().is_err(), "the payload was read");
    assert_eq!((damaged.encoded.kind(), damaged.encoded.shape()), ("noted", 1));
    assert_eq!(damaged.encoded.payload(), b"\xff\xff");
    assert!(matches!(batch.events[2].entry.event(), Ok(Event::Noted(_))));
    assert!(ledger.state_at(session, 2).await.is_err(), "where the payload counts, damage is an error");
}

/// The feed passes over ids that are never given; a cursor may not name the first of them.
#[tokio::test]
async fn no_snapshot_ends_at_the_first_transaction_id_of_an_epoch() {
    const SNAPSHOT: &str = "select $1::text::pg_snapshot::text";
    let database = Database::fresh().await;
    let client = database.connect().await;
    client.query_one(SNAPSHOT, &[&"4294967296:4294967296:"]).await.unwrap_err();
    let next = "4294967299:4294967299:";
    assert_eq!(client.query_one(SNAPSHOT, &[&next]).await.unwrap().get::<_, &str>(0), next);
}

/// Records a second event of a session, with a payload that no kind has.
async fn damage(database: &Database, session: SessionId) {
    const INSERT: &str = "
        insert into session_ledger.event (session_id, version, event_id, kind, shape, payload, hash, occurred_at)
        values ($1, 2, gen_random_uuid(), 'noted', 1, '\\xffff', sha256(''), now())";
    database.connect().await.execute(INSERT, &[&session.as_uuid()]).await.unwrap();
}
