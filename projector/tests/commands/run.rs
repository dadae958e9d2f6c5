//! `projector run`: jobs, their leases, health and metrics.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use session_ledger::session::FeedFilter;
use test_support::Database;
use tokio_postgres::Config;

use super::{projector, stderr, stories};

/// How long a state is waited for.
const PATIENCE: Duration = Duration::from_secs(90);

/// A process under test, and where it is asked.
pub(super) struct Copy {
    pub(super) child: Child,
    address: String,
}

impl Copy {
    fn start(database: &Database, holder: &str) -> Self {
        Self::start_with(database, holder, "", &[])
    }

    /// `others` are the jobs that `more` asks for, after a comma.
    pub(super) fn start_with(database: &Database, holder: &str, others: &str, more: &[&str]) -> Self {
        Self::start_as(&database.config(), holder, &format!("sweep, partitions{others}"), more)
    }

    /// One that does these jobs, as the user of an address.
    pub(super) fn start_as(config: &Config, holder: &str, jobs: &str, more: &[&str]) -> Self {
        let arguments = [
            "run",
            "--listen",
            "127.0.0.1:0",
            "--holder",
            holder,
            "--lease",
            "2",
            "--sweep-every",
            "1",
            "--idle-timeout",
            "30m",
        ];
        let mut child = projector(config);
        let mut child =
            child.args(arguments).args(more).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let expected = format!("Does {jobs} as {holder}; metrics on http://");
        let address = line.trim_end().strip_prefix(&expected).and_then(|rest| rest.strip_suffix("/metrics"));
        Self { address: address.unwrap_or_else(|| panic!("{line}")).to_owned(), child }
    }

    /// The status and the body of an answer.
    pub(super) fn get(&self, path: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", self.address).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
        (status, answer.split_once("\r\n\r\n").unwrap().1.to_owned())
    }

    /// The value of a metric, with its labels; none if it is not told.
    pub(super) fn metric(&self, name: &str) -> Option<f64> {
        let (status, body) = self.get("/metrics");
        assert_eq!(status, 200);
        let line =
            body.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ').map(str::to_owned));
        line.map(|value| value.parse().unwrap())
    }

    pub(super) fn leads(&self, job: &str) -> bool {
        self.metric(&format!("session_ledger_job_leader{{job_name=\"{job}\"}}")) == Some(1.0)
    }

    pub(super) fn signal(&self, signal: &str) {
        Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap();
    }
}

/// None outlives its test.
impl Drop for Copy {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

pub(super) fn until(what: &str, is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "{what}");
    }
}

