//! The database goes away in the middle of a request.

use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::{Duration, Instant};

use poem::http::StatusCode;
use poem::{Endpoint, EndpointExt, Route, post};
use private_postgres::{Options, Server};
use session_ledger::session::Policy;
use session_ledger::web::Sessions;
use session_ledger::{Error, Ledger};
use test_support::{App, Cut, Database, Visitor, Wire, key_ring};
use tokio_postgres::{Client, Config, NoTls};

use crate::scene::{Runs, add, database, shop, shown};

#[tokio::test]
async fn an_outcome_that_nobody_can_tell_is_a_503_within_the_patience_and_says_so() {
    let database: Database = database().await;
    let wire = Wire::prompt(&database.config());
    let ledger = Ledger::builder(wire.config()).connections_max(1).connect().await.unwrap();
    let sessions = Sessions::new(ledger, key_ring());
    let endpoint = Route::new().at("/add", post(add)).data(Runs::default()).with(sessions.clone());
    let visitor = Visitor::new(&shop(database.ledger(Policy::default()).await, &Runs::default()));
    wire.refuse_connections(true);
    wire.cut_next_commit(Cut::After);
    let started = Instant::now();
    let error = endpoint.call(visitor.request(poem::http::Method::POST, "/add", "")).await.unwrap_err();
    assert!(started.elapsed() < Duration::from_secs(7), "{:?}", started.elapsed());
    assert_eq!(error.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(matches!(error.downcast_ref::<Error>(), Some(Error::OutcomeUnknown)), "{error:?}");
    assert_eq!(
        error.to_string(),
        "the connection was lost during COMMIT, so the outcome of the transaction is unknown"
    );
}

/// The answers to a customer while the server came and went.
#[derive(Default, Debug)]
struct Answered {
    yes: AtomicI64,
    /// 503: it happened once or not at all.
    unknown: AtomicI64,
}

async fn order_until(visitor: &Visitor, name: usize, answered: &Answered, over: &AtomicBool) {
    for nth in 0.. {
        if over.load(Ordering::SeqCst) {
            break;
        }
        // Every other order changes a session.
        let path = if nth % 2 == 0 { "order" } else { "buy" };
        let count = match visitor.post(&format!("/{path}/{name}-{path}-{nth}"), "").await.status {
            StatusCode::OK => &answered.yes,
            StatusCode::SERVICE_UNAVAILABLE => &answered.unknown,
            other => panic!("{other}"),
        };
        count.fetch_add(1, Ordering::SeqCst);
    }
}

/// Ways for a server to go.
#[derive(Clone, Copy, Debug)]
enum Fall {
    /// Stopped without a word, and started.
    Restart,
    /// One of its processes is killed, and it starts the others again.
    Crash,
}

async fn fall(server: &Server, config: &Config, fall: Fall) {
    match fall {
        Fall::Restart => tokio::task::block_in_place(|| restart(server)),
        Fall::Crash => {
            let client = connect(config).await;
            let pid: i32 = client.query_one("select pg_backend_pid()", &[]).await.unwrap().get(0);
            assert!(Command::new("kill").args(["-KILL", &pid.to_string()]).status().unwrap().success());
        }
    }
}

async fn connect(config: &Config) -> Client {
    let patience = Instant::now() + Duration::from_secs(20);
    loop {
        match config.connect(NoTls).await {
            Ok((client, connection)) => {
                tokio::spawn(connection);
                return client;
            }
            Err(error) => assert!(Instant::now() < patience, "the server comes back: {error:?}"),
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn restart(server: &Server) {
    let data = server.socket_dir().join("data");
    let owner = std::fs::metadata(&data).unwrap();
    let mut restart = Command::new(server.bin_dir().join("pg_ctl"));
    restart.args(["restart", "--silent", "--wait", "--mode", "immediate", "--pgdata"]).arg(&data);
    restart.arg("--log").arg(server.log_path()).current_dir("/").stdout(Stdio::null());
    // PostgreSQL's programs refuse to run as root.
    if std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() != owner.uid()) {
        restart.uid(owner.uid()).gid(owner.gid());
    }
    assert!(restart.status().unwrap().success());
}

/// Waits for another purchase.
async fn wait_for_order(answered: &Answered) {
    let (before, patience) = (answered.yes.load(Ordering::SeqCst), Instant::now() + Duration::from_secs(30));
    while answered.yes.load(Ordering::SeqCst) <= before {
        assert!(Instant::now() < patience, "the shop recovers by itself");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_restarts_or_crashes_costs_503s_and_nothing_else() {
    let server = Server::start(Options::default()).unwrap();
    let config: Config = server.connection_string("postgres").parse().unwrap();
    Ledger::migrate(&config).await.unwrap();
    let client = connect(&config).await;
    client.batch_execute("create table purchase (item text not null)").await.unwrap();
    let ledger = Ledger::builder(config.clone()).connections_max(4).connect().await.unwrap();
    let shop: App = shop(ledger.clone(), &Runs::default());

    let over = Arc::new(AtomicBool::new(false));
    let mut customers = Vec::new();
    for name in 0..4 {
        let (visitor, over, answered) =
            (Visitor::new(&shop), Arc::clone(&over), Arc::new(Answered::default()));
        assert_eq!(visitor.post("/login", "").await.status, 200);
        let ordering = {
            let (visitor, answered) = (visitor.clone(), Arc::clone(&answered));
            tokio::spawn(async move { order_until(&visitor, name, &answered, &over).await })
        };
        customers.push((name, visitor, answered, ordering));
    }
    for how in [Fall::Restart, Fall::Crash, Fall::Restart, Fall::Crash] {
        for (_, _, answered, _) in &customers {
            wait_for_order(answered).await;
        }
        fall(&server, &config, how).await;
    }
    for (_, _, answered, _) in &customers {
        wait_for_order(answered).await;
    }
    over.store(true, Ordering::SeqCst);

    let client = connect(&config).await;
    for (name, visitor, answered, ordering) in customers {
        ordering.await.unwrap();
        let (yes, unknown) = (answered.yes.load(Ordering::SeqCst), answered.unknown.load(Ordering::SeqCst));
        let count = "select count(*), count(distinct item), count(*) filter (where item like '%order%')
                       from purchase where item like $1";
        let row = client.query_one(count, &[&format!("{name}-%")]).await.unwrap();
        let (rows, items, orders): (i64, i64, i64) = (row.get(0), row.get(1), row.get(2));
        assert_eq!(rows, items, "nothing was bought twice");
        assert!((yes..=yes + unknown).contains(&rows), "{rows} rows for {answered:?}");
        assert_eq!(shown(&visitor).await, format!("alice {orders}"), "session and rows agree: {answered:?}");
    }
    let verification = ledger.verify(|_| {}).await.unwrap();
    assert!(verification.is_equal(), "{:?}", verification.differences);
}

/// A server that crashes forgets transaction ids that it has given, and gives them again.
#[tokio::test(flavor = "multi_thread")]
async fn the_id_of_a_transaction_that_a_crash_forgot_is_not_taken_for_anothers() {
    let server = Server::start(Options::default()).unwrap();
    let config = Database::on(&server).await.config();
    let begun = include_str!("../../src/store/sql/begun.sql");
    let status = include_str!("../../src/store/sql/transaction_status.sql");
    for how in [Fall::Restart, Fall::Crash] {
        let client = connect(&config).await;
        client.batch_execute("begin").await.unwrap();
        let row = client.query_one(begun, &[]).await.unwrap();
        let (ours, life): (String, String) = (row.get("transaction_id"), row.get("life"));
        fall(&server, &config, how).await;
        while !client.is_closed() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let client = connect(&config).await;
        // The library's rule: "committed" counts only in the life of the server that gave the id.
        let asked = async || {
            let row = client.query_one(status, &[&ours]).await?;
            let (status, present): (Option<String>, String) = (row.get(0), row.get(1));
            Ok::<_, tokio_postgres::Error>((status, present == life))
        };
        match asked().await {
            Ok((status, _)) => {
                assert_eq!(status.as_deref(), Some("aborted"), "{how:?}: nobody has the id yet")
            }
            Err(error) => assert_eq!(error.code().unwrap().code(), "22023", "{how:?}: it is in the future"),
        }
        while client.query_one(begun, &[]).await.unwrap().get::<_, &str>("transaction_id") != ours {}
        let (_, same_life) = asked().await.unwrap();
        assert!(!same_life, "{how:?}: another transaction has the id, in another life of the server");
    }
}
