//! `projector logins` and `projector who`.

use projector::cli::{Audit, Command};
use projector::{Answer, logins, ocsf};
use session_ledger::Ledger;
use test_support::Database;
use time::OffsetDateTime;
use time::macros::datetime;

use super::capture::{Capture, assert_golden};
use super::{projector, stderr, stdout, stories};

/// A question as somebody types it, at noon of the day of the stories.
fn asked(arguments: &[&str]) -> logins::Question {
    let now = datetime!(2025-03-01 12:00 UTC);
    match super::command(arguments) {
        Command::Audit(Audit::Logins(asked)) => asked.question(now).unwrap(),
        Command::Audit(Audit::Who(asked)) => asked.question(now),
        other => panic!("{other:?}"),
    }
}

async fn told(ledger: &Ledger, arguments: &[&str]) -> (Answer, String, String) {
    let mut capture = Capture::default();
    let answer = logins::run(ledger, &asked(arguments), &mut capture.console()).await.unwrap();
    (answer, capture.out(), capture.notes())
}

#[tokio::test]
async fn logins_are_listed_in_every_format() {
    let database = Database::fresh().await;
    let ledger = stories::tell(&database).await;
    for (format, name) in
        [("table", "txt"), ("json", "json"), ("csv", "csv"), ("ndjson", "ndjson"), ("ocsf", "ocsf.ndjson")]
    {
        let (answer, out, notes) = told(&ledger, &["logins", "--format", format]).await;
        assert_eq!((answer, notes.as_str()), (Answer::Yes, ""));
        assert_golden(&format!("logins.{name}"), &out);
        let output = projector(&database.config()).args(["logins", "--format", format]).output().unwrap();
        assert_eq!((output.status.code(), stdout(&output)), (Some(0), out), "{}", stderr(&output));
    }
}

#[tokio::test]
async fn each_condition_leaves_fewer_logins() {
    let database = Database::fresh().await;
    let ledger = stories::tell(&database).await;
    let count = async |more: &[&str]| {
        let arguments = [&["logins", "--format", "ndjson"], more].concat();
        told(&ledger, &arguments).await.1.lines().count()
    };
    assert_eq!(count(&[]).await, 3);
    assert_eq!(count(&["--user", "alice"]).await, 3);
    assert_eq!(count(&["--user", "bob"]).await, 0);
    assert_eq!(count(&["--reason", "revoked"]).await, 1);
    assert_eq!(count(&["--since", "2h ago"]).await, 2);
    assert_eq!(count(&["--until", "2h ago"]).await, 1);
    assert_eq!(count(&["--since", "2025-03-01", "--until", "2025-03-02"]).await, 3);
    assert_eq!(count(&["--from-network", "192.0.2.0/24"]).await, 3);
    assert_eq!(count(&["--from-network", "192.0.2.8"]).await, 0);
}

#[tokio::test]
async fn who_was_signed_in_is_told_for_any_moment() {
    let database = Database::fresh().await;
    let ledger = stories::tell(&database).await;
    let sessions = async |more: &[&str]| {
        let arguments = [&["who", "--format", "csv"], more].concat();
        let told = told(&ledger, &arguments).await.1;
        told.lines().skip(1).map(|line| line[..36].to_owned()).collect::<Vec<_>>()
    };
    let [eventful, program, phone] =
        [stories::eventful(), stories::by_program(), stories::on_phone()].map(|id| id.to_string());
    assert_eq!(sessions(&[]).await, [phone, program.clone()]);
    assert_eq!(sessions(&["--at", "2025-03-01T10:30:00+01:00"]).await, [""; 0]);
    assert_eq!(sessions(&["--at", "2025-03-01 10:02+01:00"]).await, [eventful]);
    assert_eq!(sessions(&["--at", "90 min ago"]).await, [program]);
    assert_eq!(sessions(&["--at", "90 min ago", "--user", "bob"]).await, [""; 0]);
    let (answer, out, notes) = told(&ledger, &["who", "--at", "2024-01-01"]).await;
    assert_eq!(
        (answer, out.as_str(), notes.as_str()),
        (Answer::No, "", "No login fulfils these conditions.\n")
    );
}

#[tokio::test]
async fn a_narrow_terminal_keeps_who_and_when() {
    let database = Database::fresh().await;
    let ledger = stories::tell(&database).await;
    for (columns, headings) in [
        (200, "USER SIGNED IN FOR ENDED BY PROOF FROM BROWSER SESSION"),
        (100, "USER SIGNED IN FOR ENDED BY FROM BROWSER"),
        (80, "USER SIGNED IN FOR ENDED BY FROM"),
        (40, "USER SIGNED IN ENDED"),
    ] {
        let mut capture = Capture::terminal_of(columns);
        let _ = logins::run(&ledger, &asked(&["logins"]), &mut capture.console()).await.unwrap();
        let told = capture.out();
        let first = told.lines().next().unwrap();
        assert_eq!(first.split_whitespace().collect::<Vec<_>>().join(" "), headings, "{columns}\n{told}");
        assert!(told.lines().all(|line| line.chars().count() <= columns), "{columns}\n{told}");
        if columns == 80 {
            assert_golden("logins.80.txt", &told);
        }
    }
}

