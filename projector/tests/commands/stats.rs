//! `projector stats`.

use projector::cli::{Audit, Command};
use projector::{Answer, stats};
use session_ledger::Ledger;
use test_support::Database;

use super::capture::{Capture, assert_golden};
use super::{projector, stderr, stories};

/// What a command tells at noon of the day of the stories.
async fn told(ledger: &Ledger, arguments: &[&str], capture: &mut Capture) -> Answer {
    let arguments = [&["stats"], arguments].concat();
    let Command::Audit(Audit::Stats(asked)) = super::command(&arguments) else { panic!("{arguments:?}") };
    let question = asked.question(time::macros::datetime!(2025-03-01 12:00 UTC)).unwrap();
    stats::run(ledger, &question, &mut capture.console()).await.unwrap()
}

#[tokio::test]
async fn logins_and_ends_are_counted_in_every_format() {
    let database = Database::fresh().await;
    let ledger = stories::tell(&database).await;
    for (format, name) in [("table", "txt"), ("json", "json"), ("csv", "csv"), ("ndjson", "ndjson")] {
        let mut capture = Capture::default();
        let answer = told(&ledger, &["--since", "5h ago", "--format", format], &mut capture).await;
        assert_eq!((answer, capture.notes().as_str()), (Answer::Yes, ""));
        assert_golden(&format!("stats.{name}"), &capture.out());
    }
}

/// Two logins of one hour end in others, one of them before it was asked for.
#[tokio::test]
async fn an_end_is_counted_in_its_own_step_wherever_the_login_began() {
    let database = Database::fresh().await;
    let ledger = stories::tell(&database).await;
    let ended = async |more: &[&str]| {
        let mut capture = Capture::default();
        let arguments = [&["--format", "csv"], more].concat();
        let _ = told(&ledger, &arguments, &mut capture).await;
        let column = |line: &str| line.rsplit(',').next().unwrap().parse::<u64>().unwrap();
        capture.out().lines().skip(1).map(column).collect::<Vec<_>>()
    };
    assert_eq!(ended(&["--since", "3h ago", "--until", "2h ago"]).await, [1]);
    let move_end = "update session_ledger.ended_session set ended_at = '2025-03-01 11:30Z'";
    database.connect().await.batch_execute(move_end).await.unwrap();
    assert_eq!(ended(&["--since", "3h ago"]).await, [0, 0, 1]);
    assert_eq!(ended(&["--since", "1h ago"]).await, [1], "of a login from before the span");
    assert_eq!(ended(&["--by", "day", "--since", "2025-02-28"]).await, [0, 1]);
    assert_eq!(ended(&["--since", "1h ago", "--from-network", "192.0.2.8"]).await, [0; 0]);
    assert_eq!(ended(&["--since", "1h ago", "--user", "bob"]).await, [0; 0]);
}

#[tokio::test]
async fn a_terminal_shows_a_bar_and_a_narrow_one_does_without() {
    let database = Database::fresh().await;
    let ledger = stories::tell(&database).await;
    for (columns, has_bar) in [(80, true), (50, false), (30, false)] {
        let mut capture = Capture::terminal_of(columns);
        let _ = told(&ledger, &["--since", "3h ago"], &mut capture).await;
        assert_eq!(capture.out().contains('█'), has_bar, "{}", capture.out());
        assert!(capture.out().lines().all(|line| line.chars().count() <= columns), "{}", capture.out());
    }
}

#[tokio::test]
async fn a_span_without_logins_or_with_too_many_steps_is_said() {
    let database = Database::fresh().await;
    let ledger = stories::tell(&database).await;
    let mut capture = Capture::default();
    let span = ["--since", "2024-01-01", "--until", "2024-01-03", "--format", "json"];
    assert_eq!(told(&ledger, &span, &mut capture).await, Answer::No);
    let note = "No login began or ended from 2024-01-01T00:00:00Z to 2024-01-03T00:00:00Z.\n";
    assert_eq!((capture.out().as_str(), capture.notes().as_str()), ("[]\n", note));
    let output = projector(&database.config()).args(["stats", "--since", "2020-01-01"]).output().unwrap();
    let told = "error: the span has more than 1000 steps of 1h: take a longer step, or a shorter span\n";
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(2), told));
}
