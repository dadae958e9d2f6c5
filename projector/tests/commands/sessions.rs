//! `projector sessions`.

use projector::cli::{Audit, Command};
use projector::output::Format;
use projector::sessions::Question;
use projector::{Answer, sessions};
use serde_json::{Value, json};
use test_support::Database;

use super::capture::{Capture, assert_golden};
use super::{projector, stderr, stdout, stories};

const FORMATS: [(Format, &str); 4] =
    [(Format::Table, "txt"), (Format::Json, "json"), (Format::Csv, "csv"), (Format::Ndjson, "ndjson")];

#[tokio::test]
async fn a_users_sessions_are_listed_in_every_format() {
    let database = Database::fresh().await;
    let ledger = stories::tell(&database).await;
    for (format, name) in FORMATS {
        let mut capture = Capture::default();
        let answer = sessions::run(&ledger, &Question::new("alice", format), &mut capture.console()).await;
        assert_eq!(answer.unwrap(), Answer::Yes);
        assert_eq!(capture.notes(), "");
        assert_golden(&format!("sessions.{name}"), &capture.out());
        let asked = ["sessions", "--user", "alice", "--format"];
        let format = if name == "txt" { "table" } else { name };
        let output = projector(&database.config()).args(asked).arg(format).output().unwrap();
        assert_eq!((output.status.code(), stdout(&output)), (Some(0), capture.out()), "{}", stderr(&output));
    }
}

#[tokio::test]
async fn a_terminal_gets_no_control_characters_in_any_format() {
    let database = Database::fresh().await;
    let ledger = stories::tell(&database).await;
    for (format, _) in FORMATS {
        let mut capture = Capture::terminal();
        let _ =
            sessions::run(&ledger, &Question::new("alice", format), &mut capture.console()).await.unwrap();
        let steers = |c: char| c != '\n' && (c.is_control() || c == '\u{202e}');
        assert!(!capture.out().contains(steers), "{:?}", capture.out());
        assert!(capture.out().contains("curl/8.5.0"), "{}", capture.out());
    }
}

/// The exit code was 0, and that of a session that nobody knows 1.
#[tokio::test]
async fn of_a_user_without_sessions_the_answer_is_no() {
    let database = Database::fresh().await;
    let ledger = super::open(&database).await;
    for (format, empty) in
        [(Format::Table, ""), (Format::Json, "[]\n"), (Format::Csv, ""), (Format::Ndjson, "")]
    {
        let mut capture = Capture::default();
        let answer =
            sessions::run(&ledger, &Question::new("no\u{1b}body", format), &mut capture.console()).await;
        assert_eq!(answer.unwrap(), Answer::No);
        assert_eq!(capture.out(), empty);
        let note = "No session belongs to user \"no\u{fffd}body\", and nobody has acted as that user.\n";
        assert_eq!(capture.notes(), note);
    }
    let output = projector(&database.config()).args(["sessions", "--user", "nobody"]).output().unwrap();
    assert_eq!((output.status.code(), stdout(&output)), (Some(1), String::new()), "{}", stderr(&output));
}

#[tokio::test]
async fn a_session_in_which_somebody_acted_as_the_user_is_listed_with_who_did() {
    let database = Database::fresh().await;
    let ledger = stories::tell(&database).await;
    let mut capture = Capture::default();
    let answer = sessions::run(&ledger, &Question::new("bob", Format::Json), &mut capture.console()).await;
    assert_eq!(answer.unwrap(), Answer::Yes);
    let listed: Vec<Value> = serde_json::from_str(&capture.out()).unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0]["session_id"], stories::eventful().to_string());
    assert_eq!((&listed[0]["impersonated_by"], &listed[0]["status"]), (&json!("alice"), &json!("ended")));
    assert_eq!(listed[0]["impersonated_at"], "2025-03-01T09:02:10.123456Z");

    let client = database.connect().await;
    client
        .batch_execute("update session_ledger.session set user_id = 'bob' where user_id is null")
        .await
        .unwrap();
    let mut capture = Capture::default();
    let _ =
        sessions::run(&ledger, &Question::new("bob", Format::Ndjson), &mut capture.console()).await.unwrap();
    let by = |line: &str| serde_json::from_str::<Value>(line).unwrap()["impersonated_by"].clone();
    let told = capture.out();
    assert_eq!(told.lines().map(by).collect::<Vec<_>>(), [Value::Null, json!("alice")], "{told}");
}

