//! Messages that are still on their way to the server when their connection is lost. They must not take
//! effect once the request has run again, nor once the client has been told that nothing happened.

use std::sync::Arc;
use std::time::Duration;

use poem::http::Method;
use poem::web::Data;
use poem::{EndpointExt, Result, Route, handler, post};
use session_ledger::Ledger;
use session_ledger::session::{Event, SessionId};
use session_ledger::web::{Session, Sessions};
use test_support::{COUNT, Cut, Database, Visitor, Wire, app, key_ring};
use uuid::Uuid;

use crate::scene::{Scene, shown, unrepeatable};

/// Adds one. On its second run it lets the late messages reach the server after the session was loaded.
#[handler]
async fn add_after_the_late(session: Session, Data(wire): Data<&Arc<Wire>>) -> Result<()> {
    if session.attempt() == 2 {
        wire.deliver().await;
    }
    Ok(session.update(&COUNT, |count| *count += 1)?)
}

#[handler]
fn tell(session: Session) -> Result<String> {
    Ok(session.get(&COUNT)?.unwrap_or_default().to_string())
}

async fn late_scene() -> (Visitor, Arc<Wire>, Ledger, Database) {
    let database = Database::fresh().await;
    let wire = Arc::new(Wire::prompt(&database.config()));
    let ledger = Ledger::builder(wire.config()).connections_max(1).connect().await.unwrap();
    let route = Route::new()
        .at("/add", post(add_after_the_late).data(Arc::clone(&wire)))
        .at("/count", tell)
        .with(Sessions::new(ledger.clone(), key_ring()));
    (Visitor::new(&app(route)), wire, ledger, database)
}

#[tokio::test]
async fn a_write_that_reaches_the_server_late_does_not_happen_a_second_time() {
    let (visitor, wire, ledger, _database) = late_scene().await;
    assert_eq!(visitor.post("/add", "").await.status, 200);
    wire.cut_next_commit(Cut::Late);
    assert_eq!(visitor.post("/add", "").await.status, 200);
    assert_eq!(visitor.get("/count").await.body, "2", "one for each request");
    assert!(ledger.verify(|_| {}).await.unwrap().is_equal());
}

#[tokio::test]
async fn a_session_whose_start_reaches_the_server_late_is_not_started_twice() {
    let (visitor, wire, ledger, database) = late_scene().await;
    wire.cut_next_commit(Cut::Late);
    assert_eq!(visitor.post("/add", "").await.status, 200);
    assert_eq!(visitor.get("/count").await.body, "1");
    assert_eq!(database.count("session_ledger.session").await, 1, "no session that no browser holds");
    assert!(ledger.verify(|_| {}).await.unwrap().is_equal());
}

#[tokio::test]
async fn what_was_refused_does_not_happen_later() {
    let scene = Scene::set().await;
    let visitor = Visitor::new(&scene.shop);
    assert_eq!(visitor.post("/login", "").await.status, 200);
    for path in ["/add", "/logout"] {
        scene.wire.cut_next_commit(Cut::Late);
        assert_eq!(visitor.call(unrepeatable(&visitor, path)).await.status, 503, "{path}");
        scene.wire.deliver().await;
        assert_eq!(shown(&visitor).await, "alice 0", "{path}");
    }
    let stranger = Visitor::new(&scene.shop);
    scene.wire.cut_next_commit(Cut::Late);
    assert_eq!(stranger.call(unrepeatable(&stranger, "/login")).await.status, 503);
    scene.wire.deliver().await;
    assert_eq!(scene.database.count("session_ledger.session").await, 1);
    scene.is_sound().await;
}

#[tokio::test]
async fn a_late_order_is_still_in_progress_until_the_server_gives_it_up() {
    let scene = Scene::set().await;
    let visitor = Visitor::new(&scene.shop);
    assert_eq!(visitor.post("/login", "").await.status, 200);
    scene.wire.cut_next_commit(Cut::Late);
    let sender = visitor.clone();
    let order = tokio::spawn(async move { sender.send(Method::POST, "/order/kettle", "").await });
    scene.wire.deliver().await;
    assert_eq!(order.await.unwrap().status, 200);
    assert_eq!(scene.runs(), 2, "a login and an order: what was late was waited for");
    assert_eq!(scene.purchases("kettle").await, 1);
    assert_eq!(shown(&visitor).await, "alice 1");
    scene.is_sound().await;
}

/// Waits until this many connections wait for a lock.
async fn wait_for_waiting(database: &Database, connections: i64) {
    let waiting = "pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
    for _ in 0..500 {
        if database.count(waiting).await >= connections {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("fewer than {connections} connections wait for a lock");
}

#[tokio::test]
async fn a_write_that_waits_for_a_lock_is_waited_for() {
    let scene = Scene::set().await;
    let visitor = Visitor::new(&scene.shop);
    assert_eq!(visitor.post("/login", "").await.status, 200);
    let holder = scene.database.connect().await;
    holder.batch_execute("begin; select from session_ledger.session for update").await.unwrap();

    scene.wire.cut_next_commit(Cut::Unanswered);
    let sender = visitor.clone();
    let add = tokio::spawn(async move { sender.post("/add", "").await });
    // The lost connection, and the one that asks for the outcome.
    wait_for_waiting(&scene.database, 2).await;
    holder.batch_execute("rollback").await.unwrap();
    assert_eq!(add.await.unwrap().status, 200);
    assert_eq!(shown(&visitor).await, "alice 1");
    scene.is_sound().await;
}

#[tokio::test]
async fn a_lost_connection_that_the_server_never_misses_keeps_no_session_locked() {
    let scene = Scene::set().await;
    let visitor = Visitor::new(&scene.shop);
    assert_eq!(visitor.post("/login", "").await.status, 200);
    scene.wire.cut_next_commit(Cut::Silent);
    assert_eq!(visitor.call(unrepeatable(&visitor, "/add")).await.status, 503);
    assert_eq!(visitor.post("/add", "").await.status, 200);
    assert_eq!(shown(&visitor).await, "alice 1");
    scene.is_sound().await;
}

#[tokio::test]
async fn a_history_tells_of_a_write_that_was_lost_and_the_session_lives_no_longer_for_it() {
    let (visitor, wire, ledger, database) = late_scene().await;
    assert_eq!(visitor.post("/add", "").await.status, 200);
    let id = database.connect().await.query_one("select session_id from session_ledger.session", &[]).await;
    let id = SessionId::from(id.unwrap().get::<_, Uuid>(0));
    let before = ledger.state_at(id, i64::MAX).await.unwrap();
    wire.cut_next_commit(Cut::Before);
    assert_eq!(visitor.call(unrepeatable(&visitor, "/add")).await.status, 503);
    let history = ledger.history(id).await.unwrap();
    let last = &history.last().unwrap().entry;
    assert!(
        matches!(last.event(), Ok(Event::Noted(note)) if note.name == "session_ledger:abandoned"),
        "{last:?}"
    );
    let after = ledger.state_at(id, i64::MAX).await.unwrap();
    assert_eq!((after.content, after.changed_at), (before.content, before.changed_at));
}
