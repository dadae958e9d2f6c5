//! Requests of one session at once: no change is lost, and aborts stay few (FAULTS F7, invariant 8).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use poem::error::InternalServerError;
use poem::http::Method;
use poem::web::Data;
use poem::{EndpointExt, Result, Route, get, handler, post};
use session_ledger::Key;
use session_ledger::session::Policy;
use session_ledger::web::{Session, Sessions, Tx};
use test_support::{Database, Visitor, app, key_ring};

const COUNT: Key<u32> = Key::new("count");
const WRITERS: usize = 8;
const EACH: usize = 25;

/// How often handlers ran.
#[derive(Clone, Default)]
struct Runs(Arc<AtomicUsize>);

/// Adds one, after as long as a small application takes.
#[handler]
async fn add(session: Session, Data(runs): Data<&Runs>) -> Result<()> {
    runs.0.fetch_add(1, Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(2)).await;
    Ok(session.update(&COUNT, |count| *count += 1)?)
}

/// Adds one in a transaction of the application.
#[handler]
async fn add_in_transaction(tx: Tx, session: Session, Data(runs): Data<&Runs>) -> Result<()> {
    runs.0.fetch_add(1, Ordering::SeqCst);
    tx.query_one("select pg_sleep(0.002)", &[]).await.map_err(InternalServerError)?;
    Ok(session.update(&COUNT, |count| *count += 1)?)
}

#[handler]
async fn look(session: Session, Data(runs): Data<&Runs>) -> Result<String> {
    runs.0.fetch_add(1, Ordering::SeqCst);
    Ok(session.get(&COUNT)?.unwrap_or_default().to_string())
}

struct Scene {
    visitor: Visitor,
    runs: Runs,
    looks: Runs,
    database: Database,
}

async fn scene() -> Scene {
    let database = Database::fresh().await;
    let ledger = database.ledger(Policy::default()).await;
    let (runs, looks) = (Runs::default(), Runs::default());
    let route = Route::new()
        .at("/add", get(add).post(add).data(runs.clone()))
        .at("/add-tx", post(add_in_transaction.data(runs.clone())))
        .at("/look", get(look).data(looks.clone()));
    let app = app(route.with(Sessions::new(ledger, key_ring())));
    let visitor = Visitor::new(&app);
    assert_eq!(visitor.post("/add", "").await.status, 200);
    Scene { visitor, runs, looks, database }
}

/// Runs all writers at once; returns the number of handlers' runs in vain. Latencies are printed, not judged.
async fn storm(scene: &Scene, method: Method, path: &'static str) -> usize {
    let before = scene.runs.0.load(Ordering::SeqCst);
    let started = Instant::now();
    let writers: Vec<_> = (0..WRITERS)
        .map(|_| {
            let (tab, method) = (scene.visitor.clone(), method.clone());
            tokio::spawn(async move {
                let mut latencies = Vec::new();
                for _ in 0..EACH {
                    let sent = Instant::now();
                    let answer = tab.send(method.clone(), path, "").await;
                    assert_eq!(answer.status, 200, "no error surfaces: {answer:?}");
                    latencies.push(sent.elapsed());
                }
                latencies
            })
        })
        .collect();
    let mut latencies = Vec::new();
    for writer in writers {
        latencies.extend(writer.await.unwrap());
    }
    latencies.sort();
    let aborts = scene.runs.0.load(Ordering::SeqCst) - before - WRITERS * EACH;
    let rate = latencies.len() as f64 / started.elapsed().as_secs_f64();
    let (median, p99) = (latencies[latencies.len() / 2], latencies[latencies.len() * 99 / 100]);
    println!("{method} {path}: {aborts} aborts, {rate:.0} requests/s, p50 {median:.1?}, p99 {p99:.1?}");
    aborts
}

#[tokio::test(flavor = "multi_thread")]
async fn writers_that_are_known_to_write_stand_in_line() {
    let scene = scene().await;
    let aborts = storm(&scene, Method::POST, "/add").await;
    assert_eq!(scene.visitor.get("/look").await.body, (1 + WRITERS * EACH).to_string());
    assert!(aborts * 100 <= WRITERS * EACH, "{aborts} aborts for {} commits", WRITERS * EACH);
}

#[tokio::test(flavor = "multi_thread")]
async fn so_do_those_that_begin_with_a_transaction() {
    let scene = scene().await;
    let aborts = storm(&scene, Method::POST, "/add-tx").await;
    assert_eq!(scene.visitor.get("/look").await.body, (1 + WRITERS * EACH).to_string());
    assert!(aborts * 100 <= WRITERS * EACH, "{aborts} aborts for {} commits", WRITERS * EACH);
}

#[tokio::test(flavor = "multi_thread")]
async fn writers_that_look_like_readers_abort_each_other_once_at_the_most() {
    let scene = scene().await;
    let aborts = storm(&scene, Method::GET, "/add").await;
    assert_eq!(scene.visitor.get("/look").await.body, (1 + WRITERS * EACH).to_string());
    assert!(aborts <= WRITERS * EACH, "{aborts} aborts for {} commits", WRITERS * EACH);
}

/// PostgreSQL scans a table of a few pages, and in a serializable transaction that locks all of it. So on a
/// young site changes of one session would abort changes of others. The locks are counted and not the aborts,
/// of which a slow machine has more.
#[tokio::test(flavor = "multi_thread")]
async fn a_handful_of_sessions_do_not_get_into_each_others_way() {
    for path in ["/add", "/add-tx"] {
        let scene = scene().await;
        let client = scene.database.connect().await;
        client.batch_execute("vacuum analyze").await.unwrap();
        // While this is open, PostgreSQL keeps the locks of all transactions after it.
        let witness = scene.database.connect().await;
        witness.batch_execute("begin isolation level serializable; select 1").await.unwrap();
        for _ in 0..EACH {
            assert_eq!(scene.visitor.post(path, "").await.status, 200);
        }
        let locks = "select count(*) filter (where locktype = 'relation'), count(*) from pg_locks
            where mode = 'SIReadLock'
              and relation in ('session_ledger.session'::regclass, 'session_ledger.a_session_is_live_once'::regclass)
              and database = (select oid from pg_database where datname = current_database())";
        let locks = client.query_one(locks, &[]).await.unwrap();
        let (of_the_table, all): (i64, i64) = (locks.get(0), locks.get(1));
        assert_eq!(of_the_table, 0, "{path}: the table was read whole");
        assert!(all > 0, "{path}: nothing is seen to be read");
        witness.batch_execute("commit").await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_never_run_twice_beside_writers() {
    let scene = scene().await;
    let reader = {
        let tab = scene.visitor.clone();
        tokio::spawn(async move {
            for _ in 0..100 {
                assert_eq!(tab.get("/look").await.status, 200);
            }
        })
    };
    storm(&scene, Method::POST, "/add").await;
    reader.await.unwrap();
    assert_eq!(scene.looks.0.load(Ordering::SeqCst), 100);
}
