//! A log that cannot be folded as a whole.

use session_ledger::ledger::RebuildError;

use super::{SPOIL, Scene, beside};

const DAMAGE: &str = "the stored bytes are damaged";

#[tokio::test]
async fn an_event_that_cannot_be_read_stops_the_rebuild_before_anything_is_written() {
    let scene = Scene::set().await;
    let (_, session) = scene.walk("/add /add").await;
    scene.run(SPOIL).await;
    let spoilt = format!(
        "update session_ledger.event set payload = '\\xff' where session_id = '{session}' and version = 2"
    );
    scene.run_unguarded(&spoilt).await;
    let before = scene.rows().await;
    let refused = scene.rebuild().await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        format!(
            "event 2 of session {session} cannot be read, so nothing was rebuilt: value_set of shape 2 does not decode: {DAMAGE}"
        )
    );
    assert_eq!(scene.rows().await, before);
}

#[tokio::test]
async fn told_to_skip_it_the_rebuild_names_the_session_and_leaves_its_row_alone() {
    let scene = Scene::set().await;
    let (_, session) = scene.walk("/add /add").await;
    scene.run(SPOIL).await;
    let spoilt = format!(
        "update session_ledger.event set payload = '\\xff' where session_id = '{session}' and version = 2"
    );
    scene.run_unguarded(&spoilt).await;
    let rebuilt = scene.rebuild_with(beside().skip_undecodable(), |_| {}).await.unwrap();
    assert_eq!(rebuilt.undecodable_total, 1);
    let named = &rebuilt.undecodable[0];
    assert_eq!((named.session, named.version), (session, 2));
    assert!(named.error.to_string().ends_with(DAMAGE), "{}", named.error);
    let wrong = "session_ledger.session where user_agent = 'wrong'";
    assert_eq!(scene.database.count(wrong).await, 1);
    assert_eq!(scene.database.count(&format!("{wrong} and session_id = '{session}'")).await, 1);
}

#[tokio::test]
async fn rows_that_know_more_than_the_log_are_not_touched() {
    let losses: [(&str, &str); 3] = [
        (
            "the last event",
            "and version = (select max(version) from session_ledger.event as e where e.session_id = event.session_id)",
        ),
        ("all events", ""),
        ("an event in the middle", "and version = 2"),
    ];
    for (loss, which) in losses {
        let scene = Scene::set().await;
        let (_, session) = scene.walk("/add /login/erin /add").await;
        scene.run(SPOIL).await;
        scene
            .run_unguarded(&format!(
                "delete from session_ledger.event where session_id = '{session}' {which}"
            ))
            .await;
        let before = scene.rows().await;
        match scene.rebuild().await.unwrap_err() {
            RebuildError::EventsMissing { rows, rows_total } => {
                assert_eq!((rows[0].session, rows_total), (session, 1), "{loss}");
                assert_eq!(rows[0].table, "session", "{loss}");
            }
            RebuildError::VersionGap { session: named, .. } => assert_eq!(named, session, "{loss}"),
            other => panic!("{loss}: {other}"),
        }
        assert_eq!(scene.rows().await, before, "{loss}");
    }
}
