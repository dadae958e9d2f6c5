//! Changes of the log by somebody who has switched its guards off: damage that a rebuild would make worse.

use session_ledger::ledger::{Finding, RebuildError, RebuildOptions};
use session_ledger::session::SessionId;

use super::{RUNTIME, Scene};

impl Scene {
    /// The findings about a session. The log must count as damaged, so that nobody advises a rebuild.
    async fn damage(&self, session: SessionId) -> Vec<Finding> {
        assert!(self.verify().await.is_log_damaged(), "{:?}", self.verify().await);
        self.findings(session).await
    }

    async fn rebuild(&self) -> Result<(), RebuildError> {
        self.ledger.rebuild(RebuildOptions::default().while_connected(), |_| {}).await.map(drop)
    }
}

#[tokio::test]
async fn a_changed_event_is_found() {
    for change in [
        "user_id = 'mallory'",
        "occurred_at = occurred_at + interval '1 second'",
        "client_ip = '198.51.100.1'",
    ] {
        let scene = Scene::set().await;
        scene.overwrite(3, change).await;
        assert!(scene.damage(scene.live).await.contains(&Finding::ChainBroken { version: 3 }), "{change}");
    }
}

#[tokio::test]
async fn an_event_without_a_right_chain_is_found() {
    let scene = Scene::set().await;
    let forge = format!(
        "insert into session_ledger.event (session_id, version, event_id, kind, shape, occurred_at, hash, payload)
         select session_id, max(version) + 1, gen_random_uuid(), 'cleared', 1, now(), sha256(''), ''
           from session_ledger.event where session_id = '{}' group by session_id",
        scene.live
    );
    scene.run(RUNTIME, &forge).await;
    let findings = scene.damage(scene.live).await;
    assert!(findings.iter().any(|one| matches!(one, Finding::ChainBroken { .. })), "{findings:?}");
}

#[tokio::test]
async fn a_missing_event_at_the_start_or_in_the_middle_is_found() {
    for version in [1, 2] {
        assert_missed(version).await;
    }
}

async fn assert_missed(version: i64) {
    let scene = Scene::set().await;
    let (session, next) = (scene.live, version + 1);
    let delete =
        format!("delete from session_ledger.event where session_id = '{session}' and version = {version}");
    scene.run_without_triggers(&delete).await;
    let findings = scene.damage(session).await;
    assert_eq!(findings[0], Finding::VersionGap { expected: version, found: next });
    assert_eq!(
        scene.rebuild().await.unwrap_err().to_string(),
        format!(
            "event {version} of session {session} is missing from the log, where {next} comes next, so nothing was rebuilt: restore it \
             from a backup"
        )
    );
}

/// Without a session's end its row would be made live again.
#[tokio::test]
async fn a_missing_last_event_is_found_and_nothing_is_rebuilt_without_it() {
    let scene = Scene::set().await;
    let session = scene.ended;
    let last = scene.ledger.history(session).await.unwrap().last().unwrap().entry.version;
    let delete =
        format!("delete from session_ledger.event where session_id = '{session}' and version = {last}");
    scene.run_without_triggers(&delete).await;
    let ahead = Finding::RowAhead { table: "ended_session", row: last, log: last - 1 };
    assert_eq!(scene.damage(session).await[0], ahead);
    assert_eq!(
        ahead.to_string(),
        format!(
            "its row in `ended_session` knows event {last}, but the log ends at {}: events are gone, or the row was \
             changed by hand",
            last - 1
        )
    );
    assert!(matches!(scene.rebuild().await.unwrap_err(), RebuildError::EventsMissing { rows_total: 1, .. }));
}

#[tokio::test]
async fn a_stream_passed_off_as_another_session_is_found() {
    let scene = Scene::set().await;
    let (session, stranger) = (scene.live, SessionId::from_bytes([0xff; 16]));
    let change =
        format!("update session_ledger.event set session_id = '{stranger}' where session_id = '{session}'");
    scene.run_without_triggers(&change).await;
    assert_eq!(scene.damage(session).await, ["login_step", "session"].map(gone));
    assert!(scene.findings(stranger).await.contains(&Finding::ChainBroken { version: 1 }));
}

#[tokio::test]
async fn a_deleted_stream_whose_row_is_left_is_found() {
    let scene = Scene::set().await;
    let delete = format!("delete from session_ledger.event where session_id = '{}'", scene.ended);
    scene.run_without_triggers(&delete).await;
    let findings = scene.damage(scene.ended).await;
    assert_eq!(findings, ["login_step", "ended_session"].map(gone));
    assert_eq!(
        findings[1].to_string(),
        "the log holds no event of it, but there is a row in `ended_session`: its events are gone, or the row was made \
         by hand"
    );
}

/// The verification advised a rebuild. It deleted all rows and told nobody: everybody was signed out.
#[tokio::test]
async fn after_a_dropped_partition_nothing_is_rebuilt_and_the_sessions_are_named() {
    let scene = Scene::set().await;
    let partition = "select tableoid::regclass::text from session_ledger.event limit 1";
    let client = scene.database.connect().await;
    let partition: String = client.query_one(partition, &[]).await.unwrap().get(0);
    client.batch_execute(&format!("drop table {partition}")).await.unwrap();
    assert_eq!(scene.damage(scene.live).await, ["login_step", "session"].map(gone));
    assert_eq!(scene.findings(scene.ended).await, ["login_step", "ended_session"].map(gone));

    let rows = "select array_agg(version order by session_id) from
                (select session_id, version from session_ledger.session
                  union all select session_id, version from session_ledger.ended_session) as kept";
    let versions: Vec<i64> = client.query_one(rows, &[]).await.unwrap().get(0);
    let refused = scene.rebuild().await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        format!(
            "the log lacks the events of 2 rows, so nothing was rebuilt, as these rows would be lost: session {} (version \
             {} in `session`), session {} (version {} in `ended_session`). Restore the events from a backup; or if they \
             are meant to be gone, delete the rows first",
            scene.live, versions[0], scene.ended, versions[1]
        )
    );
    let left: Vec<i64> = client.query_one(rows, &[]).await.unwrap().get(0);
    assert_eq!(left, versions, "the rows are as they were");
}

/// That a table has a row of a session of which the log holds no event.
fn gone(table: &'static str) -> Finding {
    Finding::EventsMissing { table }
}
