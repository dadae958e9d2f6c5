//! Commits that must not succeed.

use std::sync::{Arc, Mutex};

use deadpool_postgres::GenericClient;
use poem::error::InternalServerError;
use poem::web::Data;
use poem::{EndpointExt, Result, Route, handler, post};
use session_ledger::session::Policy;
use session_ledger::web::{Session, Sessions, Tx};
use test_support::{App, COUNT, Visitor, app, key_ring};

use crate::scene::{COOKIE, Scene, shown, unrepeatable};

/// The same browser's tab at another process, to be used once.
type Tab = Arc<Mutex<Option<Visitor>>>;

/// Orders. Between its load and its commit another process changes the session, or ends it.
#[handler]
async fn order_while_moved(tx: Tx, session: Session, Data(tab): Data<&Tab>) -> Result<()> {
    tx.execute("insert into purchase (item) values ('kettle')", &[]).await.map_err(InternalServerError)?;
    let tab = tab.lock().unwrap().take();
    if let Some(tab) = tab {
        assert_eq!(tab.post("/add", "").await.status, 200);
    }
    Ok(session.update(&COUNT, |count| *count += 1)?)
}

/// Fails a statement on any of deadpool's clients, a transaction's too, and swallows the error.
async fn count_stock(client: &impl GenericClient) -> i64 {
    match client.query_one("select count(*) from no_such_stock", &[]).await {
        Ok(row) => row.get(0),
        Err(_) => 0,
    }
}

#[handler]
async fn order_from_stock(tx: Tx, session: Session) -> Result<String> {
    tx.execute("insert into purchase (item) values ('teapot')", &[]).await.map_err(InternalServerError)?;
    session.update(&COUNT, |count| *count += 1)?;
    Ok(count_stock(&*tx).await.to_string())
}

/// A visitor of another application beside the scene's, and their tab at the scene's other process.
async fn visitor_with_tab(scene: &Scene) -> (Visitor, Tab) {
    let tab = Tab::default();
    let ledger = scene.database.ledger(Policy::default()).await;
    let application: App = app(Route::new()
        .at("/moved", post(order_while_moved))
        .at("/stock", post(order_from_stock))
        .data(Arc::clone(&tab))
        .with(Sessions::new(ledger, key_ring())));
    let there = Visitor::new(&scene.other_process().await);
    assert_eq!(there.post("/login", "").await.status, 200);
    let visitor = Visitor::new(&application);
    visitor.put_cookie(COOKIE, there.cookie(COOKIE).unwrap());
    *tab.lock().unwrap() = Some(there);
    (visitor, tab)
}

#[tokio::test]
async fn a_session_that_has_moved_on_never_lets_the_applications_row_commit() {
    let scene = Scene::set().await;
    let (visitor, tab) = visitor_with_tab(&scene).await;
    let there = tab.lock().unwrap().clone().unwrap();
    let answer = visitor.call(unrepeatable(&visitor, "/moved")).await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.headers["retry-after"], "1");
    assert_eq!(scene.purchases("kettle").await, 0);
    assert_eq!(shown(&there).await, "alice 1", "what moved it stays");

    *tab.lock().unwrap() = Some(there.clone());
    assert_eq!(visitor.post("/moved", "").await.status, 200, "it runs again");
    assert_eq!(scene.purchases("kettle").await, 1);
    assert_eq!(shown(&there).await, "alice 3");
    scene.is_sound().await;
}

#[tokio::test]
async fn an_sql_error_that_is_swallowed_behind_a_generic_client_gets_no_success() {
    let scene = Scene::set().await;
    let (visitor, tab) = visitor_with_tab(&scene).await;
    assert_eq!(visitor.post("/stock", "").await.status, 500);
    assert_eq!(scene.purchases("teapot").await, 0);
    let there = tab.lock().unwrap().clone().unwrap();
    assert_eq!(shown(&there).await, "alice 0");
    scene.is_sound().await;
}
