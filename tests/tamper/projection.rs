//! Changes of the tables beside the log.

use session_ledger::ledger::Finding;

use super::{OPERATOR, RUNTIME, Scene};

#[tokio::test]
async fn a_row_that_the_application_has_changed_is_found() {
    for (column, change) in [("user_id", "user_id = 'admin'"), ("token_hash", "token_hash = sha256('mine')")]
    {
        let scene = Scene::set().await;
        scene.run(RUNTIME, &format!("update session_ledger.session set {change}")).await;
        let findings = scene.findings(scene.live).await;
        assert!(
            matches!(&findings[..], [Finding::ColumnDiffers { column: c, .. }] if *c == column),
            "{findings:?}"
        );
        assert!(!scene.verify().await.is_log_damaged(), "a rebuild mends it");
    }
}

#[tokio::test]
async fn a_row_that_the_application_has_deleted_is_found() {
    let scene = Scene::set().await;
    scene.run(RUNTIME, "delete from session_ledger.session").await;
    assert_eq!(scene.findings(scene.live).await, [Finding::RowMissing { table: "session" }]);
}

#[tokio::test]
async fn an_end_that_the_application_has_made_up_is_found() {
    let scene = Scene::set().await;
    let invent = "insert into session_ledger.ended_session
        select session_id, version, started_at, now(), now(), authenticated_at, 'revoked', user_id, head_hash
          from session_ledger.session";
    scene.run(RUNTIME, invent).await;
    assert_eq!(scene.findings(scene.live).await, [Finding::RowTooMany { table: "ended_session" }]);

    let scene = Scene::set().await;
    let stranger = "insert into session_ledger.ended_session
        values ('01a2050f-87d4-7808-b9f2-86f0654e3b3f', 1, now(), now(), now(), null, 'revoked', null, '')";
    scene.run(RUNTIME, stranger).await;
    let stranger = "01a2050f-87d4-7808-b9f2-86f0654e3b3f".parse().unwrap();
    assert_eq!(scene.findings(stranger).await, [Finding::EventsMissing { table: "ended_session" }]);
}

#[tokio::test]
async fn a_projection_that_the_operator_has_emptied_is_found_and_rebuilt() {
    let scene = Scene::set().await;
    scene.run(OPERATOR, "truncate session_ledger.session, session_ledger.ended_session").await;
    assert_eq!(scene.findings(scene.live).await, [Finding::RowMissing { table: "session" }]);
    assert_eq!(scene.findings(scene.ended).await, [Finding::RowMissing { table: "ended_session" }]);
    assert!(!scene.verify().await.is_log_damaged());
    let options = session_ledger::ledger::RebuildOptions::default().while_connected();
    scene.ledger.rebuild(options, |_| {}).await.unwrap();
    assert!(scene.verify().await.is_equal());
}

#[tokio::test]
async fn a_token_kept_to_be_sent_again_where_none_belongs_is_found() {
    let scene = Scene::set().await;
    scene.run(RUNTIME, "update session_ledger.session set resend = sha256('mine')").await;
    let findings = scene.findings(scene.live).await;
    assert_eq!(findings, [Finding::ResendWrong]);
    assert_eq!(
        findings[0].to_string(),
        "`session.resend` holds bytes that the library does not keep for this session"
    );
}

/// A session that was "seen" a hundred years ahead is never idle.
#[tokio::test]
async fn activity_in_the_future_is_found() {
    for ahead in ["now() + interval '100 years'", "'infinity'"] {
        let scene = Scene::set().await;
        let seen = format!(
            "insert into session_ledger.activity as a values ('{}', {ahead})
             on conflict (session_id) do update set last_seen = excluded.last_seen",
            scene.live
        );
        scene.run(RUNTIME, &seen).await;
        let findings = scene.findings(scene.live).await;
        assert!(matches!(findings[..], [Finding::SeenAhead { .. }]), "{ahead}: {findings:?}");
        assert!(findings[0].to_string().ends_with(", which is in the future"), "{}", findings[0]);
    }
}
