//! Requests that meet each other, and servers that go away.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use poem::web::Data;
use poem::{EndpointExt, Result, Route, get, handler};
use session_ledger::web::{Session, Sessions};
use test_support::{COUNT, SERVERS, Visitor, app, key_ring};

use crate::{Scene, visitor};

const WRITERS: usize = 8;
const EACH: usize = 10;

/// On a handler's first run another process changes the session first.
#[derive(Clone)]
struct Rival {
    visitor: Visitor,
    runs: Arc<AtomicUsize>,
}

#[handler]
async fn add_slowly(session: Session, Data(rival): Data<&Rival>) -> Result<()> {
    let count = session.get(&COUNT)?.unwrap_or_default();
    if rival.runs.fetch_add(1, Ordering::SeqCst) == 0 {
        assert_eq!(rival.visitor.get("/add").await.status, 200);
    }
    Ok(session.set(&COUNT, &(count + 1))?)
}

#[tokio::test(flavor = "multi_thread")]
async fn parallel_writers_of_one_session_share_few_servers_and_lose_nothing() {
    let scene = Scene::set().await;
    let ledger = scene.ledger().await;
    let visitor = visitor(&ledger);
    visitor.get("/add").await;
    let tabs: Vec<_> = (0..WRITERS).map(|_| tokio::spawn(add(visitor.clone()))).collect();
    for tab in tabs {
        tab.await.unwrap();
    }
    assert_eq!(visitor.get("/show").await.body, format!("- {}", 1 + WRITERS * EACH));
    let servers =
        "pg_stat_activity where datname = current_database() and application_name = 'session-ledger'";
    let servers = scene.database.count(servers).await;
    assert!((1..=SERVERS as i64).contains(&servers), "{servers} connections to the server");
}

async fn add(tab: Visitor) {
    for _ in 0..EACH {
        let answer = tab.post("/add", "").await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }
}

#[tokio::test]
async fn a_request_that_was_overtaken_runs_again() {
    let scene = Scene::set().await;
    let ledger = scene.ledger().await;
    let elsewhere = visitor(&ledger);
    elsewhere.get("/add").await;
    let rival = Rival { visitor: elsewhere.clone(), runs: Arc::default() };
    let route = Route::new().at("/add-slowly", get(add_slowly).data(rival.clone()));
    let late = elsewhere.of(&app(route.with(Sessions::new(ledger, key_ring()))));
    assert_eq!(late.get("/add-slowly").await.status, 200);
    assert_eq!(rival.runs.load(Ordering::SeqCst), 2);
    assert_eq!(elsewhere.get("/show").await.body, "- 3", "neither of the two is lost");
}

/// The outcome is asked for over the pooler, and the request runs again.
#[tokio::test]
async fn a_server_that_goes_away_during_commit_costs_no_change() {
    for (path, count) in [("/add", 2), ("/order/teapot/then/200", 2)] {
        let scene = Scene::set().await;
        let visitor = visitor(&scene.ledger().await);
        visitor.get("/add").await;
        scene.database.connect().await.batch_execute(GO_AWAY_ONCE).await.unwrap();
        let answer = visitor.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        assert_eq!(visitor.get("/show").await.body, format!("- {count}"), "{path}");
        assert_eq!(
            scene.database.count("pg_sequences where sequencename = 'commits' and last_value >= 2").await,
            1,
            "{path}: it went away"
        );
    }
}

/// A sequence is not rolled back, so only the first COMMIT fails.
const GO_AWAY_ONCE: &str = "
    create sequence commits;
    create function go_away() returns trigger language plpgsql as $$
    begin
        if nextval('commits') = 1 then
            perform pg_terminate_backend(pg_backend_pid());
        end if;
        return null;
    end $$;
    create constraint trigger go_away after update on session_ledger.session
        deferrable initially deferred for each row execute function go_away()";
