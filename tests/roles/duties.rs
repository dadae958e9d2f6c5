//! Each role can do what its duty asks of it.

use session_ledger::ledger::{End, RebuildOptions};
use session_ledger::session::{EndReason, UserId};
use test_support::Database;

use super::{AUDITOR, OPERATOR, RELAY, RUNTIME, ledger, visit};

#[tokio::test]
async fn the_runtime_role_can_do_what_an_application_does() {
    let database = Database::fresh().await;
    visit(&database).await;
    let runtime = ledger(&database, RUNTIME).await;
    let sessions = runtime.sessions(&UserId::from("alice")).await.unwrap();
    assert_eq!(sessions.len(), 2);
    let live = sessions.iter().find(|session| session.ended.is_none()).unwrap();
    assert!(runtime.end(live.id, End::because(EndReason::Revoked).by("admin")).await.unwrap());
    let history = runtime.history(live.id).await.unwrap();
    assert_eq!(history.last().unwrap().entry.encoded.kind(), "ended");
}

#[tokio::test]
async fn the_relay_can_follow_the_feed() {
    let database = Database::fresh().await;
    visit(&database).await;
    let relay = ledger(&database, RELAY).await;
    let mut subscription = relay.subscription("audit", "test").await.unwrap();
    let batch = subscription.next_batch(100).await.unwrap();
    assert!(!batch.events.is_empty());
    subscription.checkpoint(batch).await.unwrap();
    subscription.renew().await.unwrap();
    subscription.release().await.unwrap();
}

#[tokio::test]
async fn the_auditor_can_verify_and_read_histories() {
    let database = Database::fresh().await;
    visit(&database).await;
    let auditor = ledger(&database, AUDITOR).await;
    assert!(auditor.verify(|_| {}).await.unwrap().is_equal());
    let sessions = auditor.sessions(&UserId::from("alice")).await.unwrap();
    assert!(!auditor.history(sessions[0].id).await.unwrap().is_empty());
}

#[tokio::test]
async fn the_operator_can_rebuild() {
    let database = Database::fresh().await;
    let operator = ledger(&database, OPERATOR).await;
    operator.rebuild(RebuildOptions::default(), |_| {}).await.unwrap();
    visit(&database).await;
    let lost = "truncate session_ledger.ended_session; update session_ledger.session set user_id = 'mallory'";
    database.connect().await.batch_execute(lost).await.unwrap();
    let rebuilt = operator.rebuild(RebuildOptions::default().while_connected(), |_| {}).await.unwrap();
    assert_eq!((rebuilt.live, rebuilt.ended), (1, 1));
}

#[tokio::test]
async fn nobody_else_can_rebuild_or_follow_or_verify() {
    let database = Database::fresh().await;
    let options = RebuildOptions::default().while_connected();
    for role in [RUNTIME, RELAY, AUDITOR] {
        let refused = ledger(&database, role).await.rebuild(options, |_| {}).await.unwrap_err().to_string();
        assert!(refused.contains("permission denied for table "), "{role}: {refused}");
    }
    for role in [RUNTIME, AUDITOR, OPERATOR] {
        let refused = ledger(&database, role).await.subscription("audit", "test").await.unwrap_err();
        assert_eq!(
            refused.to_string(),
            "the database refused a statement: permission denied for table subscription (42501)",
            "{role}"
        );
    }
    for role in [RUNTIME, RELAY, OPERATOR] {
        let refused = ledger(&database, role).await.verify(|_| {}).await.unwrap_err().to_string();
        assert!(refused.contains("permission denied for "), "{role}: {refused}");
    }
}
