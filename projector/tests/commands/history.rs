//! `projector history`.

use std::io::{self, Write};

use clap::ValueEnum;
use projector::output::Format;
use projector::{Answer, Console, history};
use serde_json::{Value, json};
use session_ledger::session::SessionId;
use test_support::Database;

use super::capture::{Capture, assert_golden};
use super::{projector, stderr, stdout, stories};

const FORMATS: [(Format, &str); 4] =
    [(Format::Table, "txt"), (Format::Json, "json"), (Format::Csv, "csv"), (Format::Ndjson, "ndjson")];

#[tokio::test]
async fn a_history_is_told_in_every_format() {
    let database = Database::fresh().await;
    let ledger = stories::tell(&database).await;
    assert_eq!(FORMATS.map(|(format, _)| format), Format::value_variants());
    for (format, name) in FORMATS {
        let mut capture = Capture::default();
        let answer = history::run(&ledger, stories::eventful(), format, &mut capture.console()).await;
        assert_eq!(answer.unwrap(), Answer::Yes);
        assert_eq!(capture.notes(), "");
        assert_golden(&format!("history.{name}"), &capture.out());
    }
}

#[tokio::test]
async fn the_program_prints_the_table_unless_told_otherwise() {
    let database = Database::fresh().await;
    stories::tell(&database).await;
    let session = stories::eventful().to_string();
    for (format, name) in
        [(None, "txt"), (Some("json"), "json"), (Some("csv"), "csv"), (Some("ndjson"), "ndjson")]
    {
        let mut command = projector(&database.config());
        command.args(["history", &session]);
        if let Some(format) = format {
            command.args(["--format", format]);
        }
        let output = command.output().unwrap();
        assert_eq!((output.status.code(), stderr(&output)), (Some(0), String::new()));
        assert_golden(&format!("history.{name}"), &stdout(&output));
    }
}

#[tokio::test]
async fn what_the_session_holds_and_its_token_are_not_shown() {
    let database = Database::fresh().await;
    let ledger = stories::tell(&database).await;
    for (format, _) in FORMATS {
        let mut capture = Capture::default();
        let _ = history::run(&ledger, stories::eventful(), format, &mut capture.console()).await.unwrap();
        for kept in ["twelve bytes", "A secret message", "to the moon", "abab", "q6ur", "171"] {
            assert!(!capture.out().contains(kept), "{kept:?} in\n{}", capture.out());
        }
    }
}

#[tokio::test]
async fn an_unknown_session_is_said_and_the_answer_is_no() {
    let database = Database::fresh().await;
    let nobody = SessionId::from_bytes([7; 16]);
    for (format, empty) in [("table", ""), ("json", "[]\n"), ("csv", ""), ("ndjson", "")] {
        let asked = ["history", &nobody.to_string(), "--format", format];
        let output = projector(&database.config()).args(asked).output().unwrap();
        assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(1), empty));
        assert_eq!(
            stderr(&output),
            format!(
                "The log knows no session {nobody}: check the id, or list a user's sessions with `projector sessions \
                 --user USER`.\n"
            )
        );
    }
}

/// It was prose: `what: "cart set (8 bytes)"`.
#[tokio::test]
async fn the_facts_of_an_event_are_data_for_machines() {
    let database = Database::fresh().await;
    let ledger = stories::tell(&database).await;
    let told = async |format| {
        let mut capture = Capture::default();
        let _ = history::run(&ledger, stories::eventful(), format, &mut capture.console()).await.unwrap();
        capture.out()
    };
    let steps: Vec<Value> = serde_json::from_str(&told(Format::Json).await).unwrap();
    let set = json!({ "key": "cart", "value_bytes": 12, "value_shape": 1 });
    assert_eq!(
        (&steps[1]["kind"], &steps[1]["data"], &steps[1]["unreadable"]),
        (&json!("value_set"), &set, &Value::Null)
    );
    assert_eq!(steps[0]["data"], json!({ "idle_timeout": 1_209_600, "absolute_timeout": null }));
    assert_eq!(steps[13]["data"], json!({ "impersonated": "bob", "impersonation_reason": "A ticket." }));
    assert!(steps.iter().all(|step| step.get("what").is_none()));
    let lines = told(Format::Ndjson).await;
    let second: Value = serde_json::from_str(lines.lines().nth(1).unwrap()).unwrap();
    assert_eq!(second, steps[1]);
    assert!(
        told(Format::Csv).await.contains(r#","{""key"":""cart"",""value_bytes"":12,""value_shape"":1}","#)
    );
}

#[tokio::test]
async fn a_narrow_terminal_does_without_columns_in_the_documented_order() {
    let database = Database::fresh().await;
    let ledger = stories::tell(&database).await;
    for (columns, headings) in [
        (200, "VERSION TIME EVENT WHAT USER BY FROM"),
        (110, "VERSION TIME EVENT WHAT USER BY FROM"),
        (100, "VERSION TIME WHAT USER BY FROM"),
        (80, "VERSION TIME WHAT USER BY FROM"),
        (70, "VERSION TIME WHAT USER BY"),
        (50, "TIME WHAT USER"),
    ] {
        let mut capture = Capture::terminal_of(columns);
        let _ =
            history::run(&ledger, stories::eventful(), Format::Table, &mut capture.console()).await.unwrap();
        let told = capture.out();
        let first = told.lines().next().unwrap();
        assert_eq!(first.split_whitespace().collect::<Vec<_>>().join(" "), headings, "{columns}\n{told}");
        assert!(told.lines().all(|line| line.chars().count() <= columns), "{columns}\n{told}");
        assert!(told.contains("2025-03-01T09:00:00Z"), "{told}");
    }
}

#[tokio::test]
async fn an_event_that_cannot_be_read_is_told_as_such_among_the_others() {
    let database = Database::fresh().await;
    let ledger = stories::tell(&database).await;
    let damage = "set session_replication_role = replica;
                  update session_ledger.event set payload = '\\xff' where version = 2";
    database.connect().await.batch_execute(damage).await.unwrap();
    let session = stories::eventful();
    let mut capture = Capture::default();
    let answer = history::run(&ledger, session, Format::Csv, &mut capture.console()).await.unwrap();
    assert_eq!(answer, Answer::Yes);
    let whole = include_str!("../golden/history.csv");
    let told = capture.out();
    assert_eq!(told.lines().count(), whole.lines().count());
    for (nth, (told, whole)) in told.lines().zip(whole.lines()).enumerate() {
        if nth == 2 {
            let why = "value_set of shape 2 does not decode: the stored bytes are damaged";
            let read = r#""{""key"":""cart"",""value_bytes"":12,""value_shape"":1}","#;
            assert_eq!(told, whole.replace(read, &format!("{{}},{why}")));
        } else {
            assert_eq!(told, whole);
        }
    }
}

#[tokio::test]
async fn a_reader_who_has_gone_is_told_apart() {
    let database = Database::fresh().await;
    let ledger = stories::tell(&database).await;
    let (mut out, mut notes) = (Gone, Vec::new());
    let mut console = Console::plain(&mut out, &mut notes);
    let error = history::run(&ledger, stories::eventful(), Format::Csv, &mut console).await.unwrap_err();
    assert!(error.is_reader_gone(), "{error}");
}

/// A pipe whose other end is closed.
struct Gone;

impl Write for Gone {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