async fn until_swept(database: &Database) {
    let begun = Instant::now();
    while database.count("session_ledger.session").await > 0 {
        assert!(begun.elapsed() < PATIENCE, "the sessions are swept");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn one_copy_works_and_the_other_takes_over_when_the_first_is_killed() {
    let database = Database::fresh().await;
    stories::tell(&database).await;
    let first = Copy::start(&database, "first");
    until("the first one does both jobs", || first.leads("sweep") && first.leads("partitions"));
    until_swept(&database).await;
    let second = Copy::start(&database, "second");
    until("it stands by", || {
        second.metric("session_ledger_job_leader{job_name=\"sweep\"}") == Some(0.0) && first.leads("sweep")
    });
    assert_eq!((second.get("/healthz").0, second.get("/readyz").0, second.get("/other").0), (200, 200, 404));

    first.signal("-KILL");
    until("the second one takes over", || second.leads("sweep") && second.leads("partitions"));
    let fence = "select fence from session_ledger.job_lease where job = 'sweep' and holder = 'second'";
    let fence: i64 = database.connect().await.query_one(fence, &[]).await.unwrap().get(0);
    assert_eq!(fence, 2);
    stories::session_of(&database, 8, vec![stories::alice_logs_in()]).await;
    let projected = session_ledger::ledger::RebuildOptions::default().while_connected();
    super::open(&database).await.rebuild(projected, |_| {}).await.unwrap();
    until_swept(&database).await;

    second.signal("-TERM");
    let mut second = second;
    assert_eq!(second.child.wait().unwrap().code(), Some(0));
    let held = "session_ledger.job_lease where holder is not null";
    assert_eq!(database.count(held).await, 0, "the leases are given back");
}

#[cfg(unix)]
#[tokio::test]
async fn metrics_tell_how_the_database_is() {
    let database = Database::fresh().await;
    let ledger = stories::tell(&database).await;
    ledger.subscription("mailer", "a test").await.unwrap().release().await.unwrap();
    let copy = Copy::start(&database, "one");
    until("the sweep has run", || {
        copy.metric("session_ledger_swept_sessions_total{reason=\"idle_timeout\"}") > Some(0.0)
    });
    assert_eq!(copy.metric("session_ledger_partitions_ahead"), Some(12.0));
    assert!(
        copy.metric("session_ledger_events_otherwise") > Some(1.0),
        "they are of a month without partition"
    );
    assert!(
        copy.metric("session_ledger_subscription_lag_events{subscription=\"mailer\",kind=\"subscription\"}")
            > Some(1.0)
    );
    assert!(
        copy.metric("session_ledger_subscription_lag_seconds{subscription=\"mailer\",kind=\"subscription\"}")
            > Some(1.0)
    );
    for name in ["session_ledger_hot_update_ratio", "session_ledger_dead_tuples"] {
        assert!(copy.metric(&format!("{name}{{table=\"session\"}}")).is_some(), "{name}");
    }
    assert!(copy.metric("session_ledger_oldest_transaction_seconds").is_some());

    let client = database.connect().await;
    let mark = "insert into session_ledger.projection (name, replays_until, epoch)
                select name, cursor, epoch from session_ledger.subscription";
    client.batch_execute(mark).await.unwrap();
    let lag = |kind| {
        let labels = format!("subscription=\"mailer\",kind=\"{kind}\"");
        copy.metric(&format!("session_ledger_subscription_lag_events{{{labels}}}"))
    };
    assert!(lag("projection") > Some(1.0), "a follower with a mark is a projection");
    assert_eq!(lag("subscription"), Some(0.0), "and no other follower");
    ledger.drop_subscription("mailer").await.unwrap();
    assert_eq!(lag("projection"), Some(0.0), "what is no longer there lags no more");

    let answers = "session_ledger_database_answers";
    assert_eq!(copy.metric(answers), Some(1.0));
    client.batch_execute("alter schema session_ledger rename to elsewhere").await.unwrap();
    assert_eq!(copy.metric(answers), Some(0.0));
    client.batch_execute("alter schema elsewhere rename to session_ledger").await.unwrap();
    until("it is measured again", || copy.metric(answers) == Some(1.0));
}

#[cfg(unix)]
#[tokio::test]
async fn a_relay_is_a_job_and_another_copy_takes_it_over() {
    let database = Database::fresh().await;
    let ledger = stories::tell(&database).await;
    ledger.create_subscription("audit", &FeedFilter::all()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("audit.ndjson");
    let target = format!("audit=file:{}", file.display());
    let copy = |holder| Copy::start_with(&database, holder, ", relay audit", &["--relay", &target]);
    let first = copy("first");
    let delivered = "session_ledger_relay_delivered_total{subscription=\"audit\"}";
    until("all is delivered", || first.metric(delivered) >= Some(30.0));
    assert_eq!(
        first.metric("session_ledger_dead_letters{subscription=\"audit\",kind=\"subscription\"}"),
        Some(0.0)
    );
    let second = copy("second");
    first.signal("-TERM");
    let mut first = first;
    assert_eq!(first.child.wait().unwrap().code(), Some(0));
    let lines = || std::fs::read_to_string(&file).unwrap().lines().count();
    let before = lines();
    stories::session_of(&database, 8, vec![stories::alice_logs_in()]).await;
    until("the second one delivers", || lines() > before);
    drop(second);
}

#[tokio::test]
async fn an_archive_needs_a_folder() {
    let database = Database::fresh().await;
    let output = projector(&database.config()).args(["run", "--jobs", "archive"]).output().unwrap();
    let told = "error: say with --archive-to where archived months go\n";
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(2), told));
}
