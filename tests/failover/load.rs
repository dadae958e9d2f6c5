//! Clients that write, remember their answers, and compare the database with them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use session_ledger::Ledger;
use session_ledger::web::Sessions;
use test_support::{Answer, Visitor, application, key_ring};
use tokio::task::JoinHandle;
use tokio_postgres::Config;

use crate::cluster::connect;

const CLIENTS: usize = 8;

/// How long requests may take to recover after the database has.
const RECOVERY: Duration = Duration::from_secs(10);

/// The pause of a client that was told to come back.
const PAUSE: Duration = Duration::from_millis(10);

pub(crate) struct Load {
    clients: Vec<Client>,
    stop: Arc<AtomicBool>,
}

struct Client {
    visitor: Visitor,
    succeeded: Arc<AtomicUsize>,
    running: JoinHandle<Told>,
}

/// The answers to a client.
#[derive(Default)]
struct Told {
    /// For each order, whether it was acknowledged. An order without an acknowledgement may have happened or
    /// not.
    orders: BTreeMap<String, bool>,
    additions: usize,
    additions_unacknowledged: usize,
}

impl Load {
    /// Each client signs in, then keeps writing: to its session, to the application's table, to both at once.
    pub(crate) async fn start(config: &Config) -> Self {
        let ledger = Ledger::builder(config.clone()).connect().await.unwrap();
        let application = application(Sessions::new(ledger, key_ring()));
        let stop = Arc::new(AtomicBool::new(false));
        let mut clients = Vec::new();
        for nth in 0..CLIENTS {
            let visitor = Visitor::new(&application);
            assert_eq!(visitor.get(&format!("/login/user{nth}")).await.status, 200);
            let succeeded = Arc::new(AtomicUsize::new(0));
            let running = tokio::spawn(run(visitor.clone(), nth, Arc::clone(&succeeded), Arc::clone(&stop)));
            clients.push(Client { visitor, succeeded, running });
        }
        Self { clients, stop }
    }

    /// Waits until each client has had this many more successes.
    pub(crate) async fn each_client_succeeds(&self, more: usize, when: &str) {
        let since = Instant::now();
        let goals: Vec<_> =
            self.clients.iter().map(|one| one.succeeded.load(Ordering::Relaxed) + more).collect();
        for (client, goal) in self.clients.iter().zip(goals) {
            while client.succeeded.load(Ordering::Relaxed) < goal {
                assert!(!client.running.is_finished(), "a client was told what it must not be told, {when}");
                assert!(since.elapsed() < RECOVERY, "requests should have succeeded {RECOVERY:?} {when}");
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
    }

    /// Asserts that every acknowledged change is there once and no other twice, that orders and sessions
    /// agree, and that log and projection agree.
    pub(crate) async fn stop_and_check(self, config: &Config) {
        self.stop.store(true, Ordering::Relaxed);
        let database = connect(config).await;
        for (nth, client) in self.clients.into_iter().enumerate() {
            let told = client.running.await.unwrap();
            let pattern = format!("{nth}-%");
            let rows =
                database.query("select item from purchase where item like $1", &[&pattern]).await.unwrap();
            let items: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
            for (item, acknowledged) in &told.orders {
                let times = items.iter().filter(|one| *one == item).count();
                let fine = if *acknowledged { times == 1 } else { times <= 1 };
                assert!(fine, "order {item}, acknowledged: {acknowledged}, is there {times} times");
            }
            let shown = client.visitor.get("/show").await.body;
            let count: usize = shown.strip_prefix(&format!("user{nth} ")).unwrap().parse().unwrap();
            let additions = count - items.iter().filter(|item| item.ends_with("-counted")).count();
            assert!(
                (told.additions..=told.additions + told.additions_unacknowledged).contains(&additions),
                "client {nth}: {additions} additions are in the session, {} acknowledged, {} not",
                told.additions,
                told.additions_unacknowledged
            );
        }
        let ledger = Ledger::builder(config.clone()).connect().await.unwrap();
        let verified = ledger.verify(|_| {}).await.unwrap();
        assert!(verified.is_equal(), "{verified:?}");
        assert_eq!(verified.sessions, CLIENTS as u64, "nobody got a second session");
        let open = "select count(*) from pg_stat_activity where state like 'idle in transaction%'";
        assert_eq!(database.query_one(open, &[]).await.unwrap().get::<_, i64>(0), 0);
    }
}

async fn run(visitor: Visitor, client: usize, succeeded: Arc<AtomicUsize>, stop: Arc<AtomicBool>) -> Told {
    let mut told = Told::default();
    for nth in 0.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let (counted, bought) = (format!("{client}-{nth}-counted"), format!("{client}-{nth}-bought"));
        let path = match nth % 4 {
            0 => format!("/order/{counted}/then/200"),
            1 => "/add".to_owned(),
            2 => format!("/buy/{bought}"),
            _ => "/me".to_owned(),
        };
        let acknowledged = is_acknowledged(&visitor.get(&path).await, &path);
        match nth % 4 {
            0 => drop(told.orders.insert(counted, acknowledged)),
            1 if acknowledged => told.additions += 1,
            1 => told.additions_unacknowledged += 1,
            2 => drop(told.orders.insert(bought, acknowledged)),
            _ => {}
        }
        if acknowledged {
            succeeded.fetch_add(1, Ordering::Relaxed);
        } else {
            tokio::time::sleep(PAUSE).await;
        }
    }
    told
}

/// A success, or "come back later": nothing else, and never the answer for an unknown visitor.
fn is_acknowledged(answer: &Answer, path: &str) -> bool {
    assert!(answer.set_cookies().is_empty(), "{path} has set a cookie: {answer:?}");
    assert!(answer.status == 200 || answer.status == 503, "{path}: {answer:?}");
    assert_eq!(answer.status == 503, answer.headers.contains_key("retry-after"), "{path}: {answer:?}");
    answer.status == 200
}
