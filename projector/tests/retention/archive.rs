//! A month that goes into an archive, and what the ledger says of it afterwards.

use session_ledger::ledger::RebuildOptions;

use crate::scene::{MONTH, Scene, stdout};

#[tokio::test]
async fn an_archived_month_is_gone_from_the_log_and_tells_what_it_told() {
    let scene = Scene::over().await;
    let session = scene.session.to_string();
    let questions: [&[&str]; 6] = [
        &[&session],
        &[&session, "--format", "ndjson"],
        &["--user", "alice", "--format", "ndjson"],
        &["--user", "alice", "--kind", "logged_in", "--format", "csv"],
        &["--user", "alice", "--format", "ocsf"],
        &[&session, "--since", "2025-03-01T09:00:15Z", "--format", "json"],
    ];
    let of_log: Vec<_> = questions.iter().map(|asked| scene.told(&[&["history"], *asked].concat())).collect();
    let lists =
        [&["sessions", "--user", "alice"][..], &["logins"], &["sessions", "--user", "alice", "--ended"]];
    let listed: Vec<_> = lists.iter().map(|asked| scene.told(asked)).collect();

    let told = stdout(scene.export(&["--keep", "30d"]));
    assert!(told.starts_with(&format!("Archived {MONTH}: 8 events of 2 sessions in ")), "{told}");
    assert!(told.ends_with("Archived 1 month of the log.\n"), "{told}");
    assert_eq!(scene.month().await, None);
    assert_eq!(scene.database.count("session_ledger.event").await, 0);
    #[cfg(unix)]
    for file in [format!("{MONTH}.json"), format!("{MONTH}.ndjson.zst")] {
        let mode =
            std::os::unix::fs::PermissionsExt::mode(&scene.path(&file).metadata().unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }

    for (asked, before) in questions.iter().zip(of_log) {
        assert_eq!(scene.told_by_archive(asked), before, "{asked:?}");
    }
    let after: Vec<_> = lists.iter().map(|asked| scene.told(asked)).collect();
    assert_eq!(after, listed, "the lists of ended sessions and logins stay");
    let output = crate::scene::projector(&scene.database).args(["history", &session]).output().unwrap();
    let note = format!(
        "The events of the session {session} are in the archive, as those of {MONTH}: ask with --archive FOLDER.\n"
    );
    assert_eq!((output.status.code(), String::from_utf8(output.stderr).unwrap()), (Some(1), note));
}

/// Rows of archived sessions are no rows that lack their events.
#[tokio::test]
async fn neither_a_verification_nor_a_rebuild_loses_what_is_archived() {
    let scene = Scene::over().await;
    let mut subscription = scene.ledger.subscription("audit", "a test").await.unwrap();
    let batch = subscription.next_batch(100).await.unwrap();
    assert_eq!(batch.events.len(), 8);
    subscription.checkpoint(batch).await.unwrap();
    subscription.release().await.unwrap();
    let fresh = crate::stories::session_of(&scene.database, 7, vec![crate::stories::alice_logs_in()]);
    stdout(scene.export(&["--keep", "30d"]));
    let fresh = fresh.await;

    let rows = |what: &'static str| scene.database.count(what);
    for way in ["beside others", "alone"] {
        let options = RebuildOptions::default();
        let options = if way == "alone" { options } else { options.while_connected() };
        scene.ledger.rebuild(options, |_| {}).await.unwrap();
        assert_eq!(rows("session_ledger.ended_session").await, 2, "{way}");
        assert_eq!(rows("session_ledger.login_step").await, 3, "{way}");
        assert_eq!(rows("session_ledger.session").await, 1, "{way}");
        let found = scene.ledger.verify(|_| {}).await.unwrap();
        assert_eq!((found.differences.len(), found.irregularities.len()), (0, 0), "{way}: {found:?}");
    }
    // The subscription goes on behind what it has had.
    let mut subscription = scene.ledger.subscription("audit", "a test").await.unwrap();
    let batch = subscription.next_batch(100).await.unwrap();
    assert!(batch.events.iter().all(|one| one.session_id == fresh) && batch.events.len() == 2);
    subscription.checkpoint(batch).await.unwrap();
    let found = scene.ledger.verify(|_| {}).await.unwrap();
    assert_eq!((found.differences.len(), found.irregularities.len()), (0, 0), "{found:?}");
}

/// A row that is live has events in the log, whatever was archived.
#[tokio::test]
async fn an_event_that_was_lost_is_missed_beside_an_archive_as_well() {
    let scene = Scene::over().await;
    stdout(scene.export(&["--keep", "30d"]));
    let client = scene.database.connect().await;
    let forged = "insert into session_ledger.session
                         (session_id, version, started_at, changed_at, token_hash, head_hash, state)
                  values ($1, 1, now(), now(), sha256(''), sha256(''), '')";
    client.execute(forged, &[&scene.session.as_uuid()]).await.unwrap();
    let found = scene.ledger.verify(|_| {}).await.unwrap();
    assert_eq!(found.differences.len(), 1, "{found:?}");
    let error = scene.ledger.rebuild(RebuildOptions::default().while_connected(), |_| {}).await.unwrap_err();
    assert!(error.to_string().starts_with("the log lacks the events of 1 rows"), "{error}");
}
