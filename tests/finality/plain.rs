//! The reason for the fence: a plain transaction that read the session as live commits after the logout has.

use session_ledger::session::SessionId;
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use crate::stage::Stage;

const FENCE: &str = include_str!("../../src/store/sql/fence.sql");

/// Reads the session and writes a row, as an application would with a transaction alone.
async fn begin(stage: &Stage, isolation: &str, session: SessionId) -> Client {
    let client = stage.database.connect().await;
    client.batch_execute(&format!("begin isolation level {isolation}")).await.unwrap();
    let load = "select from session_ledger.session where session_id = $1";
    assert_eq!(client.query(load, &[&session.as_uuid()]).await.unwrap().len(), 1, "the session is live");
    client.execute("insert into work (session_id) values ($1)", &[&session.as_uuid()]).await.unwrap();
    client
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plain_transaction_commits_after_the_end_and_the_judge_sees_it() {
    let stage = Stage::new().await;
    for (nth, isolation) in ["read committed", "repeatable read", "serializable"].iter().enumerate() {
        let (_visitor, session) = stage.sign_in("alice").await;
        let client = begin(&stage, isolation, session).await;
        assert!(stage.revoke(session).await);
        client.batch_execute("commit").await.unwrap();
        assert_eq!(stage.late().await, nth as i64 + 1, "{isolation}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_fence_refuses_the_same_transaction() {
    let stage = Stage::new().await;
    let (_visitor, session) = stage.sign_in("alice").await;
    let client = begin(&stage, "serializable", session).await;
    assert!(stage.revoke(session).await);
    let version = 3_i64;
    let refused = client.query(FENCE, &[&session.as_uuid(), &version]).await.unwrap_err();
    assert_eq!(refused.code(), Some(&SqlState::T_R_SERIALIZATION_FAILURE), "{refused:?}");
    client.batch_execute("commit").await.unwrap();
    assert_eq!(stage.database.count("work").await, 0);
}
