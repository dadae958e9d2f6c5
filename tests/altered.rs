//! Tables that are altered while the application runs: a statement that was prepared for the old table is
//! prepared again, and no request fails.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;

use poem::error::InternalServerError;
use poem::http::StatusCode;
use poem::web::Data;
use poem::{EndpointExt, Error, Result, Route, get, handler};
use session_ledger::Ledger;
use session_ledger::session::{EndReason, SessionId};
use session_ledger::web::{Session, Sessions, Tx};
use test_support::{App, COUNT, Database, Visitor, app, key_ring};
use tokio::sync::Barrier;

/// The number of connections that know the statements.
const CONNECTIONS: usize = 6;

#[handler]
fn login(session: Session) -> Result<()> {
    Ok(session.login("alice")?)
}

#[handler]
fn show(session: Session) -> Result<String> {
    Ok(session.get(&COUNT)?.unwrap_or_default().to_string())
}

#[handler]
fn add(session: Session) -> Result<()> {
    Ok(session.update(&COUNT, |count| *count += 1)?)
}

#[handler]
async fn order(tx: Tx, session: Session) -> Result<()> {
    select(&tx).await.map_err(InternalServerError)?;
    Ok(session.update(&COUNT, |count| *count += 1)?)
}

/// The transaction begins with its first statement.
#[handler]
async fn late_order(session: Session, tx: Tx) -> Result<()> {
    session.update(&COUNT, |count| *count += 1)?;
    select(&tx).await.map_err(InternalServerError)
}

/// Hides the error of its statement.
#[handler]
async fn taciturn_order(tx: Tx) -> Result<()> {
    select(&tx).await.map_err(|_| Error::from_status(StatusCode::INTERNAL_SERVER_ERROR))
}

async fn select(tx: &Tx) -> Result<(), tokio_postgres::Error> {
    let statement = tx.prepare_cached("select * from purchase").await?;
    tx.query(&statement, &[]).await.map(|_| ())
}

/// Hides that there was an error.
#[handler]
async fn silent_order(tx: Tx) {
    select(&tx).await.ok();
}

/// Holds all requests here until each has a connection of its own.
#[handler]
async fn meet(tx: Tx, Data(all): Data<&Arc<Barrier>>) -> Result<()> {
    select(&tx).await.map_err(InternalServerError)?;
    all.wait().await;
    Ok(())
}

struct Scene {
    database: Database,
    ledger: Ledger,
    visitor: Visitor,
    session: SessionId,
}

/// Makes all connections of the ledger know the statements that read a session, its history and the
/// purchases.
async fn scene() -> Scene {
    let database = Database::fresh().await;
    database.connect().await.batch_execute("create table purchase (item text)").await.unwrap();
    let ledger = Ledger::builder(database.config()).connections_max(CONNECTIONS).connect().await.unwrap();
    let shop = shop(ledger.clone());
    let visitor = Visitor::new(&shop);
    assert_eq!(visitor.get("/login").await.status, 200);
    // One session alone may not hold all connections.
    let met: Vec<_> = (0..CONNECTIONS)
        .map(|_| {
            let other = Visitor::new(&shop);
            tokio::spawn(async move {
                while other.get("/add").await.status != 200 {}
                other.get("/meet").await.status
            })
        })
        .collect();
    for status in met {
        assert_eq!(status.await.unwrap(), 200);
    }
    let session = ledger.sessions(&"alice".into()).await.unwrap()[0].id;
    for _ in 0..CONNECTIONS {
        ledger.history(session).await.unwrap();
        ledger.sessions(&"alice".into()).await.unwrap();
    }
    Scene { database, ledger, visitor, session }
}

fn shop(ledger: Ledger) -> App {
    let barrier = Arc::new(Barrier::new(CONNECTIONS));
    let route = Route::new()
        .at("/login", get(login))
        .at("/show", get(show))
        .at("/add", get(add))
        .at("/order", get(order))
        .at("/late-order", get(late_order))
        .at("/taciturn-order", get(taciturn_order))
        .at("/silent-order", get(silent_order))
        .at("/meet", get(meet).data(barrier));
    app(route.with(Sessions::new(ledger, key_ring())))
}

impl Scene {
    async fn alter(&self, ddl: &str) {
        self.database.connect().await.batch_execute(ddl).await.unwrap();
    }

    /// PostgreSQL alters no column that a view shows. A migration that does so drops the views first.
    async fn alter_shown(&self, ddl: &str) {
        let views = "drop view session_ledger.live_session, session_ledger.session_end, session_ledger.login,
                     session_ledger.impersonation, session_ledger.session_event";
        self.alter(&format!("begin; {views}; {ddl}; commit")).await;
    }
}

#[tokio::test]
async fn a_column_more_is_not_noticed() {
    let scene = scene().await;
    scene.alter("alter table session_ledger.session add column note text").await;
    scene.alter("alter table purchase add column price int").await;
    for path in ["/show", "/add", "/order", "/late-order", "/show"] {
        assert_eq!(scene.visitor.get(path).await.status, 200, "{path}");
    }
    assert_eq!(scene.visitor.get("/show").await.body, "3");
}

#[tokio::test]
async fn a_statement_of_ours_whose_result_has_changed_is_prepared_anew() {
    for path in ["/show", "/add", "/order", "/late-order"] {
        let scene = scene().await;
        scene.alter_shown("alter table session_ledger.session alter column user_id type varchar").await;
        for _ in 0..2 * CONNECTIONS {
            assert_eq!(scene.visitor.get(path).await.status, 200, "{path}");
        }
    }
}

#[tokio::test]
async fn a_statement_of_the_application_whose_result_has_changed_is_prepared_anew() {
    for path in ["/order", "/late-order"] {
        let scene = scene().await;
        scene.alter("alter table purchase add column price int").await;
        for _ in 0..2 * CONNECTIONS {
            assert_eq!(scene.visitor.get(path).await.status, 200, "{path}");
        }
    }
}

#[tokio::test]
async fn an_application_that_does_not_say_what_failed_fails_no_more_than_once_a_connection() {
    for path in ["/taciturn-order", "/silent-order"] {
        let scene = scene().await;
        scene.alter("alter table purchase add column price int").await;
        for _ in 0..CONNECTIONS {
            scene.visitor.get(path).await;
        }
        for _ in 0..CONNECTIONS {
            assert_eq!(scene.visitor.get(path).await.status, 200, "{path}");
        }
    }
}

#[tokio::test]
async fn what_is_asked_outside_a_request_is_answered_too() {
    let scene = scene().await;
    let alter = "alter table session_ledger.event alter column user_agent type varchar;
                 alter table session_ledger.session alter column user_id type varchar";
    scene.alter_shown(alter).await;
    for _ in 0..CONNECTIONS {
        assert_eq!(scene.ledger.history(scene.session).await.unwrap().len(), 2);
        assert_eq!(scene.ledger.sessions(&"alice".into()).await.unwrap().len(), 1);
    }
    assert!(scene.ledger.end(scene.session, EndReason::Revoked).await.unwrap());
}
