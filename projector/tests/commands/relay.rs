//! `projector relay` as a process that is killed again and again: it skips nothing.
#![cfg(unix)]

use std::collections::{HashMap, HashSet};
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::Value;
use session_ledger::session::{Event, Noted, SessionId, Started, StoredTimeouts, TokenHash};
use test_support::{Database, append};
use time::OffsetDateTime;
use tokio::task::JoinSet;
use tokio_postgres::Client;

use super::{projector, stderr, stdout};

/// How long anything here may take.
const BOUND: Duration = Duration::from_secs(60);

const KILLS_MIN: usize = 20;

/// The ids of committed events, and of rolled-back ones.
type Written = (Vec<String>, Vec<String>);

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_relay_killed_again_and_again_skips_nothing_and_keeps_each_sessions_order() {
    let database = Database::fresh().await;
    let writers = start_writers(&database).await;
    let mut lines: Vec<Value> = Vec::new();
    let mut kills = 0;
    while kills < KILLS_MIN || !writers.is_finished() {
        let mut relay = Relay::start(&database);
        lines.extend(relay.take_lines(kills % 7 * 5));
        relay.child.kill().unwrap();
        relay.child.wait().unwrap();
        lines.extend(relay.take_rest());
        kills += 1;
    }
    let (committed, rolled_back) = writers.await.unwrap();

    let mut last = Relay::start(&database);
    let begun = Instant::now();
    while !committed.is_subset(&ids(&lines)) {
        assert!(begun.elapsed() < BOUND, "events were skipped: {:?}", committed.difference(&ids(&lines)));
        lines.extend(last.take_lines(1));
    }
    let (code, rest) = last.terminate();
    lines.extend(rest);

    assert_eq!(code, Some(0), "a relay that is asked to stop is no failure");
    assert_eq!(ids(&lines), committed, "all that was committed, and nothing else");
    assert!(!rolled_back.is_empty());
    assert!(lines.len() > committed.len(), "no relay was killed before it had remembered what it wrote");
    assert_in_order(&lines);
}

/// `relay | head` ended with an error on a busy log, and hung for ever on a quiet one, with the lease.
#[tokio::test]
async fn a_relay_whose_reader_goes_ends_and_gives_the_lease_back() {
    let database = Database::fresh().await;
    let ledger = super::open(&database).await;
    write(&database.connect().await, 1).await;
    for is_quiet in [false, true] {
        let mut child = command(&database).stderr(Stdio::piped()).spawn().unwrap();
        let output = child.stdout.take().unwrap();
        if is_quiet {
            // All that there is, so that the relay waits for more.
            let mut lines = BufReader::new(output).lines();
            while ledger.subscriptions().await.unwrap()[0].lag > 0 {
                lines.next().unwrap().unwrap();
            }
        } else {
            drop(output);
        }
        let output = tokio::task::spawn_blocking(|| child.wait_with_output().unwrap());
        let output = tokio::time::timeout(BOUND, output).await.expect("the relay ends").unwrap();
        let told = stderr(&output);
        assert_eq!(
            (output.status.code(), told.as_str()),
            (Some(0), "Stopped, as nobody reads the output any more.\n")
        );
        assert_eq!(ledger.subscriptions().await.unwrap()[0].held, None);
    }
}

#[tokio::test]
async fn a_subscription_is_made_only_if_that_is_asked_for() {
    let database = Database::fresh().await;
    write(&database.connect().await, 1).await;
    let run =
        |arguments: &[&str]| projector(&database.config()).arg("relay").args(arguments).output().unwrap();
    let unnamed = run(&["--subscription", " ", "--create"]);
    assert!(stderr(&unnamed).contains("it must have a name; `projector subscriptions list` lists them"));
    let made = "--create makes a new one, from the beginning of the log\n";
    let none = run(&["--subscription", "audit", "--once"]);
    assert_eq!(
        (none.status.code(), stderr(&none), stdout(&none)),
        (Some(2), format!("error: there is no subscription `audit`, nor any other; {made}"), String::new())
    );
    let export = run(&["--subscription", "audit", "--create", "--once"]);
    assert_eq!((export.status.code(), stderr(&export)), (Some(0), String::new()));
    assert_eq!(whole_lines(&export.stdout[..]).count(), 516);
    let again = run(&["--subscription", "audit", "--create", "--once"]);
    assert_eq!((again.status.code(), stdout(&again)), (Some(0), String::new()));
    let typo = run(&["--subscription", "adit"]);
    assert_eq!(
        (typo.status.code(), stderr(&typo)),
        (
            Some(2),
            format!(
                "error: there is no subscription `adit`; did you mean `audit`? There are `audit`; {made}"
            )
        )
    );
}