/// At 80 and at 100 columns each id took three lines.
#[tokio::test]
async fn an_id_is_never_broken_and_columns_go_in_the_documented_order() {
    let database = Database::fresh().await;
    let ledger = stories::tell(&database).await;
    for (columns, headings, left_out) in [
        (160, "SESSION STARTED LAST SEEN STATUS BY FROM BROWSER", None),
        (100, "SESSION STARTED STATUS FROM", Some("LAST SEEN, BROWSER")),
        (80, "SESSION STARTED STATUS", Some("LAST SEEN, FROM, BROWSER")),
        (60, "SESSION STATUS", Some("STARTED, LAST SEEN, FROM, BROWSER")),
    ] {
        let mut capture = Capture::terminal_of(columns);
        let _ = sessions::run(&ledger, &Question::new("alice", Format::Table), &mut capture.console())
            .await
            .unwrap();
        let told = capture.out();
        let first = told.lines().next().unwrap();
        assert_eq!(first.split_whitespace().collect::<Vec<_>>().join(" "), headings, "{columns}\n{told}");
        assert!(told.contains(&stories::eventful().to_string()), "{columns}\n{told}");
        assert!(told.lines().all(|line| line.chars().count() <= columns), "{columns}\n{told}");
        let note = left_out.map(|left_out| {
            format!("Left out in this narrow terminal: {left_out}. `--format csv` has all.\n")
        });
        assert_eq!(capture.notes(), note.unwrap_or_default());
    }
    let mut capture = Capture::terminal_of(10);
    let _ =
        sessions::run(&ledger, &Question::new("alice", Format::Table), &mut capture.console()).await.unwrap();
    assert!(capture.out().contains(&stories::eventful().to_string()), "{}", capture.out());
}

#[tokio::test]
async fn headings_are_bold_for_those_who_want_colours() {
    let database = Database::fresh().await;
    let ledger = stories::tell(&database).await;
    let told = async |mut capture: Capture| {
        let _ = sessions::run(&ledger, &Question::new("alice", Format::Table), &mut capture.console())
            .await
            .unwrap();
        capture.out()
    };
    assert!(told(Capture::terminal_of(80).coloured()).await.starts_with("\u{1b}[1mSESSION "));
    assert!(told(Capture::terminal_of(80)).await.starts_with("SESSION "));
    assert!(told(Capture::default().coloured()).await.starts_with("SESSION "));
}

#[tokio::test]
async fn each_condition_leaves_fewer_sessions() {
    let database = Database::fresh().await;
    let ledger = stories::tell(&database).await;
    let listed = async |more: &[&str]| {
        let arguments = [&["sessions", "--user", "alice", "--format", "csv"], more].concat();
        let Command::Audit(Audit::Sessions(asked)) = super::command(&arguments) else { panic!() };
        let question = asked.question(time::macros::datetime!(2025-03-01 12:00 UTC)).unwrap();
        let mut capture = Capture::default();
        let _ = sessions::run(&ledger, &question, &mut capture.console()).await.unwrap();
        (capture.out().lines().skip(1).count(), capture.notes())
    };
    let none = "No session of user \"alice\" fulfils these conditions.\n".to_owned();
    assert_eq!(listed(&["--live"]).await, (2, String::new()));
    assert_eq!(listed(&["--ended"]).await.0, 1);
    assert_eq!(listed(&["--ended", "--reason", "logged_out"]).await, (0, none.clone()));
    assert_eq!(listed(&["--reason", "revoked"]).await.0, 1);
    assert_eq!(listed(&["--since", "2h ago"]).await.0, 2);
    assert_eq!(listed(&["--until", "2h ago"]).await.0, 1);
    assert_eq!(listed(&["--from-network", "192.0.2.0/29"]).await.0, 3);
    assert_eq!(listed(&["--from-network", "192.0.2.8/29"]).await, (0, none));
}
