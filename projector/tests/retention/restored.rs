//! An archive that is put back.

use std::process::Command;

use test_support::Database;

use crate::scene::{Scene, projector, refusal, stdout};

#[tokio::test]
async fn an_empty_database_with_the_archive_answers_as_the_old_one_did() {
    let scene = Scene::over().await;
    let session = scene.session.to_string();
    let questions: [&[&str]; 5] = [
        &["history", &session, "--format", "ndjson"],
        &["history", "--user", "alice", "--format", "csv"],
        &["sessions", "--user", "alice", "--format", "json"],
        &["logins", "--format", "json"],
        &["state-at", &session, "--version", "3", "--values"],
    ];
    let before: Vec<_> = questions.iter().map(|asked| scene.told(asked)).collect();
    stdout(scene.export(&["--keep", "30d"]));

    let other = Database::fresh().await;
    let restore = |database: &Database| {
        projector(database).args(["archive", "restore", "--from"]).arg(scene.folder.path()).output().unwrap()
    };
    assert_eq!(stdout(restore(&other)), "Restored 8 events of 1 month.\n");
    stdout(projector(&other).args(["rebuild", "--while-connected"]).output().unwrap());
    for (asked, before) in questions.iter().zip(before) {
        assert_eq!(stdout(projector(&other).args(*asked).output().unwrap()), before, "{asked:?}");
    }
    let verified = crate::open(&other).await.verify(|_| {}).await.unwrap();
    assert_eq!((verified.differences.len(), verified.irregularities.len()), (0, 0), "{verified:?}");
    let month = "select count(*) from session_ledger.event_2025_03";
    assert_eq!(other.connect().await.query_one(month, &[]).await.unwrap().get::<_, i64>(0), 8);

    assert!(refusal(&restore(&other)).contains("is restored into an empty one alone"));
    assert!(refusal(&restore(&scene.database)).contains("is restored into an empty one alone"));
    assert_eq!(scene.database.count("session_ledger.event").await, 0);
}

#[tokio::test]
async fn an_archive_is_checked_without_a_database() {
    let scene = Scene::over().await;
    stdout(scene.export(&["--keep", "30d", "--leave"]));
    assert!(scene.month().await.is_some(), "it stays in the log");
    let mut command = Command::new(env!("CARGO_BIN_EXE_projector"));
    let check =
        command.env_remove("DATABASE_URL").args(["archive", "check", "--from"]).arg(scene.folder.path());
    let told = "Checked 1 month: 8 events of 2 sessions, each as it was archived.\n";
    assert_eq!(stdout(check.output().unwrap()), told);
}
