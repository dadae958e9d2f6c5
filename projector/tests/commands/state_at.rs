//! `projector state-at`.

use projector::cli::{Audit, Command};
use projector::{Answer, state_at};
use serde_json::json;
use session_ledger::session::{Event, Flash, FlashAdded, SessionId, Value, ValueSet};
use session_ledger::{Key, Ledger};
use test_support::Database;

use super::capture::{Capture, assert_golden};
use super::{projector, stderr, stories};

const THEME: Key<serde_json::Value> = Key::json("theme");

/// What a command tells at noon of the day of the stories.
async fn told(ledger: &Ledger, session: SessionId, more: &[&str]) -> (Answer, String, String) {
    let session = session.to_string();
    let arguments = [&["state-at", &session], more].concat();
    let Command::Audit(Audit::StateAt(asked)) = super::command(&arguments) else { panic!("{arguments:?}") };
    let question = asked.question(time::macros::datetime!(2025-03-01 12:00 UTC));
    let mut capture = Capture::default();
    let answer = state_at::run(ledger, &question, &mut capture.console()).await.unwrap();
    (answer, capture.out(), capture.notes())
}

fn set(key: &str, value: Value) -> Event {
    Event::ValueSet(ValueSet::new(key.to_owned(), value))
}

/// A session with values of both forms.
async fn with_values(database: &Database) -> SessionId {
    let theme = THEME.encode(&json!({ "dark": true, "name": "night" })).unwrap();
    let flash = FlashAdded::new("news".into(), Flash::info("A secret message"));
    let events = vec![
        set("cart", Value::new(2, b"twelve bytes".to_vec())),
        stories::alice_logs_in(),
        set("theme", theme),
        set("cart", Value::new(2, b"ten bytes!".to_vec())),
        Event::FlashAdded(flash),
    ];
    stories::session_of(database, 5, events).await
}

#[tokio::test]
async fn a_state_is_told_in_every_format() {
    let database = Database::fresh().await;
    let (ledger, session) = (super::open(&database).await, with_values(&database).await);
    for (format, name) in [("table", "txt"), ("json", "json"), ("csv", "csv"), ("ndjson", "ndjson")] {
        let (answer, out, notes) = told(&ledger, session, &["--format", format]).await;
        assert_eq!((answer, notes.as_str()), (Answer::Yes, ""));
        assert_golden(&format!("state_at.{name}"), &out);
        assert!(!out.contains("twelve") && !out.contains("night") && !out.contains("secret"), "{out}");
        let (_, out, _) = told(&ledger, session, &["--format", format, "--values"]).await;
        assert_golden(&format!("state_at_values.{name}"), &out);
    }
}

#[tokio::test]
async fn the_changes_between_two_points_are_told_in_every_format() {
    let database = Database::fresh().await;
    let (ledger, session) = (super::open(&database).await, with_values(&database).await);
    for (format, name) in [("table", "txt"), ("json", "json"), ("csv", "csv"), ("ndjson", "ndjson")] {
        let since = ["--diff", "2025-03-01T09:00:15+00:00", "--format", format, "--values"];
        let (answer, out, notes) = told(&ledger, session, &since).await;
        assert_eq!((answer, notes.as_str()), (Answer::Yes, ""));
        assert_golden(&format!("state_at_diff.{name}"), &out);
    }
    let (answer, out, notes) = told(&ledger, session, &["--version", "5", "--diff", "5"]).await;
    let note = "Nothing has changed between version 5 and version 5.\n";
    assert_eq!((answer, out.as_str(), notes.as_str()), (Answer::No, "", note));
    let (_, out, _) = told(&ledger, session, &["--version", "3", "--diff", "2"]).await;
    assert_eq!(out.lines().count(), 3, "the user, and when they had proved it:\n{out}");
}

#[tokio::test]
async fn a_point_is_a_version_or_a_moment_or_the_last() {
    let database = Database::fresh().await;
    let (ledger, session) = (super::open(&database).await, with_values(&database).await);
    let version = async |more: &[&str]| {
        let arguments = [&["--format", "csv"], more].concat();
        told(&ledger, session, &arguments).await.1.lines().nth(1).unwrap_or_default().to_owned()
    };
    assert_eq!(version(&[]).await, "version,,6,,,,");
    assert_eq!(version(&["--version", "2"]).await, "version,,2,,,,");
    assert_eq!(version(&["--version", "99"]).await, "version,,6,,,,");
    assert_eq!(version(&["--at", "2025-03-01 09:00:20.5Z"]).await, "version,,3,,,,");
    assert_eq!(version(&["--at", "3h ago"]).await, "");
    let (answer, out, notes) = told(&ledger, session, &["--at", "3h ago"]).await;
    let note = "The session had not begun then: it did at 2025-03-01T09:00:00.123456Z.\n";
    assert_eq!((answer, out.as_str(), notes.as_str()), (Answer::No, "", note));
    let (answer, _, notes) = told(&ledger, SessionId::from_bytes([7; 16]), &[]).await;
    assert!(answer == Answer::No && notes.starts_with("The log knows no session 07070707-"), "{notes}");
}

#[tokio::test]
async fn the_state_before_an_event_that_cannot_be_read_is_still_told() {
    let database = Database::fresh().await;
    let session = with_values(&database).await;
    let damage = "set session_replication_role = replica;
                  update session_ledger.event set payload = '\\xff' where version = 4";
    database.connect().await.batch_execute(damage).await.unwrap();
    let told = |more: &[&str]| {
        let mut command = projector(&database.config());
        command.args(["state-at", &session.to_string()]).args(more).output().unwrap()
    };
    let output = told(&[]);
    let error = format!(
        "error: session {session}: value_set of shape 2 does not decode: the stored bytes are damaged: event 4 cannot be \
         read, so the state is known up to version 3\n"
    );
    assert_eq!((output.status.code(), stderr(&output)), (Some(2), error));
    assert_eq!(told(&["--version", "3"]).status.code(), Some(0));
}

#[tokio::test]
async fn no_token_is_shown_and_a_narrow_terminal_is_no_trouble() {
    let database = Database::fresh().await;
    let ledger = stories::tell(&database).await;
    for more in [&["--version", "22", "--values"][..], &["--diff", "1", "--values"]] {
        for format in ["table", "json", "csv", "ndjson"] {
            let arguments = [&["--format", format], more].concat();
            let (_, out, _) = told(&ledger, stories::eventful(), &arguments).await;
            assert!(!out.contains("abab") && !out.contains("q6ur"), "{out}");
        }
    }
    let session = with_values(&database).await;
    let Command::Audit(Audit::StateAt(asked)) =
        super::command(&["state-at", &session.to_string(), "--values"])
    else {
        panic!()
    };
    let question = asked.question(time::OffsetDateTime::UNIX_EPOCH);
    for columns in [80, 50] {
        let mut capture = Capture::terminal_of(columns);
        let _ = state_at::run(&ledger, &question, &mut capture.console()).await.unwrap();
        assert!(capture.out().lines().all(|line| line.chars().count() <= columns), "{}", capture.out());
    }
}
