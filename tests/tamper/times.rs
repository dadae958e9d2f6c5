//! What the database adds to an event lies outside the chain, and agrees with the events beside it.

use session_ledger::ledger::{Finding, Irregularity};
use session_ledger::session::SessionId;
use time::{Duration, OffsetDateTime};

use super::forgery::forge_session;
use super::{RUNTIME, Scene};

impl Scene {
    /// The columns that are out of place in the live session, and its events.
    async fn out_of_place(&self) -> Vec<(&'static str, i64)> {
        let place = |finding| match finding {
            Finding::OutOfPlace { column, version, .. } => (column, version),
            other => panic!("{other}"),
        };
        self.findings(self.live).await.into_iter().map(place).collect()
    }
}

#[tokio::test]
async fn a_changed_time_of_recording_is_found_by_its_neighbours() {
    for (version, change, found) in [
        (3, "recorded_at = recorded_at - interval '3 hours'", vec![("recorded_at", 3), ("recorded_at", 3)]),
        (3, "recorded_at = recorded_at + interval '3 hours'", vec![("recorded_at", 3), ("recorded_at", 4)]),
        (1, "recorded_at = recorded_at - interval '3 hours'", vec![("recorded_at", 1)]),
        (1, "recorded_at = recorded_at + interval '3 days'", vec![("recorded_at", 1), ("recorded_at", 2)]),
        (3, "recorded_at = 'infinity'", vec![("recorded_at", 3)]),
    ] {
        let scene = Scene::set().await;
        scene.overwrite(version, change).await;
        assert_eq!(scene.out_of_place().await, found, "{version}: {change}");
        assert!(scene.verify().await.is_log_damaged());
    }
}

#[tokio::test]
async fn a_changed_position_is_found_by_its_neighbours() {
    let scene = Scene::set().await;
    scene.overwrite(3, "position = 1").await;
    assert_eq!(scene.out_of_place().await, [("position", 3)]);
    let told = scene.findings(scene.live).await[0].to_string();
    assert_eq!(told, "`position` of event 3 holds 1, but should be above that of event 2, 2");

    let scene = Scene::set().await;
    scene.overwrite(3, "position = 1000000").await;
    assert_eq!(scene.out_of_place().await, [("position", 4)]);
    let amiss = scene.verify().await.irregularities;
    assert!(matches!(amiss[..], [Irregularity::PositionsRestarted { greatest: 1_000_000, .. }]), "{amiss:?}");
}

#[tokio::test]
async fn a_changed_transaction_id_is_found_by_its_neighbours() {
    let scene = Scene::set().await;
    scene.overwrite(3, "transaction_id = '3'").await;
    assert_eq!(scene.out_of_place().await, [("transaction_id", 3)]);

    let scene = Scene::set().await;
    scene.overwrite(3, "transaction_id = '4294967296007'").await;
    assert_eq!(scene.out_of_place().await, [("transaction_id", 4)]);
    let amiss = scene.verify().await.irregularities;
    assert!(
        matches!(amiss[..], [Irregularity::TransactionIdsRestarted { greatest: 4_294_967_296_007, .. }]),
        "{amiss:?}"
    );
}

#[tokio::test]
async fn a_changed_epoch_is_found_by_its_neighbours() {
    for (epoch, found) in [(0, vec![("epoch", 3)]), (7, vec![("epoch", 3), ("epoch", 4)])] {
        let scene = Scene::set().await;
        scene.overwrite(3, &format!("epoch = {epoch}")).await;
        assert_eq!(scene.out_of_place().await, found, "{epoch}");
    }
}

/// With a right chain and a row that fits. But the database has said when it was recorded.
#[tokio::test]
async fn a_session_that_was_made_up_later_is_found() {
    let scene = Scene::set().await;
    let start = OffsetDateTime::now_utc() - Duration::days(20);
    let session = SessionId::new(start, [9; 10]);
    forge_session(&scene, RUNTIME, session, start).await;
    let findings = scene.findings(session).await;
    assert!(!findings.is_empty());
    for finding in findings {
        assert!(matches!(finding, Finding::OutOfPlace { column: "recorded_at", .. }), "{finding}");
    }
}

#[tokio::test]
async fn a_session_whose_id_names_another_start_is_found() {
    let scene = Scene::set().await;
    let now = OffsetDateTime::now_utc();
    let session = SessionId::new(now - Duration::days(20), [9; 10]);
    forge_session(&scene, RUNTIME, session, now).await;
    let findings = scene.findings(session).await;
    assert!(
        matches!(findings[..], [Finding::OutOfPlace { version: 1, column: "occurred_at", .. }]),
        "{findings:?}"
    );
    assert!(findings[0].to_string().contains(" but should be near the start that the session's id names, "));
}

/// Its month cannot have a partition any more: PostgreSQL refuses one that would take rows from the others.
#[tokio::test]
async fn an_event_of_a_month_to_come_is_found() {
    let scene = Scene::set().await;
    let now = OffsetDateTime::now_utc();
    let session = SessionId::new(now + Duration::days(600), [9; 10]);
    forge_session(&scene, RUNTIME, session, now).await;
    let findings = scene.findings(session).await;
    assert!(matches!(findings[..], [Finding::OutOfPlace { column: "occurred_at", .. }]), "{findings:?}");

    let session = SessionId::new(now + Duration::days(600), [8; 10]);
    forge_session(&scene, RUNTIME, session, now + Duration::days(600)).await;
    let findings = scene.findings(session).await;
    assert!(matches!(findings[..], [Finding::OutOfPlace { column: "recorded_at", .. }, ..]), "{findings:?}");
}
