//! Requests that are stopped while a statement of theirs is under way, and requests that panic.

use std::time::{Duration, Instant};

use poem::EndpointExt;
use poem::middleware::CatchPanic;
use session_ledger::web::Sessions;
use test_support::{App, Visitor, app, key_ring};

use crate::scene::{Scene, pages};

/// Waits until a statement that contains `text` is under way, waiting for a lock or not.
async fn wait_for_statement(scene: &Scene, text: &str) {
    let under_way = format!(
        "pg_stat_activity where datname = current_database() and application_name = 'session-ledger'
            and state = 'active' and query like '%{text}%'"
    );
    let patience = Instant::now() + Duration::from_secs(10);
    while scene.database.count(&under_way).await == 0 {
        assert!(Instant::now() < patience, "no statement with {text} is under way");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// Sends a request, and drops it once the statement is under way.
async fn stop_at(scene: &Scene, visitor: &Visitor, path: &str, text: &str) {
    tokio::select! {
        answer = visitor.post(path, "") => panic!("{path} was done before: {answer:?}"),
        () = wait_for_statement(scene, text) => {}
    }
}

#[tokio::test]
async fn nobody_waits_for_the_statement_of_a_handler_that_was_dropped() {
    let scene = Scene::set().await;
    let customer = scene.customer().await;
    stop_at(&scene, &customer, "/sleep/3", "pg_sleep").await;
    let started = Instant::now();
    assert_eq!(customer.get("/show").await.body, "alice 0");
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
    assert_eq!(scene.database.count("purchase").await, 0);
    scene.is_sound().await;
}

#[tokio::test]
async fn nobody_waits_for_a_load_that_was_dropped() {
    let scene = Scene::set().await;
    let customer = scene.customer().await;
    let locker = scene.database.connect().await;
    locker.batch_execute("begin; lock table session_ledger.session in access exclusive mode").await.unwrap();
    stop_at(&scene, &customer, "/add", "select clock.now").await;
    // A stranger's transaction that is rolled back does not need the locked table.
    let next = Visitor::new(&scene.shop);
    let answer = tokio::time::timeout(Duration::from_secs(1), next.post("/regret", "")).await;
    assert_eq!(answer.expect("the dead load is not waited for").status, 409);
    locker.batch_execute("rollback").await.unwrap();
    assert_eq!(customer.get("/show").await.body, "alice 0");
    scene.is_sound().await;
}

#[tokio::test]
async fn a_question_to_the_ledger_that_was_dropped_holds_nobody_up() {
    let scene = Scene::set().await;
    let (customer, alice) = (scene.customer().await, "alice".into());
    let locker = scene.database.connect().await;
    locker.batch_execute("begin; lock table session_ledger.session in access exclusive mode").await.unwrap();
    tokio::select! {
        sessions = scene.ledger.sessions(&alice) => panic!("{sessions:?}"),
        () = wait_for_statement(&scene, "session_ledger.session") => {}
    }
    let next = Visitor::new(&scene.shop);
    let answer = tokio::time::timeout(Duration::from_secs(1), next.post("/regret", "")).await;
    assert_eq!(answer.expect("the dead question is not waited for").status, 409);
    locker.batch_execute("rollback").await.unwrap();
    assert_eq!(customer.get("/show").await.body, "alice 0");
}

#[tokio::test]
async fn a_request_that_runs_out_of_time_leaves_nothing() {
    let scene = Scene::set().await;
    let customer = scene.customer().await;
    let late = tokio::time::timeout(Duration::from_millis(200), customer.post("/sleep/3", "")).await;
    assert!(late.is_err(), "{late:?}");
    assert_eq!(customer.post("/order", "").await.status, 200);
    assert_eq!(customer.get("/show").await.body, "alice 1");
    assert_eq!(scene.database.count("purchase").await, 1);
    scene.is_sound().await;
}

#[tokio::test]
async fn a_handler_that_panics_leaves_nothing_wherever_the_panic_is_caught() {
    let scene = Scene::set().await;
    let sessions = Sessions::new(scene.ledger.clone(), key_ring());
    let outside: App = app(pages().with(sessions.clone()).with(CatchPanic::new()));
    let inside: App = app(pages().with(CatchPanic::new()).with(sessions));
    for shop in [outside, inside] {
        let customer = scene.customer().await.of(&shop);
        assert_eq!(customer.post("/panics", "").await.status, 500);
        assert_eq!(customer.get("/show").await.body, "alice 0");
    }
    assert_eq!(scene.database.count("purchase").await, 0);
    scene.is_sound().await;
}

#[tokio::test]
async fn one_connection_serves_everybody() {
    let scene = Scene::set().await;
    let customers: Vec<_> = (0..6)
        .map(|_| {
            let customer = Visitor::new(&scene.shop);
            tokio::spawn(async move {
                let mut bought = 0;
                for path in
                    ["/login", "/add", "/order", "/order-later", "/order-apart", "/buy", "/logout"].repeat(3)
                {
                    // A request that finds no connection in time is told to come again.
                    while customer.post(path, "").await.status != 200 {
                        tokio::task::yield_now().await;
                    }
                    bought += i64::from(path.starts_with("/order") || path == "/buy");
                }
                bought
            })
        })
        .collect();
    let mut bought = 0;
    for customer in customers {
        bought +=
            tokio::time::timeout(Duration::from_secs(30), customer).await.expect("no deadlock").unwrap();
    }
    assert_eq!(scene.books().await, (0, bought));
    scene.is_sound().await;
}