#[tokio::test]
async fn a_user_agent_steers_neither_a_terminal_nor_a_spreadsheet() {
    let database = Database::fresh().await;
    let ledger = stories::tell(&database).await;
    let formula =
        "update session_ledger.login_step set user_agent = '=cmd|''/c calc''!A1' where session_id = $1";
    database.connect().await.execute(formula, &[&stories::on_phone().as_uuid()]).await.unwrap();
    for format in ["table", "json", "csv", "ndjson", "ocsf"] {
        let mut capture = Capture::terminal();
        let question = asked(&["logins", "--format", format]);
        let _ = logins::run(&ledger, &question, &mut capture.console()).await.unwrap();
        let told = capture.out();
        let steers = |c: char| c != '\n' && (c.is_control() || c == '\u{202e}');
        assert!(!told.contains(steers), "{format}: {told:?}");
        assert!(told.contains("curl/8.5.0") && told.contains("=cmd"), "{format}: {told}");
        assert!(!told.contains(",=cmd"), "{format}: {told}");
    }
}

/// What OCSF 1.5 requires of the class Authentication, and of what its events hold.
#[tokio::test]
async fn documents_have_all_that_ocsf_requires() {
    let database = Database::fresh().await;
    let ledger = stories::tell(&database).await;
    let (_, out, _) = told(&ledger, &["logins", "--format", "ocsf", "--service", "shop"]).await;
    let documents: Vec<serde_json::Value> =
        out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(documents.len(), 4, "three logins, one of which has ended");
    for document in &documents {
        super::ocsf::assert_complete(document);
        assert_eq!(
            (&document["service"]["name"], &document["metadata"]["version"]),
            (&"shop".into(), &ocsf::SCHEMA_VERSION.into())
        );
    }
    let activities: Vec<_> = documents.iter().map(|one| one["activity_name"].as_str().unwrap()).collect();
    assert_eq!(activities, ["Logon", "Logon", "Logon", "Logoff"]);
    let logoff = documents.last().unwrap();
    assert_eq!(logoff["actor"]["user"]["uid"], "admin");
    assert_eq!(logoff["session"]["expiration_reason"], "revoked");
    let ended_at = OffsetDateTime::from_unix_timestamp(logoff["time"].as_i64().unwrap() / 1000).unwrap();
    assert_eq!(ended_at, datetime!(2025-03-01 09:03:40 UTC));
}

#[test]
fn a_span_that_is_impossible_is_refused_before_a_database_is_looked_for() {
    let output = super::bare_projector()
        .args(["logins", "--since", "2025-03-02", "--until", "2025-03-01"])
        .output()
        .unwrap();
    let told = "error: the span is empty: --since is 2025-03-02T00:00:00Z, and --until, 2025-03-01T00:00:00Z, does not \
                come after it\n";
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(2), told));
    let zone = super::bare_projector().args(["who", "--at", "2025-03-01T10:00 CET"]).output().unwrap();
    let told =
        "error: invalid value '2025-03-01T10:00 CET' for '--at <MOMENT>': time zones are not known by name";
    assert!(zone.status.code() == Some(2) && stderr(&zone).starts_with(told), "{}", stderr(&zone));
}

/// Two failed logins: of a user, with all that can be hostile in it, and of one whom the application does not
/// tell.
async fn tell_failures(database: &Database) {
    let rows = "insert into session_ledger.failed_login
            (failed_at, left_out, event_id, session_id, user_id, reason, client_ip, user_agent)
        values ('2025-03-01 09:00Z', 0, 'aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa', null, null, 'unknown_user', null, null),
               ('2025-03-01 10:00Z', 7, 'bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb', '01955100-0000-7000-8000-000000000001',
                E'=cmd\\x1b[31m\\n', 'wrong_secret', '192.0.2.7', E'Mozilla\\x1b]0;x\\x07/5.0')";
    database.connect().await.batch_execute(rows).await.unwrap();
}

#[tokio::test]
async fn failed_logins_are_listed_in_every_format() {
    let database = Database::fresh().await;
    tell_failures(&database).await;
    let told = async |more: &[&str]| {
        let arguments = [&["logins", "--failed", "--format"], more].concat();
        let output = projector(&database.config()).args(arguments).output().unwrap();
        (output.status.code(), stdout(&output), stderr(&output))
    };
    for (format, name) in
        [("table", "txt"), ("json", "json"), ("csv", "csv"), ("ndjson", "ndjson"), ("ocsf", "ocsf.ndjson")]
    {
        let (code, out, notes) = told(&[format]).await;
        assert_eq!((code, notes.as_str()), (Some(0), ""));
        assert!(!out.contains('\u{1b}'), "{out}");
        assert_golden(&format!("failed-logins.{name}"), &out);
    }
    for document in told(&["ocsf"]).await.1.lines() {
        super::ocsf::assert_complete(&serde_json::from_str(document).unwrap());
    }
    let count = async |more: &[&str]| told(&[&["ndjson"], more].concat()).await.1.lines().count();
    assert_eq!(count(&["--from-network", "192.0.2.0/24"]).await, 1);
    assert_eq!(count(&["--reason", "unknown_user"]).await, 1);
    assert_eq!(count(&["--since", "2025-03-01T09:30Z"]).await, 1);
    assert_eq!(count(&["--until", "2025-03-01T09:00Z"]).await, 0);
    let (code, out, notes) = told(&["table", "--user", "bob"]).await;
    assert_eq!((code, out.as_str()), (Some(1), ""));
    assert_eq!(notes, "No failed login fulfils these conditions.\n");
}
