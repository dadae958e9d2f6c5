//! `projector history`.

use std::io::{self, Write};

use clap::ValueEnum;
use projector::cli::{Audit, Command};
use projector::history::{Question, Whose};
use projector::output::Format;
use projector::{Answer, Console, history, ocsf};
use serde_json::{Value, json};
use session_ledger::session::SessionId;
use test_support::Database;

use super::capture::{Capture, assert_golden};
use super::{projector, stderr, stdout, stories};

const FORMATS: [(Format, &str); 4] =
    [(Format::Table, "txt"), (Format::Json, "json"), (Format::Csv, "csv"), (Format::Ndjson, "ndjson")];

/// The question for the whole history of the eventful session.
fn of_session(format: impl Into<ocsf::Format>) -> Question {
    Question::new(Whose::Session(stories::eventful()), format)
}

#[tokio::test]
async fn a_history_is_told_in_every_format() {
    let database = Database::fresh().await;
    let ledger = stories::tell(&database).await;
    assert_eq!(FORMATS.map(|(format, _)| format), Format::value_variants());
    for (format, name) in FORMATS {
        let mut capture = Capture::default();
        let answer = history::run(&ledger, &of_session(format), &mut capture.console()).await;
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
        let _ = history::run(&ledger, &of_session(format), &mut capture.console()).await.unwrap();
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
        let _ = history::run(&ledger, &of_session(format), &mut capture.console()).await.unwrap();
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
        let _ = history::run(&ledger, &of_session(Format::Table), &mut capture.console()).await.unwrap();
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
    let mut capture = Capture::default();
    let answer = history::run(&ledger, &of_session(Format::Csv), &mut capture.console()).await.unwrap();
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
    let error = history::run(&ledger, &of_session(Format::Csv), &mut console).await.unwrap_err();
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

fn of_alice(format: impl Into<ocsf::Format>) -> Question {
    Question::new(Whose::User("alice".into()), format)
}

async fn told(ledger: &session_ledger::Ledger, question: &Question) -> String {
    let mut capture = Capture::default();
    let _ = history::run(ledger, question, &mut capture.console()).await.unwrap();
    capture.out()
}

#[tokio::test]
async fn a_users_history_is_told_session_after_session() {
    let database = Database::fresh().await;
    let ledger = stories::tell(&database).await;
    for (format, name) in [(Format::Table, "txt"), (Format::Csv, "csv")] {
        assert_golden(&format!("history_of_user.{name}"), &told(&ledger, &of_alice(format)).await);
    }
    for (columns, headings) in [
        (200, "SESSION TIME EVENT WHAT USER BY FROM"),
        (100, "SESSION TIME WHAT USER BY"),
        (80, "SESSION TIME WHAT"),
    ] {
        let mut capture = Capture::terminal_of(columns);
        let _ = history::run(&ledger, &of_alice(Format::Table), &mut capture.console()).await.unwrap();
        let told = capture.out();
        let first = told.lines().next().unwrap();
        assert_eq!(first.split_whitespace().collect::<Vec<_>>().join(" "), headings, "{columns}\n{told}");
        assert!(told.lines().all(|line| line.chars().count() <= columns), "{columns}\n{told}");
        if columns == 80 {
            assert_golden("history_of_user.80.txt", &told);
        }
    }
}

#[tokio::test]
async fn each_condition_leaves_fewer_events() {
    let database = Database::fresh().await;
    let ledger = stories::tell(&database).await;
    let versions = async |more: &[&str]| {
        let session = stories::eventful().to_string();
        let arguments = [&["history", &session, "--format", "ndjson"], more].concat();
        let Command::Audit(Audit::History(asked)) = super::command(&arguments) else { panic!() };
        let question = asked.question(time::macros::datetime!(2025-03-01 12:00 UTC)).unwrap();
        let told = told(&ledger, &question).await;
        let version = |line: &str| serde_json::from_str::<Value>(line).unwrap()["version"].as_i64().unwrap();
        told.lines().map(version).collect::<Vec<_>>()
    };
    assert_eq!(versions(&["--kind", "logged_in", "--kind", "ended"]).await, [4, 23]);
    assert_eq!(versions(&["--by", "admin"]).await, [23]);
    assert_eq!(versions(&["--by", "alice", "--kind", "noted"]).await, [18]);
    assert_eq!(versions(&["--until", "2025-03-01T09:00:20+00:00"]).await, [1, 2]);
    assert_eq!(versions(&["--since", "2025-03-01 10:03:30+01:00"]).await, [22, 23]);
    assert_eq!(versions(&["--since", "177 min", "--until", "2h ago"]).await, [19, 20, 21, 22, 23]);
    assert_eq!(versions(&["--from-network", "192.0.2.7", "--kind", "renewed"]).await, [5]);
    assert_eq!(versions(&["--from-network", "2001:db8::/32"]).await, [0; 0]);
    let asked = ["history", &stories::eventful().to_string(), "--kind", "teleportd"];
    let output = projector(&database.config()).args(asked).output().unwrap();
    let note = format!("No event of the session {} fulfils these conditions.\n", stories::eventful());
    assert_eq!((output.status.code(), stderr(&output)), (Some(1), note));
    let output = projector(&database.config()).args(["history", "--user", "nobody"]).output().unwrap();
    assert_eq!(stderr(&output), "No session belongs to user \"nobody\".\n");
}

/// A client is told with the events that leave it to the one before, as long as that is there.
#[tokio::test]
async fn the_client_of_an_event_is_told_where_it_is_known() {
    let database = Database::fresh().await;
    let ledger = stories::tell(&database).await;
    let mut question = of_session(Format::Ndjson);
    question.conditions.span.since = Some(time::macros::datetime!(2025-03-01 09:02:30 UTC));
    let ips = async |question: &Question| {
        let told = told(&ledger, question).await;
        let ip = |line: &str| serde_json::from_str::<Value>(line).unwrap()["client_ip"].is_string();
        told.lines().map(ip).collect::<Vec<_>>()
    };
    assert_eq!(ips(&question).await, [true, true, true, true, true, true, true, false]);
    question.conditions.kinds =
        vec!["noted".to_owned(), "impersonation_ended".to_owned(), "cleared".to_owned()];
    assert_eq!(ips(&question).await, [false, true, false]);
}

#[tokio::test]
async fn a_history_for_a_siem_has_its_authentications() {
    let database = Database::fresh().await;
    let ledger = stories::tell(&database).await;
    let out = told(&ledger, &of_session(ocsf::Format::Ocsf)).await;
    assert_golden("history.ocsf.ndjson", &out);
    let documents: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    documents.iter().for_each(super::ocsf::assert_complete);
    let activities: Vec<_> = documents.iter().map(|one| one["activity_name"].as_str().unwrap()).collect();
    let expected = ["Logon", "Re-authentication", "Impersonation started", "Impersonation ended", "Logoff"];
    assert_eq!(activities, expected);
    assert_eq!((&documents[1]["is_mfa"], &documents[0]["is_mfa"]), (&json!(true), &json!(false)));
    assert_eq!(documents[2]["user"]["uid"], "bob");
    assert_eq!(documents[2]["actor"]["user"]["uid"], "alice");
    let mut question = of_session(ocsf::Format::Ocsf);
    question.conditions.kinds = vec!["renewed".to_owned()];
    let mut capture = Capture::default();
    let _ = history::run(&ledger, &question, &mut capture.console()).await.unwrap();
    let note = "None of these events is an authentication, and OCSF is told of nothing else.\n";
    assert_eq!((capture.out().as_str(), capture.notes().as_str()), ("", note));
}

/// To leave a login out would hide it from whoever watches.
#[tokio::test]
async fn an_authentication_that_cannot_be_read_is_told_to_a_siem_all_the_same() {
    let database = Database::fresh().await;
    let ledger = stories::tell(&database).await;
    let damage = "set session_replication_role = replica;
                  update session_ledger.event set payload = '\\xff' where kind = 'logged_in'";
    database.connect().await.batch_execute(damage).await.unwrap();
    let out = told(&ledger, &of_alice(ocsf::Format::Ocsf)).await;
    let documents: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    documents.iter().for_each(super::ocsf::assert_complete);
    let logons: Vec<_> = documents.iter().filter(|one| one["activity_id"] == 1).collect();
    assert_eq!((documents.len(), logons.len()), (7, 3));
    let message = logons[0]["message"].as_str().unwrap();
    assert!(message.starts_with("cannot be read: logged_in of shape"), "{message}");
    assert_eq!((&logons[0]["user"]["uid"], logons[0].get("is_mfa")), (&json!("alice"), None));
    let lines = told(&ledger, &of_alice(Format::Csv)).await;
    assert_eq!(lines.lines().count(), 1 + 28, "other rows are still shown");
}
