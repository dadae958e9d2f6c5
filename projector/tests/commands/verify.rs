//! `projector verify`.

use projector::verify::Format;
use projector::{Answer, verify};
use serde_json::{Value, json};
use test_support::Database;

use super::capture::Capture;
use super::{projector, stderr, stdout, stories};

#[tokio::test]
async fn an_untouched_ledger_is_equal() {
    let database = Database::fresh().await;
    let ledger = stories::tell(&database).await;
    let mut capture = Capture::default();
    assert_eq!(verify::run(&ledger, Format::Text, &mut capture.console()).await.unwrap(), Answer::Yes);
    assert_eq!(
        capture.out(),
        "1 event of a kind or shape that this version does not know: a later version wrote it\n\
         Equal: the projection is what the log makes, and nothing in the log contradicts the rest (4 sessions, 30 events).\n\
         This cannot show what left no trace: a session gone together with its row, an older copy of the database, or \
         events that somebody who may write them has written with a chain of their own.\n"
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
        lines[3],
        "Different: 2 findings (4 sessions, 30 events). The log shows no damage: `projector rebuild` makes the \
         projection equal to it."
    );
    assert!(lines[4].starts_with("This cannot show what left no trace: "), "{told}");
    assert_eq!(lines.len(), 5, "{told}");
}

#[tokio::test]
async fn a_program_reads_the_findings_as_data() {
    let database = Database::fresh().await;
    stories::tell(&database).await;
    let asked = || {
        let output = projector(&database.config()).args(["verify", "--format", "json"]).output().unwrap();
        (output.status.code(), serde_json::from_str::<Value>(&stdout(&output)).unwrap())
    };
    let (code, equal) = asked();
    assert_eq!((code, &equal["verdict"]), (Some(0), &json!("equal")));
    assert_eq!(
        (&equal["sessions"], &equal["events"], &equal["unknown_events"]),
        (&json!(4), &json!(30), &json!(1))
    );
    assert_eq!((&equal["differences"], &equal["irregularities"]), (&json!([]), &json!([])));
    assert_eq!(equal["rows_compared"], json!(0));
    assert!(equal["limits"].as_str().unwrap().starts_with("This cannot show what left no trace"));

    let tamper = format!(
        "update session_ledger.ended_session set reason = 'logged_out' where session_id = '{}';
         drop trigger the_log_is_never_emptied on session_ledger.event",
        stories::eventful()
    );
    database.connect().await.batch_execute(&tamper).await.unwrap();
    let (code, different) = asked();
    assert_eq!((code, &different["verdict"]), (Some(1), &json!("different")));
    assert_eq!(
        (&different["differences_total"], &different["log_differences_total"]),
        (&json!(1), &json!(0))
    );
    assert_eq!(
        different["differences"],
        json!([{
            "session_id": stories::eventful().to_string(),
            "kind": "column_differs",
            "table": "ended_session",
            "column": "reason",
            "stored": "logged_out",
            "derived": "revoked",
            "is_of_log": false,
            "text": "`ended_session.reason` holds logged_out, the log makes it revoked"
        }])
    );
    assert_eq!(
        different["irregularities"],
        json!([{
            "kind": "guard_missing",
            "table": "event",
            "trigger": "the_log_is_never_emptied",
            "is_of_log": false,
            "text": "table `event` lacks its guard `the_log_is_never_emptied`, or has another of that name: nothing keeps its \
                     events from being changed or removed"
        }])
    );
    let damage = "set session_replication_role = replica;
                  update session_ledger.event set payload = '\\xff' where version = 2 and kind = 'value_set'";
    database.connect().await.batch_execute(damage).await.unwrap();
    let (code, damaged) = asked();
    assert_eq!((code, &damaged["verdict"]), (Some(1), &json!("damaged")));
    let unreadable =
        damaged["differences"].as_array().unwrap().iter().find(|one| one["kind"] == "undecodable");
    assert_eq!(
        unreadable.unwrap()["error"],
        "value_set of shape 2 does not decode: the stored bytes are damaged"
    );
}

#[tokio::test]
async fn differences_beyond_those_listed_are_counted() {
    let database = Database::fresh().await;
    let ledger = super::open(&database).await;
    let invent = "insert into session_ledger.ended_session
        select gen_random_uuid(), 1, now(), now(), now(), null, 'revoked', null, '' from generate_series(1, 1001)";
    database.connect().await.batch_execute(invent).await.unwrap();
    let mut capture = Capture::default();
    assert_eq!(verify::run(&ledger, Format::Text, &mut capture.console()).await.unwrap(), Answer::No);
    let told = capture.out();
    assert_eq!(told.lines().nth(1000), Some("... and 1 difference more"));
    assert_eq!(
        told.lines().last(),
        Some(
            "Damaged: 1001 findings, 1001 of them in the log itself (0 sessions, 0 events). Do not rebuild: the tables \
             may hold what the log has lost. Look for the events in a backup."
        )
    );
}

