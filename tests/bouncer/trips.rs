//! Round trips between the application and the pooler.

use poem::error::InternalServerError;
use poem::web::Path;
use poem::{EndpointExt, Result, Route, get, handler};
use session_ledger::web::{Session, Sessions, Tx};
use session_ledger::{Key, Ledger};
use test_support::{Visitor, Wire, app, key_ring};

use crate::Scene;

const COUNT: Key<u32> = Key::new("count");

#[handler]
fn nothing() -> &'static str {
    "nothing"
}

#[handler]
fn read(session: Session) -> Result<String> {
    Ok(session.get(&COUNT)?.unwrap_or_default().to_string())
}

#[handler]
fn write(session: Session) -> Result<()> {
    Ok(session.update(&COUNT, |count| *count += 1)?)
}

#[handler]
fn login(session: Session) -> Result<()> {
    Ok(session.login("alice")?)
}

#[handler]
fn logout(session: Session) -> Result<()> {
    Ok(session.logout()?)
}

#[handler]
async fn transact(Path(count): Path<usize>, tx: Tx, session: Session) -> Result<()> {
    select(&tx, count).await?;
    Ok(session.update(&COUNT, |count| *count += 1)?)
}

/// The beginning travels with the first statement.
#[handler]
async fn transact_late(Path(count): Path<usize>, session: Session, tx: Tx) -> Result<()> {
    session.update(&COUNT, |count| *count += 1)?;
    select(&tx, count).await
}

async fn select(tx: &Tx, count: usize) -> Result<()> {
    for _ in 0..count {
        tx.query_typed_one("select 1", &[]).await.map_err(InternalServerError)?;
    }
    Ok(())
}

#[tokio::test]
async fn a_request_takes_as_many_trips_as_without_a_pooler() {
    let scene = Scene::set().await;
    let wire = Wire::to(&scene.pooler.config());
    let builder = Ledger::builder(wire.config()).connections_max(1).unnamed_statements();
    let visitor = visitor(builder.connect().await.unwrap());
    let expected = [
        ("/nothing", 0),
        ("/read", 0),
        // A first visit has nothing to load; it asks for the time.
        ("/write", 2),
        ("/read", 1),
        ("/write", 2),
        ("/login", 2),
        ("/tx/0", 2),
        ("/tx/1", 3),
        ("/tx/3", 5),
        ("/late-tx/1", 3),
        ("/late-tx/3", 5),
        ("/logout", 2),
    ];
    for (path, trips) in expected {
        let before = wire.trips();
        let answer = visitor.get(path).await;
        assert!(answer.status.is_success(), "{path}: {answer:?}");
        assert_eq!(wire.trips() - before, trips, "{path}");
    }
}

/// BEGIN travels ahead of the handler's first statement to the same server.
#[tokio::test]
async fn a_known_session_takes_one_trip_fewer_there_too() {
    let scene = Scene::set().await;
    let wire = Wire::to(&scene.pooler.config());
    let builder = Ledger::builder(wire.config()).connections_max(1).unnamed_statements();
    let visitor = visitor(builder.connect().await.unwrap());
    visitor.get("/write").await;
    for (path, trips) in [("/write", 2), ("/write", 1), ("/tx/1", 2), ("/tx/3", 4), ("/late-tx/3", 4)] {
        let before = wire.trips();
        let answer = visitor.post(path, "").await;
        assert!(answer.status.is_success(), "{path}: {answer:?}");
        assert_eq!(wire.trips() - before, trips, "{path}");
    }
}

fn visitor(ledger: Ledger) -> Visitor {
    let route = Route::new()
        .at("/nothing", get(nothing))
        .at("/read", get(read))
        .at("/write", get(write).post(write))
        .at("/login", get(login))
        .at("/logout", get(logout))
        .at("/tx/:count", get(transact).post(transact))
        .at("/late-tx/:count", get(transact_late).post(transact_late));
    Visitor::new(&app(route.with(Sessions::new(ledger, key_ring()))))
}
