//! Clients that append and read through the application, while connections are killed and stopped.
//!
//! `ANOMALY_SECONDS` sets for how long (at most 300, as the rows last no longer); `SEED` repeats the clients'
//! choices.

use std::env;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use poem::http::Method;
use private_postgres::{Options, Server};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use session_ledger::Ledger;
use session_ledger::session::Policy;
use test_support::{App, Database, Visitor};

use crate::application::{TABLE, WAYS, application, read_row};
use crate::checker::{check, graph};
use crate::cycle::Edge;
use crate::history::{History, List, Outcome, Step, Transaction};
use crate::trouble::{self, Trouble};

const SECONDS: u64 = 10;
const SECONDS_MAX: u64 = 300;
/// Lists are new in each round, so that they stay short.
const ROUND: Duration = Duration::from_secs(2);
const CLIENTS: usize = 12;
const SESSIONS: usize = 3;
const KEYS: usize = 2;
const ROWS: i32 = 4;
/// The distance between the rows of two lists, so that no page holds two, where locks of readers would meet.
const STRIDE: i32 = 150;
const STEPS_MAX: usize = 4;
const NAME: &str = "__Host-session";

/// Two processes of one application, on one database.
struct Site {
    processes: [App; 2],
    database: Database,
    ledger: Ledger,
    /// Elements are unique.
    next: AtomicI64,
}

/// The lists of one round.
struct Round {
    /// Each session in a browser, once for each process.
    browsers: Vec<[Visitor; 2]>,
    rows: Vec<i32>,
    transactions: Mutex<Vec<Transaction>>,
}

#[tokio::test(flavor = "multi_thread")]
async fn what_clients_see_is_what_some_serial_execution_shows() {
    let number = |name| env::var(name).ok().map(|value: String| value.parse::<u64>().unwrap());
    let seconds = number("ANOMALY_SECONDS").unwrap_or(SECONDS);
    assert!(seconds <= SECONDS_MAX, "ANOMALY_SECONDS must be {SECONDS_MAX} or less");
    let seed = number("SEED").unwrap_or_else(rand::random);
    let server = Server::start(Options::new()).unwrap_or_else(|error| panic!("{error}"));
    let site = Arc::new(Site::open(&server).await);
    let rounds = (seconds / ROUND.as_secs()).max(1);
    let mut total = [0; 3];
    for nth in 0..rounds {
        let (history, trouble) = site.round(nth, seed.wrapping_add(nth)).await;
        let counts = [Outcome::Committed, Outcome::Aborted, Outcome::Unknown].map(|end| history.count(end));
        let edges =
            [Edge::WriteWrite, Edge::WriteRead, Edge::ReadWrite].map(|edge| graph(&history).count(edge));
        println!(
            "SEED={seed}, round {nth}: {counts:?} committed, aborted, unknown; {edges:?} ww, wr, rw; {trouble:?}"
        );
        let found = check(&history);
        assert_eq!(found, [], "SEED={seed}, round {nth}");
        assert!(edges.iter().all(|edges| *edges > 5), "the transactions had little to do with each other");
        total = std::array::from_fn(|at| total[at] + counts[at]);
    }
    println!("SEED={seed}: {total:?} committed, aborted, unknown in {rounds} rounds, no anomaly");
    assert!(total[0] > 20 * rounds as usize && total[1] > 0, "SEED={seed}: {total:?}");
    let report = site.ledger.verify(|_| {}).await.unwrap();
    assert!(report.is_equal(), "{report:?}");
}

impl Site {
    async fn open(server: &Server) -> Self {
        let database = Database::on(server).await;
        database.connect().await.batch_execute(TABLE).await.unwrap();
        let [here, there] =
            [database.ledger(Policy::default()).await, database.ledger(Policy::default()).await];
        let processes = [&here, &there].map(application);
        Self { processes, database, ledger: here, next: AtomicI64::new(1) }
    }