/// A running relay, and its output.
struct Relay {
    child: Child,
    lines: Receiver<Value>,
}

impl Relay {
    fn start(database: &Database) -> Self {
        let mut child = command(database).spawn().unwrap();
        let (line, lines) = channel();
        let output = child.stdout.take().unwrap();
        std::thread::spawn(move || whole_lines(output).try_for_each(|read| line.send(read)));
        Self { child, lines }
    }

    /// The next lines, at most `count`, if they come within a moment; there may be nothing to relay just now.
    fn take_lines(&mut self, count: usize) -> Vec<Value> {
        (0..count).map_while(|_| self.lines.recv_timeout(Duration::from_millis(500)).ok()).collect()
    }

    /// The output of a relay that has ended.
    fn take_rest(&mut self) -> Vec<Value> {
        self.lines.iter().collect()
    }

    fn terminate(mut self) -> (Option<i32>, Vec<Value>) {
        assert!(Command::new("kill").arg(self.child.id().to_string()).status().unwrap().success());
        let code = self.child.wait().unwrap().code();
        (code, self.take_rest())
    }
}

fn command(database: &Database) -> Command {
    let mut command = projector(&database.config());
    command.args([
        "relay",
        "--subscription",
        "audit",
        "--create",
        "--holder",
        "audit-1",
        "--batch",
        "7",
        "--idle-ms",
        "5",
    ]);
    command.stdout(Stdio::piped());
    command
}

/// Complete lines only: a line counts once its newline is there.
fn whole_lines<R: Read>(output: R) -> impl Iterator<Item = Value> {
    let mut output = BufReader::new(output);
    std::iter::from_fn(move || {
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        line.ends_with('\n').then(|| serde_json::from_str(&line).unwrap())
    })
}

fn ids(lines: &[Value]) -> HashSet<String> {
    lines.iter().map(|line| line["id"].as_str().unwrap().to_owned()).collect()
}

/// A session's versions come in order once lines seen before are dropped.
fn assert_in_order(lines: &[Value]) {
    let mut seen = HashSet::new();
    let mut versions: HashMap<&str, i64> = HashMap::new();
    for line in lines {
        if seen.insert(line["id"].as_str().unwrap()) {
            let version = versions.entry(line["subject"].as_str().unwrap()).or_default();
            *version += 1;
            assert_eq!(line["sessionversion"], *version, "{line}");
        }
    }
}

async fn start_writers(database: &Database) -> tokio::task::JoinHandle<(HashSet<String>, Vec<String>)> {
    let mut writers = JoinSet::new();
    for writer in 0..3 {
        let client = database.connect().await;
        writers.spawn(async move { write(&client, writer).await });
    }
    tokio::spawn(async move {
        let (mut committed, mut rolled_back) = (HashSet::new(), Vec::new());
        while let Some(written) = writers.join_next().await {
            let (kept, dropped) = written.unwrap();
            committed.extend(kept);
            rolled_back.extend(dropped);
        }
        (committed, rolled_back)
    })
}

/// Three hundred transactions over four sessions of this writer; every seventh rolls back.
async fn write(client: &Client, writer: u8) -> Written {
    let start = OffsetDateTime::now_utc();
    let sessions: Vec<_> = (0..4).map(|nth| SessionId::new(start, [writer * 10 + nth; 10])).collect();
    let mut versions = [0; 4];
    let (mut committed, mut rolled_back) = Written::default();
    for nth in 0..300 {
        let (at, is_kept) = (nth % sessions.len(), nth % 7 != 6);
        client.batch_execute("begin").await.unwrap();
        let events = write_two(client, sessions[at], versions[at]).await;
        client.batch_execute(if is_kept { "commit" } else { "rollback" }).await.unwrap();
        if is_kept {
            versions[at] += 2;
            committed.extend(events);
        } else {
            rolled_back.extend(events);
        }
    }
    (committed, rolled_back)
}

async fn write_two(client: &Client, session: SessionId, version: i64) -> [String; 2] {
    let noted = Event::Noted(Noted::of_text("test", "more"));
    let started = Event::Started(Started::new(TokenHash::default(), StoredTimeouts::default()));
    let first = if version == 0 { started } else { noted.clone() };
    let first = append(client, session, version + 1, &first).await.unwrap();
    let second = append(client, session, version + 2, &noted).await.unwrap();
    [first.to_string(), second.to_string()]
}
