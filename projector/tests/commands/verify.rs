//! `projector verify`.

use projector::{Answer, verify};
use test_support::Database;

use super::capture::Capture;
use super::{projector, stderr, stdout, stories};

#[tokio::test]
async fn an_untouched_ledger_is_equal() {
    let database = Database::fresh().await;
    let ledger = stories::tell(&database).await;
    let mut capture = Capture::default();
    assert_eq!(verify::run(&ledger, &mut capture.console()).await.unwrap(), Answer::Yes);
    assert_eq!(
        capture.out(),
        "1 event of a kind or shape that this version does not know: a later version wrote it\n\
         Equal: the projection is what the log makes, and the log is whole (4 sessions, 25 events).\n"
    );
    assert!(capture.notes().starts_with("Verifying: 0"), "{}", capture.notes());
    assert_eq!(capture.notes().lines().count(), 1);
}

#[tokio::test]
async fn every_difference_is_named_and_the_exit_code_tells() {
    let database = Database::fresh().await;
    stories::tell(&database).await;
    assert_eq!(projector(&database.config()).arg("verify").output().unwrap().status.code(), Some(0));
    let tamper = format!(
        "update session_ledger.session set user_id = E'mal\\x1blory' where user_id is null;
         update session_ledger.ended_session set reason = 'logged_out' where session_id = '{}'",
        stories::eventful()
    );
    database.connect().await.batch_execute(&tamper).await.unwrap();
    let output = projector(&database.config()).arg("verify").output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let told = stdout(&output);
    let lines: Vec<_> = told.lines().collect();
    assert!(lines[0].contains("`ended_session.reason` holds logged_out, the log makes it revoked"), "{told}");
    assert!(lines[0].starts_with(&format!("session {}: ", stories::eventful())), "{told}");
    assert!(lines[1].contains("`session.user_id` holds mal\u{fffd}lory, the log makes it null"), "{told}");
    assert_eq!(
        lines.last(),
        Some(
            &"Different: 2 differences (4 sessions, 25 events). If the log is whole, `projector rebuild` makes the \
              projection equal to it."
        )
    );
    assert_eq!(lines.len(), 4, "{told}");
}

#[tokio::test]
async fn differences_beyond_those_listed_are_counted() {
    let database = Database::fresh().await;
    let ledger = super::open(&database).await;
    let invent = "insert into session_ledger.ended_session
        select gen_random_uuid(), 1, now(), now(), now(), null, 'revoked', null, '' from generate_series(1, 1001)";
    database.connect().await.batch_execute(invent).await.unwrap();
    let mut capture = Capture::default();
    assert_eq!(verify::run(&ledger, &mut capture.console()).await.unwrap(), Answer::No);
    let told = capture.out();
    assert_eq!(told.lines().nth(1000), Some("... and 1 difference more"));
    assert!(told.contains("Different: 1001 differences (0 sessions, 0 events)."), "{told}");
}

#[tokio::test]
async fn a_database_that_is_away_is_an_error_not_a_difference() {
    let output = super::bare_projector()
        .args(["verify", "--database", "postgresql://shop:hunter2@127.0.0.1:1/orders"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(stdout(&output), "");
    let told = stderr(&output);
    let start = "error: database \"orders\" at 127.0.0.1:1 as user \"shop\": the database is not available: ";
    assert!(told.starts_with(start) && !told.contains("hunter2"), "{told}");
}