/// The advised rebuild deleted all rows, and everybody was signed out.
#[tokio::test]
async fn after_the_events_are_lost_no_rebuild_is_advised_and_none_is_done() {
    let database = Database::fresh().await;
    drop(stories::tell(&database).await);
    let client = database.connect().await;
    let rows = super::rows(&client).await;
    let gone =
        "begin; set local session_replication_role = replica; delete from session_ledger.event; commit";
    client.batch_execute(gone).await.unwrap();
    let config = database.config();
    let run = |arguments: &[&str]| projector(&config).args(arguments).output().unwrap();
    let (verified, rebuilt) = (run(&["verify"]), run(&["rebuild", "--while-connected"]));

    assert_eq!((verified.status.code(), rebuilt.status.code()), (Some(1), Some(2)));
    assert_eq!(
        stdout(&verified).lines().last(),
        Some(
            "Damaged: 8 findings, 8 of them in the log itself (0 sessions, 0 events). Do not rebuild: the tables may hold \
             what the log has lost. Look for the events in a backup."
        )
    );
    let told = stderr(&rebuilt);
    let start = "error: the log lacks the events of 4 rows, so nothing was rebuilt, as these rows would be lost: session ";
    let told = told.lines().last().unwrap();
    assert!(told.starts_with(start), "{told}");
    assert!(
        told.contains(&format!("session {} (version 23 in `ended_session`)", stories::eventful())),
        "{told}"
    );
    assert_eq!(super::rows(&client).await, rows);
}

#[tokio::test]
async fn what_is_amiss_around_the_log_is_told_too() {
    let database = Database::fresh().await;
    let ledger = stories::tell(&database).await;
    let drop_guard = "drop trigger the_log_is_never_emptied on session_ledger.event";
    database.connect().await.batch_execute(drop_guard).await.unwrap();
    let mut capture = Capture::default();
    assert_eq!(verify::run(&ledger, Format::Text, &mut capture.console()).await.unwrap(), Answer::No);
    let told = capture.out();
    let lines: Vec<_> = told.lines().collect();
    assert_eq!(
        lines[1..3],
        [
            "table `event` lacks its guard `the_log_is_never_emptied`, or has another of that name: nothing keeps its \
             events from being changed or removed",
            "Different: the projection is what the log makes, but what stands around the log is not as it was made: 1 \
             finding (4 sessions, 30 events)."
        ],
        "{told}"
    );
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sample_compares_some_sessions_and_says_that_it_is_one() {
    let database = Database::fresh().await;
    drop(stories::tell(&database).await);
    let run = |arguments: &[&str]| {
        let output = projector(&database.config()).arg("verify").args(arguments).output().unwrap();
        (output.status.code(), stdout(&output), stderr(&output))
    };
    let (code, told, notes) = run(&["--sample", "2"]);
    assert_eq!(code, Some(0), "{notes}");
    assert!(told.contains("Equal: ") && told.contains("(2 sessions, "), "{told}");
    assert!(notes.ends_with("This is a sample: of the other sessions it says nothing.\n"), "{notes}");

    let spoil = "update session_ledger.session set user_id = 'wrong'; update session_ledger.ended_session set reason = 'wrong'";
    database.connect().await.batch_execute(spoil).await.unwrap();
    let (code, told, _) = run(&["--sample", "1"]);
    assert_eq!(code, Some(1));
    assert!(told.contains("Different: 1 finding (1 session, "), "{told}");
}

/// A new version before its release: its migrations are not applied yet.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_fold_of_a_version_is_asked_before_its_migrations_are_applied() {
    let database = Database::fresh().await;
    drop(stories::tell(&database).await);
    let client = database.connect().await;
    client.batch_execute("delete from session_ledger.migration where version > 22").await.unwrap();
    let run = |arguments: &[&str]| {
        let output = projector(&database.config()).arg("verify").args(arguments).output().unwrap();
        (output.status.code(), stdout(&output), stderr(&output))
    };
    let (code, _, notes) = run(&[]);
    assert_eq!(code, Some(2));
    assert!(notes.contains("the database's schema is at version 22, this library needs "), "{notes}");
    let (code, told, notes) = run(&["--fold"]);
    assert_eq!(code, Some(0), "{notes}");
    assert_eq!(
        told,
        "1 event of a kind or shape that this version does not know: a later version wrote it\n\
         Equal: this version reads the log as the tables say (4 sessions, 30 events).\n"
    );
    assert!(notes.starts_with("Reading: 0"), "{notes}");

    let spoil = format!(
        "update session_ledger.ended_session set reason = 'logged_out' where session_id = '{}'",
        stories::eventful()
    );
    client.batch_execute(&spoil).await.unwrap();
    let (code, told, _) = run(&["--fold"]);
    assert_eq!(code, Some(1));
    let lines: Vec<_> = told.lines().collect();
    let named = format!(
        "session {}: `ended_session.reason` holds logged_out, the log makes it revoked",
        stories::eventful()
    );
    assert_eq!(lines[0], named);
    assert_eq!(
        lines[2],
        "Different: 1 finding (4 sessions, 30 events). This version reads these sessions otherwise than the tables say. \
         What `projector verify` of the running version finds as well is damage; the rest comes from the new code."
    );
    let (_, told, _) = run(&["--fold", "--format", "json"]);
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(
        (&told["verdict"], &told["differences"][0]["column"]),
        (&json!("different"), &json!("reason"))
    );

    client
        .batch_execute("alter table session_ledger.session rename column user_agent to browser")
        .await
        .unwrap();
    let (code, _, notes) = run(&["--fold"]);
    assert_eq!(code, Some(2));
    assert!(
        notes.ends_with(
            "error: this version reads what these tables do not have (column \"user_agent\" does not exist): run it on a \
             restored copy, after `projector migrate` there\n"
        ),
        "{notes}"
    );
}
