//! What the database refuses.

use tokio_postgres::error::SqlState;

use super::{OPERATOR, RELAY, RUNTIME, Scene};

impl Scene {
    async fn assert_refused(&self, role: &str, statements: &[&str]) {
        let client = self.connect(role).await;
        for statement in statements {
            let refused = client.batch_execute(statement).await.expect_err(statement);
            assert_eq!(
                refused.code(),
                Some(&SqlState::INSUFFICIENT_PRIVILEGE),
                "{role}: {statement}: {refused:?}"
            );
        }
        assert!(self.verify().await.is_equal());
    }
}

#[tokio::test]
async fn no_role_changes_or_removes_an_event() {
    let scene = Scene::set().await;
    for role in [RUNTIME, RELAY, OPERATOR] {
        let deeds = [
            "update session_ledger.event set user_id = 'mallory'",
            "delete from session_ledger.event",
            "truncate session_ledger.event",
        ];
        scene.assert_refused(role, &deeds).await;
    }
}

#[tokio::test]
async fn the_application_does_not_empty_the_sessions_and_the_operator_drops_no_partition() {
    let scene = Scene::set().await;
    scene.assert_refused(RUNTIME, &["truncate session_ledger.session"]).await;
    scene.assert_refused(OPERATOR, &["drop table session_ledger.event_otherwise"]).await;
}

#[tokio::test]
async fn the_application_does_not_get_around_what_guards_the_log() {
    let scene = Scene::set().await;
    let deeds = [
        "alter table session_ledger.event detach partition session_ledger.event_otherwise",
        "alter table session_ledger.event disable trigger all",
        "set session_replication_role = replica",
        "insert into session_ledger.event_otherwise select * from session_ledger.event",
        "insert into session_ledger.event
                (session_id, version, event_id, kind, shape, occurred_at, hash, payload, recorded_at)
         values (gen_random_uuid(), 1, gen_random_uuid(), 'cleared', 1, now(), sha256(''), '', now())",
        "select setval('session_ledger.event_position', 1)",
        "create or replace function session_ledger.clock() returns timestamptz language sql as 'select now()'",
        "create function session_ledger.mine() returns integer language sql return 1",
    ];
    scene.assert_refused(RUNTIME, &deeds).await;
}

#[tokio::test]
async fn the_application_does_not_change_what_has_ended_or_forget_who_was_seen() {
    let scene = Scene::set().await;
    let deeds = [
        "update session_ledger.ended_session set reason = 'revoked'",
        "delete from session_ledger.ended_session",
        "delete from session_ledger.activity",
    ];
    scene.assert_refused(RUNTIME, &deeds).await;
}

#[tokio::test]
async fn triggers_keep_even_the_owner_from_changing_or_emptying_the_log() {
    let scene = Scene::set().await;
    let owner = scene.database.connect().await;
    for deed in ["update session_ledger.event set user_id = 'mallory'", "truncate session_ledger.event"] {
        let refused = owner.batch_execute(deed).await.unwrap_err();
        assert_eq!(refused.code(), Some(&SqlState::RESTRICT_VIOLATION), "{deed}");
    }
    assert!(scene.verify().await.is_equal());
}

/// The operator's role could add events, and whoever relayed the feed had that role.
#[tokio::test]
async fn neither_the_relay_nor_the_operator_adds_an_event() {
    let scene = Scene::set().await;
    let insert = "
        insert into session_ledger.event (session_id, version, event_id, kind, shape, occurred_at, hash, payload)
        values (gen_random_uuid(), 1, gen_random_uuid(), 'cleared', 1, now(), sha256(''), '')";
    for role in [RELAY, OPERATOR] {
        scene.assert_refused(role, &[insert]).await;
    }
    scene.assert_refused(RELAY, &["update session_ledger.session set user_id = 'mallory'"]).await;
    scene.assert_refused(OPERATOR, &["update session_ledger.subscription set cursor = '9:9:'"]).await;
}
