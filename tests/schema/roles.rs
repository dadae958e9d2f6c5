//! The rights of each role.

use session_ledger::Ledger;
use session_ledger::ledger::{End, RebuildOptions};
use session_ledger::session::{EndReason, UserId};
use test_support::Database;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, NoTls};

use super::{in_role, refusal, start};

const RUNTIME: &str = "session_ledger_runtime";
const OPERATOR: &str = "session_ledger_operator";

async fn connect(database: &Database, role: &str) -> Client {
    let (client, connection) = in_role(database.config(), role).connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

async fn ledger(database: &Database, role: &str) -> Ledger {
    Ledger::builder(in_role(database.config(), role)).connect().await.unwrap()
}

async fn assert_denied(client: &Client, statements: &[&str]) {
    for statement in statements {
        let refused = refusal(client, statement).await;
        assert_eq!(refused.code, SqlState::INSUFFICIENT_PRIVILEGE, "{statement}: {refused:?}");
    }
}

#[tokio::test]
async fn the_runtime_role_can_do_what_the_library_does() {
    let database = Database::fresh().await;
    let admin = database.connect().await;
    let session = start(&admin, "alice").await;
    let ledger = ledger(&database, RUNTIME).await;

    assert!(ledger.end(session, End::because(EndReason::Revoked).by("admin")).await.unwrap());

    let history = ledger.history(session).await.unwrap();
    assert_eq!(history.last().unwrap().entry.encoded.kind(), "ended");
    let sessions = ledger.sessions(&UserId::from("alice")).await.unwrap();
    assert_eq!(sessions[0].ended.as_ref().unwrap().0, EndReason::Revoked);
    assert_eq!(sessions.len(), 1);
    assert_eq!(ledger.verify(|_| {}).await.unwrap().sessions, 1);
}

#[tokio::test]
async fn the_runtime_role_cannot_rewrite_the_log() {
    let database = Database::fresh().await;
    start(&database.connect().await, "alice").await;
    let client = connect(&database, RUNTIME).await;
    assert_denied(
        &client,
        &[
            "update session_ledger.event set user_id = 'mallory'",
            "delete from session_ledger.event",
            "truncate session_ledger.event",
            "delete from session_ledger.event_otherwise",
            "alter table session_ledger.event disable trigger all",
            "drop table session_ledger.event",
            "drop table session_ledger.event_otherwise",
            "drop schema session_ledger cascade",
            "drop trigger an_event_is_never_changed on session_ledger.event",
            "create or replace function session_ledger.clock() returns timestamptz language sql as 'select now()'",
            "set session_replication_role = replica",
        ],
    )
    .await;
}

#[tokio::test]
async fn the_runtime_role_cannot_say_when_or_where_an_event_was_recorded() {
    let database = Database::fresh().await;
    let client = connect(&database, RUNTIME).await;
    let insert = |column: &str, value: &str| {
        format!(
            "insert into session_ledger.event (session_id, version, event_id, kind, shape, occurred_at, hash, payload{column})
             values (gen_random_uuid(), 1, gen_random_uuid(), 'cleared', 1, now(), sha256(''), ''{value})"
        )
    };
    assert_denied(
        &client,
        &[
            &insert(", recorded_at", ", now()"),
            &insert(", position", ", 1"),
            &insert(", transaction_id", ", pg_current_xact_id()"),
            &insert(", epoch", ", 2"),
            "select setval('session_ledger.event_position', 1)",
        ],
    )
    .await;
    client.batch_execute(&insert("", "")).await.unwrap();
}

#[tokio::test]
async fn the_runtime_role_cannot_change_what_has_ended_or_what_it_has_no_business_with() {
    let database = Database::fresh().await;
    let client = connect(&database, RUNTIME).await;
    assert_denied(
        &client,
        &[
            "delete from session_ledger.ended_session",
            "update session_ledger.ended_session set reason = 'revoked'",
            "truncate session_ledger.ended_session",
            "truncate session_ledger.session",
            "delete from session_ledger.activity",
            "select from session_ledger.subscription",
            "update session_ledger.migration set version = 1",
            "create table session_ledger.mine ()",
        ],
    )
    .await;
}

#[tokio::test]
async fn the_runtime_role_cannot_rebuild_and_the_operator_can() {
    let database = Database::fresh().await;
    let admin = database.connect().await;
    admin
        .batch_execute(
            "insert into session_ledger.ended_session
        select gen_random_uuid(), 1, now(), now(), now(), null, 'revoked', null, ''",
        )
        .await
        .unwrap();
    drop(admin);
    let runtime = ledger(&database, RUNTIME).await;
    let refused = runtime.rebuild(RebuildOptions::default(), |_| {}).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the database refused a statement: permission denied for table ended_session (42501)"
    );
    drop(runtime);
    for options in [RebuildOptions::default(), RebuildOptions::default().while_connected()] {
        let operator = ledger(&database, OPERATOR).await;
        assert_eq!(operator.rebuild(options, |_| {}).await.unwrap().ended, 0);
        assert!(operator.verify(|_| {}).await.unwrap().is_equal());
    }
}

#[tokio::test]
async fn the_operator_cannot_rewrite_the_log_either() {
    let database = Database::fresh().await;
    let client = connect(&database, OPERATOR).await;
    assert_denied(
        &client,
        &[
            "update session_ledger.event set user_id = 'mallory'",
            "delete from session_ledger.event",
            "truncate session_ledger.event",
            "drop table session_ledger.event_otherwise",
        ],
    )
    .await;
}
