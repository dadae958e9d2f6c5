//! More requests than connections (ASVS 13.1.2, 13.2.6).

use poem::error::InternalServerError;
use poem::{EndpointExt, Result, Route, get, handler};
use session_ledger::Ledger;
use session_ledger::web::{Sessions, Tx};
use test_support::{Database, Visitor, app, application, key_ring};

/// The gate where slow requests wait.
const GATE: i64 = 4711;

const OURS: &str =
    "pg_stat_activity where datname = current_database() and application_name = 'session-ledger'";

async fn ledger(database: &Database, connections_max: usize) -> Ledger {
    let builder = Ledger::builder(database.config()).connections_max(connections_max);
    builder.connect().await.unwrap()
}

#[handler]
async fn slow(tx: Tx) -> Result<&'static str> {
    let wait = format!("select pg_advisory_xact_lock({GATE})");
    tx.batch_execute(&wait).await.map_err(InternalServerError)?;
    Ok("at last")
}

#[tokio::test]
async fn requests_that_find_no_connection_in_time_are_told_to_come_back() {
    let database = Database::fresh().await;
    let gate = database.connect().await;
    gate.batch_execute(&format!("select pg_advisory_lock({GATE})")).await.unwrap();
    let route = Route::new().at("/slow", get(slow));
    let visitor = Visitor::new(&app(route.with(Sessions::new(ledger(&database, 2).await, key_ring()))));
    let mut requests = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let visitor = visitor.clone();
        requests.spawn(async move { visitor.get("/slow").await });
    }
    // Two have a connection each and wait at the gate. The others give up before those are let through.
    for nth in 0..18 {
        let answer = requests.join_next().await.unwrap().unwrap();
        assert_eq!(answer.status, 503, "answer {nth}");
        assert_eq!(answer.headers["retry-after"], "1");
        assert_eq!(answer.body, "Please try again in a moment.");
        assert_eq!(database.count(OURS).await, 2, "no request has a second connection");
    }
    gate.batch_execute(&format!("select pg_advisory_unlock({GATE})")).await.unwrap();
    while let Some(answer) = requests.join_next().await {
        assert_eq!(answer.unwrap().body, "at last");
    }
    for _ in 0..3 {
        assert_eq!(visitor.get("/slow").await.status, 200, "all is as before");
    }
    assert_eq!(database.count(OURS).await, 2);
}

#[tokio::test]
async fn one_connection_is_enough_for_every_kind_of_request() {
    let database = Database::fresh().await;
    database.connect().await.batch_execute("create table purchase (item text)").await.unwrap();
    let visitor = Visitor::new(&application(Sessions::new(ledger(&database, 1).await, key_ring())));
    for path in [
        "/show",
        "/add",
        "/show",
        "/order/teapot/then/200",
        "/order/kettle/then/500",
        "/login/alice",
        "/me",
        "/renew",
        "/add",
        "/flash/hello",
        "/flashes",
        "/swallow",
        "/then/500",
        "/logout",
        "/order/cup/then/200",
    ] {
        let expected = if path.ends_with("500") || path == "/swallow" { 500 } else { 200 };
        assert_eq!(visitor.get(path).await.status, expected, "{path}");
    }
    assert_eq!(database.count(OURS).await, 1);
}
