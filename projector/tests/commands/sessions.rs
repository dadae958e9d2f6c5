//! `projector sessions`.

use projector::output::Format;
use projector::{Answer, sessions};
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
        let answer = sessions::run(&ledger, &"alice".into(), format, &mut capture.console()).await;
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
        let _ = sessions::run(&ledger, &"alice".into(), format, &mut capture.console()).await.unwrap();
        let steers = |c: char| c != '\n' && (c.is_control() || c == '\u{202e}');
        assert!(!capture.out().contains(steers), "{:?}", capture.out());
        assert!(capture.out().contains("curl/8.5.0"), "{}", capture.out());
    }
}

#[tokio::test]
async fn a_user_without_sessions_has_an_empty_list() {
    let database = Database::fresh().await;
    let ledger = super::open(&database).await;
    for (format, empty) in
        [(Format::Table, ""), (Format::Json, "[]\n"), (Format::Csv, ""), (Format::Ndjson, "")]
    {
        let mut capture = Capture::default();
        let answer = sessions::run(&ledger, &"no\u{1b}body".into(), format, &mut capture.console()).await;
        assert_eq!(answer.unwrap(), Answer::Yes);
        assert_eq!(capture.out(), empty);
        assert_eq!(capture.notes(), "No session belongs to user \"no\u{fffd}body\".\n");
    }
}
