//! `projector history --follow`.
#![cfg(unix)]

use std::io::{self, BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::Duration;

use projector::history::{Question, Whose, follow};
use projector::output::Format;
use projector::{Answer, Console, ocsf};
use serde_json::Value;
use session_ledger::ledger::End;
use session_ledger::session::{EndReason, SessionId};
use session_ledger::{Key, Ledger};
use test_support::Database;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;

use super::{projector, stderr, stories};

/// How long anything here may take.
const BOUND: Duration = Duration::from_secs(60);

const COUNT: Key<u32> = Key::new("count");

/// An output that hands on each line.
struct Lines(UnboundedSender<String>);

impl Write for Lines {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.0.send(String::from_utf8(text.to_vec()).unwrap()).unwrap();
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A follower that goes on beside the test.
struct Following {
    lines: UnboundedReceiver<String>,
    stop: oneshot::Sender<()>,
    end: tokio::task::JoinHandle<Answer>,
}

impl Following {
    fn start(ledger: &Ledger, question: Question) -> Self {
        let ((sender, lines), (stop, stopped)) = (unbounded_channel(), oneshot::channel());
        let ledger = ledger.clone();
        let end = tokio::spawn(async move {
            let (mut out, mut notes) = (Lines(sender), Vec::new());
            let mut console = Console::plain(&mut out, &mut notes);
            let stop = async { stopped.await.unwrap_or(()) };
            follow(&ledger, &question, stop, &mut console).await.unwrap()
        });
        Self { lines, stop, end }
    }

    async fn line(&mut self) -> String {
        tokio::time::timeout(BOUND, self.lines.recv()).await.expect("a line comes").expect("it goes on")
    }

    async fn stop(self) -> Answer {
        self.stop.send(()).unwrap();
        self.end.await.unwrap()
    }
}

fn of_session(session: SessionId, format: Format) -> Question {
    Question::new(Whose::Session(session), format)
}

fn of_alice(format: impl Into<ocsf::Format>) -> Question {
    Question::new(Whose::User("alice".into()), format)
}

async fn count_up(ledger: &Ledger, session: SessionId) {
    let count = |session: &mut session_ledger::ledger::Change| session.update(&COUNT, |count| *count += 1);
    ledger.change(session, count).await.unwrap();
}

#[tokio::test]
async fn a_session_is_followed_to_its_end() {
    let database = Database::fresh().await;
    let ledger = stories::tell(&database).await;
    let session = stories::by_program();
    let mut following = Following::start(&ledger, of_session(session, Format::Table));
    let from = "from 192.0.2.7 curl/8.5.0\u{fffd}[2J\u{fffd}31m";
    for told in
        ["00Z  session started, no time limit", "10Z  alice logged in (pwd, AAL1)", "20Z  token renewed"]
    {
        assert_eq!(following.line().await, format!("2025-03-01T10:00:{told}  {from}\n"));
    }
    count_up(&ledger, session).await;
    let line = following.line().await;
    assert!(line.contains("  count set (1 byte)  from 192.0.2.7 curl/"), "{line}");
    ledger.end(session, End::because(EndReason::Revoked).by("admin")).await.unwrap();
    let line = following.line().await;
    assert!(line.ends_with("  ended: revoked  by admin\n"), "{line}");
    assert_eq!(following.end.await.unwrap(), Answer::Yes, "nothing follows an end");
}

/// Events that commit while others are read must not be missed, nor be told again.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn each_event_of_a_user_comes_once_and_in_the_order_of_its_session() {
    let database = Database::fresh().await;
    let ledger = stories::tell(&database).await;
    let sessions = [stories::by_program(), stories::on_phone()];
    let mut following = Following::start(&ledger, of_alice(Format::Ndjson));
    let writers = sessions.map(|session| {
        let ledger = ledger.clone();
        tokio::spawn(async move {
            for _ in 0..40 {
                count_up(&ledger, session).await;
            }
            ledger.end(session, EndReason::Revoked).await.unwrap();
        })
    });
    let mut told: Vec<(SessionId, i64)> = Vec::new();
    // The eventful session has 23 events, the two others 3 and 2, 40 changes and an end each.
    while told.len() < 23 + 44 + 43 {
        let line: Value = serde_json::from_str(&following.line().await).unwrap();
        let session = line["session_id"].as_str().unwrap().parse().unwrap();
        told.push((session, line["version"].as_i64().unwrap()));
    }
    for writer in writers {
        writer.await.unwrap();
    }
    assert_eq!(following.stop().await, Answer::Yes);
    for (session, last) in [(stories::eventful(), 23), (sessions[0], 44), (sessions[1], 43)] {
        let versions: Vec<_> =
            told.iter().filter(|(of, _)| *of == session).map(|(_, version)| *version).collect();
        assert_eq!(versions, (1..=last).collect::<Vec<_>>(), "{session}");
    }
}

#[tokio::test]
async fn a_lost_connection_loses_no_event() {
    let database = Database::fresh().await;
    let ledger = stories::tell(&database).await;
    let mut following = Following::start(&ledger, of_session(stories::by_program(), Format::Ndjson));
    for _ in 0..3 {
        following.line().await;
    }
    let terminate = "select pg_terminate_backend(pid) from pg_stat_activity
                      where datname = current_database() and pid <> pg_backend_pid()";
    database.connect().await.execute(terminate, &[]).await.unwrap();
    let another = super::open(&database).await;
    count_up(&another, stories::by_program()).await;
    let line = following.line().await;
    assert!(line.contains("\"version\":4,"), "{line}");
    assert_eq!(following.stop().await, Answer::Yes);
}

#[tokio::test]
async fn sessions_from_before_the_span_are_not_told() {
    let database = Database::fresh().await;
    let ledger = stories::tell(&database).await;
    let mut question = of_alice(Format::Ndjson);
    question.conditions.span.since = Some(time::macros::datetime!(2025-03-01 10:00:15 UTC));
    let mut following = Following::start(&ledger, question);
    let mut told = Vec::new();
    for _ in 0..3 {
        let line: Value = serde_json::from_str(&following.line().await).unwrap();
        told.push((line["session_id"].as_str().unwrap().to_owned(), line["version"].as_i64().unwrap()));
    }
    let (phone, program) = (stories::on_phone().to_string(), stories::by_program().to_string());
    assert_eq!(told, [(program, 3), (phone.clone(), 1), (phone, 2)], "in the order of their starts");
    assert_eq!(following.stop().await, Answer::Yes);
}

#[tokio::test]
async fn conditions_hold_for_what_comes_too() {
    let database = Database::fresh().await;
    let ledger = stories::tell(&database).await;
    let mut question = of_alice(ocsf::Format::Csv);
    question.conditions.kinds = vec!["ended".to_owned(), "noted".to_owned()];
    question.conditions.actor = Some("admin".into());
    let mut following = Following::start(&ledger, question);
    let first = following.line().await;
    assert!(first.starts_with("session_id,version,") && first.contains(",ended,"), "{first}");
    count_up(&ledger, stories::on_phone()).await;
    ledger.end(stories::by_program(), EndReason::Revoked).await.unwrap();
    ledger.end(stories::on_phone(), End::because(EndReason::Revoked).by("admin")).await.unwrap();
    let second = following.line().await;
    assert!(second.starts_with(&stories::on_phone().to_string()), "{second}");
    assert_eq!(following.stop().await, Answer::Yes);
}

#[tokio::test]
async fn a_user_who_signs_in_later_is_waited_for_and_an_unknown_session_is_not() {
    let database = Database::fresh().await;
    let ledger = super::open(&database).await;
    let mut following = Following::start(&ledger, of_alice(ocsf::Format::Ocsf));
    stories::tell(&database).await;
    let mut documents = Vec::new();
    while documents.len() < 7 {
        documents.push(serde_json::from_str(&following.line().await).unwrap());
    }
    documents.iter().for_each(super::ocsf::assert_complete);
    assert_eq!(following.stop().await, Answer::Yes);

    let nobody = SessionId::from_bytes([7; 16]);
    let unknown = Following::start(&ledger, of_session(nobody, Format::Ndjson));
    assert_eq!(unknown.end.await.unwrap(), Answer::No);
}

#[tokio::test]
async fn the_program_ends_when_it_is_asked_to_and_when_nobody_reads_it_any_more() {
    let database = Database::fresh().await;
    stories::tell(&database).await;
    for is_asked in [true, false] {
        let mut command = projector(&database.config());
        command.args(["history", "--user", "alice", "--follow", "--format", "ndjson"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        for _ in 0..28 {
            lines.next().unwrap().unwrap();
        }
        if is_asked {
            let id = child.id().to_string();
            assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
        } else {
            drop(lines);
        }
        let output = tokio::task::spawn_blocking(|| child.wait_with_output().unwrap());
        let output = tokio::time::timeout(BOUND, output).await.expect("it ends").unwrap();
        assert_eq!((output.status.code(), stderr(&output)), (Some(0), String::new()), "{is_asked}");
    }
    let array = ["history", "--user", "alice", "--follow", "--format", "json"];
    let output = projector(&database.config()).args(array).output().unwrap();
    let told = "error: an array of JSON has an end, and --follow has none: take --format ndjson\n";
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(2), told));
}
