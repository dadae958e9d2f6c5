//! Transactions of other drivers, and the end of a session.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use session_ledger::ledger::FENCE;
use session_ledger::session::{EndReason, Policy};
use session_ledger::web::Sessions;
use session_ledger::{Ledger, SessionId};
use test_support::{Database, Visitor, application, key_ring};
use tokio_postgres::Client;

async fn signed_in() -> (Visitor, Ledger, SessionId, Database) {
    let database = Database::fresh().await;
    let ledger = database.ledger(Policy::default()).await;
    let visitor = Visitor::new(&application(Sessions::new(ledger.clone(), key_ring())));
    visitor.get("/login/alice").await;
    let session = ledger.sessions(&"alice".into()).await.unwrap()[0].id;
    (visitor, ledger, session, database)
}

async fn is_held(client: &Client, session: SessionId) -> bool {
    client.query_opt(FENCE, &[&session.as_uuid()]).await.unwrap().is_some()
}

#[tokio::test]
async fn a_foreign_transaction_is_told_that_its_session_has_ended() {
    let (_, ledger, session, database) = signed_in().await;
    let client = database.connect().await;
    client.batch_execute("begin; select 1").await.unwrap();
    assert!(ledger.end(session, EndReason::Revoked).await.unwrap());
    assert!(!is_held(&client, session).await);
}

#[tokio::test]
async fn a_serializable_one_whose_session_ended_meanwhile_fails() {
    let (_, ledger, session, database) = signed_in().await;
    let client = database.connect().await;
    client.batch_execute("begin isolation level serializable; select 1").await.unwrap();
    assert!(ledger.end(session, EndReason::Revoked).await.unwrap());
    let failed = client.query_opt(FENCE, &[&session.as_uuid()]).await.unwrap_err();
    assert_eq!(failed.code().unwrap().code(), "40001");
}

#[tokio::test]
async fn an_end_waits_for_a_foreign_transaction_behind_the_fence() {
    let (_, ledger, session, database) = signed_in().await;
    let (client, onlooker) = (database.connect().await, database.connect().await);
    client
        .batch_execute("create table done (at timestamptz); begin; insert into done values (now())")
        .await
        .unwrap();
    assert!(is_held(&client, session).await);

    let ending = tokio::spawn(async move { ledger.end(session, EndReason::Revoked).await });
    let waits = "select exists (select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database())";
    while !onlooker.query_one(waits, &[]).await.unwrap().get::<_, bool>(0) {
        tokio::task::yield_now().await;
    }
    assert!(!ending.is_finished());
    client.batch_execute("commit").await.unwrap();
    assert!(ending.await.unwrap().unwrap(), "then it ends");
    assert_eq!(database.count("done").await, 1);
}

/// Changes of the session and the fence of another transaction do not wait for each other.
#[tokio::test]
async fn a_change_of_the_session_does_not_wait_for_the_fence() {
    let (visitor, _, session, database) = signed_in().await;
    let client = database.connect().await;
    client.batch_execute("begin").await.unwrap();
    assert!(is_held(&client, session).await);
    assert_eq!(visitor.get("/add").await.status, 200);
    client.batch_execute("commit").await.unwrap();
}
