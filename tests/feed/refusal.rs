//! Servers on which a cursor would skip: there the feed refuses.

use session_ledger::Ledger;
use session_ledger::ledger::FeedError;
use test_support::{Database, append};

use super::{drain, ledger, noted, session_id};

#[tokio::test]
async fn an_event_from_the_future_is_refused() {
    const INSERT: &str = "
        insert into session_ledger.event
               (session_id, version, event_id, kind, shape, payload, hash, occurred_at, transaction_id)
        values ($1, 1, gen_random_uuid(), 'cleared', 1, '', sha256(''), now(), '4294967296007')";
    let (database, ledger) = ledger().await;
    database.connect().await.execute(INSERT, &[&session_id().as_uuid()]).await.unwrap();
    let refusal = ledger.subscription("follower", "test").await.unwrap_err();
    assert!(matches!(refusal, FeedError::TransactionIdsRestarted { newest: 4_294_967_296_007, .. }));
    let message = refusal.to_string();
    assert!(
        message.starts_with("transaction ids have started again: the log or its cursor knows 4294967296007")
    );
    assert!(message.contains("Run `projector epoch raise`, as the owner of the schema"), "{message}");
}

#[tokio::test]
async fn an_event_from_the_future_does_not_take_the_cursor_there() {
    const INSERT: &str = "
        insert into session_ledger.event
               (session_id, version, event_id, kind, shape, payload, hash, occurred_at, transaction_id)
        values ($1, 1, gen_random_uuid(), 'cleared', 1, '', sha256(''), now(), '4294967295')";
    let (database, ledger) = ledger().await;
    let client = database.connect().await;
    let mut subscription = ledger.subscription("follower", "test").await.unwrap();
    client.execute(INSERT, &[&session_id().as_uuid()]).await.unwrap();
    for text in ["one", "another"] {
        let event = append(&client, session_id(), 1, &noted(text)).await.unwrap();
        assert_eq!(drain(&mut subscription, 1).await, [event]);
    }
}

#[tokio::test]
async fn a_cursor_from_the_future_is_refused() {
    let (database, ledger) = ledger().await;
    ledger.subscription("follower", "test").await.unwrap();
    let ahead = "update session_ledger.subscription set cursor = '4294967296007:4294967296007:'";
    database.connect().await.batch_execute(ahead).await.unwrap();
    let refusal = ledger.subscription("follower", "test").await.unwrap_err();
    assert!(matches!(refusal, FeedError::TransactionIdsRestarted { newest: 4_294_967_296_006, .. }));
    ledger.subscription("another", "test").await.expect("the log itself is sound");
}

#[tokio::test]
async fn a_standby_is_refused() {
    let database = Database::fresh().await;
    pretend_to_be_a_standby(&database).await;
    let ledger = Ledger::builder(database.config()).connect().await.unwrap();
    let refusal = ledger.subscription("follower", "test").await.unwrap_err();
    assert!(matches!(refusal, FeedError::Standby));
    assert_eq!(
        refusal.to_string(),
        "this server is a standby, which keeps no subscription: connect to the primary, or read the feed with \
         `Ledger::read_feed` and keep its cursor elsewhere"
    );
}

/// Puts a function of ours in front of PostgreSQL's own, for all new connections.
async fn pretend_to_be_a_standby(database: &Database) {
    let pretence = format!(
        "create schema pretence;
         create function pretence.pg_is_in_recovery() returns boolean language sql return true;
         alter database {} set search_path = pretence, pg_catalog, public;",
        database.name()
    );
    database.connect().await.batch_execute(&pretence).await.unwrap();
}
