//! `projector relay run` as processes that are killed again and again: they skip nothing.
#![cfg(unix)]

use std::collections::{HashMap, HashSet};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;
use session_ledger::session::{Event, Noted, SessionId, Started, StoredTimeouts, TokenHash};
use test_support::{Database, append};
use time::OffsetDateTime;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_postgres::Client;

use super::{projector, stderr, stdout};

/// How long anything here may take.
const BOUND: Duration = Duration::from_secs(60);

/// How often the relays are killed, unless `FAULTS` says another number.
const KILLS: usize = 50;

/// How many transactions are written between two kills.
const WRITTEN: usize = 40;

/// How many bytes a relay may deliver at the most before it is killed: about half of what is written
/// meanwhile.
const BYTES_MAX: u64 = 16_000;

const WRITERS: u8 = 8;

/// The ids of committed events, and of rolled-back ones.
type Written = (Vec<String>, Vec<String>);

/// Two relays of one subscription deliver to one file, in turns, while eight writers write and a transaction
/// stays open again and again.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn relays_killed_again_and_again_skip_nothing_and_keep_each_sessions_order() {
    let database = Database::fresh().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("audit.ndjson");
    let allowed = Arc::new(Semaphore::new(0));
    let writers = start_writers(&database, &allowed).await;
    let mut open = LongOpen::new(&database).await;
    let kills = std::env::var("FAULTS").map_or(KILLS, |text| text.parse().unwrap());
    for nth in 0..kills {
        allowed.add_permits(WRITTEN);
        open.step(nth).await;
        let goal = file_bytes(&file) + rand::random_range(0..BYTES_MAX);
        let mut relays =
            ["audit-1", "audit-2"].map(|holder| to_file(&database, holder, &file).spawn().unwrap());
        let begun = Instant::now();
        while file_bytes(&file) < goal {
            assert!(begun.elapsed() < BOUND, "{nth} kills, and then nothing is delivered");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        for relay in &mut relays {
            // One that is asked to stop gives its lease to the other.
            let signal = if rand::random() { "-KILL" } else { "-TERM" };
            Command::new("kill").args([signal, &relay.id().to_string()]).status().unwrap();
        }
        for relay in &mut relays {
            relay.wait().unwrap();
        }
    }
    let late = open.end().await;
    allowed.close();
    let (mut committed, rolled_back) = writers.await.unwrap();
    committed.extend(late);
    deliver_the_rest(&database, &file);

    let text = std::fs::read_to_string(&file).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(ids(&lines) == committed, "all that was committed, and nothing else");
    assert!(!rolled_back.is_empty());
    assert!(lines.len() > committed.len(), "no relay was killed before it had remembered what it delivered");
    assert_in_order(&lines);
}

fn file_bytes(file: &Path) -> u64 {
    std::fs::metadata(file).map_or(0, |metadata| metadata.len())
}

fn to_file(database: &Database, holder: &str, file: &Path) -> Command {
    let mut command = projector(&database.config());
    let target = format!("file:{}", file.display());
    let arguments = ["relay", "run", "--subscription", "audit", "--create", "--batch", "7", "--idle-ms", "5"];
    command.args(arguments).args(["--holder", holder, "--to", &target]).stderr(Stdio::null());
    command
}

/// One of the two was killed with the lease, and gets it back by its name.
fn deliver_the_rest(database: &Database, file: &Path) {
    let ended = ["audit-1", "audit-2"]
        .map(|holder| to_file(database, holder, file).arg("--once").status().unwrap().success());
    assert!(ended[0] || ended[1], "none has the lease");
}

/// A transaction that has written one event and stays open for some kills.
struct LongOpen {
    client: Client,
    is_open: bool,
    committed: Vec<String>,
}

impl LongOpen {
    async fn new(database: &Database) -> Self {
        Self { client: database.connect().await, is_open: false, committed: Vec::new() }
    }

    async fn step(&mut self, nth: usize) {
        if self.is_open && nth % 7 == 6 {
            self.commit().await;
        } else if !self.is_open {
            self.client.batch_execute("begin").await.unwrap();
            let session = SessionId::new(OffsetDateTime::now_utc(), rand::random());
            let started = Event::Started(Started::new(TokenHash::default(), StoredTimeouts::default()));
            let event = append(&self.client, session, 1, &started).await.unwrap();
            self.committed.push(event.to_string());
            self.is_open = true;
        }
    }

    async fn commit(&mut self) {
        self.client.batch_execute("commit").await.unwrap();
        self.is_open = false;
    }

    async fn end(mut self) -> Vec<String> {
        if self.is_open {
            self.commit().await;
        }
        self.committed
    }
}

/// `relay | head` ended with an error on a busy log, and hung for ever on a quiet one, with the lease.
#[tokio::test]
async fn a_relay_whose_reader_goes_ends_and_gives_the_lease_back() {
    let database = Database::fresh().await;
    let ledger = super::open(&database).await;
    write_alone(&database.connect().await).await;
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
    write_alone(&database.connect().await).await;
    let run = |arguments: &[&str]| {
        projector(&database.config()).args(["relay", "run"]).args(arguments).output().unwrap()
    };
    let unnamed = run(&["--subscription", " ", "--create"]);
    assert!(stderr(&unnamed).contains("it must have a name; `projector relay list` lists them"));
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

fn command(database: &Database) -> Command {
    let mut command = projector(&database.config());
    command.args([
        "relay",
        "run",
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

async fn start_writers(
    database: &Database,
    allowed: &Arc<Semaphore>,
) -> tokio::task::JoinHandle<(HashSet<String>, Vec<String>)> {
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let (client, allowed) = (database.connect().await, Arc::clone(allowed));
        writers.spawn(async move { write(&client, writer, &allowed).await });
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

/// As many transactions as are allowed, over four sessions of this writer; every seventh rolls back.
async fn write(client: &Client, writer: u8, allowed: &Semaphore) -> Written {
    let start = OffsetDateTime::now_utc();
    let sessions: Vec<_> = (0..4).map(|nth| SessionId::new(start, [writer * 10 + nth; 10])).collect();
    let mut versions = [0; 4];
    let (mut committed, mut rolled_back) = Written::default();
    for nth in 0.. {
        let Ok(permit) = allowed.acquire().await else { break };
        permit.forget();
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

/// Three hundred transactions of one writer.
async fn write_alone(client: &Client) {
    let allowed = Semaphore::new(300);
    let all = async {
        while allowed.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        allowed.close();
    };
    tokio::join!(write(client, 1, &allowed), all);
}

async fn write_two(client: &Client, session: SessionId, version: i64) -> [String; 2] {
    let noted = Event::Noted(Noted::of_text("test", "more"));
    let started = Event::Started(Started::new(TokenHash::default(), StoredTimeouts::default()));
    let first = if version == 0 { started } else { noted.clone() };
    let first = append(client, session, version + 1, &first).await.unwrap();
    let second = append(client, session, version + 2, &noted).await.unwrap();
    [first.to_string(), second.to_string()]
}