    /// Clients at work for a while, and their history.
    async fn round(self: &Arc<Self>, nth: u64, seed: u64) -> (History, Trouble) {
        let round = Arc::new(self.begin(nth).await);
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let site = Arc::clone(self);
        // Without trouble more gets done at once, so every other round has none.
        let making = nth
            .is_multiple_of(2)
            .then(|| tokio::spawn(async move { trouble::make(&site.database, seed, stopped).await }));
        let until = Instant::now() + ROUND;
        let clients: Vec<_> = (0..CLIENTS as u64)
            .map(|client| {
                let (site, round) = (Arc::clone(self), Arc::clone(&round));
                let mut rng = StdRng::seed_from_u64(seed.wrapping_mul(1_000).wrapping_add(client));
                tokio::spawn(async move {
                    while Instant::now() < until {
                        site.transact(&round, &mut rng).await;
                    }
                })
            })
            .collect();
        for client in clients {
            client.await.unwrap();
        }
        drop(stop);
        let trouble = match making {
            Some(making) => making.await.unwrap(),
            None => Trouble::default(),
        };
        trouble::wait_for_calm(&self.database).await;
        (self.finish(&round).await, trouble)
    }

    async fn begin(&self, nth: u64) -> Round {
        let mut browsers = Vec::new();
        for _ in 0..SESSIONS {
            let here = Visitor::new(&self.processes[0]);
            // Requests find the killed connections one by one; this goes on until none is left.
            while here.post("/login/alice", "").await.status != 200 {}
            let there = Visitor::new(&self.processes[1]);
            there.put_cookie(NAME, here.cookie(NAME).unwrap());
            browsers.push([here, there]);
        }
        let first = ROWS * i32::try_from(nth).unwrap();
        let rows = (first..first + ROWS).map(|list| 1 + list * STRIDE).collect();
        Round { browsers, rows, transactions: Mutex::default() }
    }

    /// One transaction of one client, noted with its answer.
    async fn transact(&self, round: &Round, rng: &mut StdRng) {
        let session = rng.random_range(0..SESSIONS);
        let way = WAYS[rng.random_range(0..WAYS.len())];
        let rows = if way == "session-only" { 0 } else { round.rows.len() };
        let steps =
            (0..rng.random_range(1..=STEPS_MAX)).map(|_| self.step(round, session, rows, rng)).collect();
        let end = if rng.random_bool(0.05) { "fail" } else { "commit" };
        let tab = &round.browsers[session][rng.random_range(0..2)];
        // Within a process, requests of one session that announce a write wait for each other; so half do not
        // announce it.
        let method = if rng.random_bool(0.5) { Method::GET } else { Method::POST };
        let body = serde_json::to_string::<Vec<Step>>(&steps).unwrap();
        let answer = tab.send(method, &format!("/{way}/{end}"), &body).await;
        let transaction = match answer.status.as_u16() {
            200 => Transaction {
                steps: serde_json::from_str(&answer.body).unwrap(),
                outcome: Outcome::Committed,
            },
            500 => Transaction { steps, outcome: Outcome::Aborted },
            503 => Transaction { steps, outcome: Outcome::Unknown },
            _ => panic!("/{way}/{end}: {answer:?}"),
        };
        round.transactions.lock().unwrap().push(transaction);
    }

    fn step(&self, round: &Round, session: usize, rows: usize, rng: &mut StdRng) -> Step {
        let list = if rows == 0 || rng.random_bool(0.5) {
            List::Value(session, rng.random_range(0..KEYS))
        } else {
            List::Row(round.rows[rng.random_range(0..rows)])
        };
        if rng.random_bool(0.5) {
            Step::Append(list, self.next.fetch_add(1, Ordering::Relaxed))
        } else {
            Step::Read(list, Vec::new())
        }
    }

    /// The lists, once nobody changes them any more.
    async fn finish(&self, round: &Round) -> History {
        let mut history = History::default();
        history.transactions.append(&mut round.transactions.lock().unwrap());
        let client = self.database.connect().await;
        for &id in &round.rows {
            history.lists.insert(List::Row(id), read_row(&client, id).await.unwrap());
        }
        for (session, [tab, _]) in round.browsers.iter().enumerate() {
            let steps: Vec<_> =
                (0..KEYS).map(|key| Step::Read(List::Value(session, key), Vec::new())).collect();
            let body = serde_json::to_string(&steps).unwrap();
            let mut answer = tab.post("/session-only/commit", &body).await;
            while answer.status == 503 {
                answer = tab.post("/session-only/commit", &body).await;
            }
            for step in serde_json::from_str::<Vec<Step>>(&answer.body).unwrap() {
                let Step::Read(list, elements) = step else { panic!("{step:?}") };
                history.lists.insert(list, elements);
            }
        }
        history
    }
}
