//! Values in an application: what is not changed writes nothing, and one that cannot be read leaves the
//! session usable.

use std::collections::{HashMap, HashSet};

use poem::http::StatusCode;
use poem::web::Path;
use poem::{EndpointExt, Result, Route, get, handler};
use serde::{Deserialize, Serialize};
use session_ledger::session::Policy;
use session_ledger::web::{Session, Sessions, SignedIn};
use session_ledger::{Key, Ledger};
use test_support::{App, CapturedLog, Database, Visitor, app, key_ring};
use tracing::Level;

const MAP: Key<HashMap<String, u32>> = Key::new("map");
const SET: Key<HashSet<String>> = Key::new("set");
const NEST: Key<Vec<HashMap<u8, HashSet<u8>>>> = Key::json("nest");
const CENTS: Key<u32> = Key::new("cents");
/// The key of a later release, whose author has forgotten the shape.
const LATER: Key<i32> = Key::new("cents");
const COUNT: Key<u32> = Key::new("count");
const PAYMENT: Key<Payment> = Key::new("payment");

#[derive(Serialize, Deserialize)]
#[serde(tag = "kind")]
enum Payment {
    Card { number: String },
}

#[handler]
fn fill(session: Session) -> Result<()> {
    let map = "abcdefgh".chars().map(|name| (name.to_string(), u32::from(name)));
    session.set(&MAP, &map.clone().collect())?;
    session.set(&SET, &map.map(|(name, _)| name).collect())?;
    session.set(&NEST, &vec![(0..8).map(|n| (n, (0..8).collect())).collect()])?;
    Ok(())
}

#[handler]
fn touch(session: Session) -> Result<()> {
    session.update(&MAP, |_| ())?;
    session.update(&SET, |_| ())?;
    session.update(&NEST, |_| ())?;
    let map = session.get(&MAP)?.unwrap_or_default();
    Ok(session.set(&MAP, &map)?)
}

#[handler]
fn sell(session: Session) -> Result<()> {
    session.login("alice")?;
    session.set(&COUNT, &7)?;
    Ok(session.set(&CENTS, &4_294_966_296)?)
}

#[handler]
fn show(session: Session) -> Result<String> {
    Ok(format!("{:?}", session.get(&LATER)?))
}

#[handler]
fn add(session: Session) -> Result<String> {
    session.update(&LATER, |cents| *cents += 1)?;
    show_count(&session)
}

#[handler]
fn count(session: Session) -> Result<String> {
    show_count(&session)
}

fn show_count(session: &Session) -> Result<String> {
    Ok(format!("{:?}", session.get(&COUNT)?))
}

#[handler]
fn mend(session: Session, Path(how): Path<String>) -> Result<()> {
    match how.as_str() {
        "remove" => session.remove(&LATER)?,
        "replace" => session.set(&LATER, &-5)?,
        "clear" => session.clear()?,
        _ => session.logout()?,
    }
    Ok(())
}

#[handler]
fn pay(session: Session) -> Result<()> {
    session.set(&COUNT, &8)?;
    Ok(session.set(&PAYMENT, &Payment::Card { number: "4242-secret".into() })?)
}

#[handler]
fn user(session: SignedIn) -> String {
    session.user().to_string()
}

fn pages(ledger: &Ledger) -> App {
    let route = Route::new()
        .at("/fill", get(fill))
        .at("/touch", get(touch))
        .at("/sell", get(sell))
        .at("/show", get(show))
        .at("/add", get(add))
        .at("/count", get(count))
        .at("/mend/:how", get(mend))
        .at("/pay", get(pay))
        .at("/user", get(user));
    app(route.with(Sessions::new(ledger.clone(), key_ring())))
}

async fn events(database: &Database) -> i64 {
    database.count("session_ledger.event").await
}

/// 20 requests that changed nothing in a map of eight entries wrote 19 events.
#[tokio::test]
async fn a_map_and_a_set_that_nobody_changes_write_nothing() {
    let database = Database::fresh().await;
    let visitor = Visitor::new(&pages(&database.ledger(Policy::default()).await));
    assert_eq!(visitor.get("/fill").await.status, StatusCode::OK);
    let before = events(&database).await;
    for _ in 0..20 {
        assert_eq!(visitor.get("/touch").await.status, StatusCode::OK);
    }
    assert_eq!(events(&database).await, before);
}

#[tokio::test]
async fn a_value_that_cannot_be_read_leaves_the_session_usable() {
    // Without a log of its own, the other test's might miss its lines.
    let _log = CapturedLog::listen(Level::ERROR);
    let database = Database::fresh().await;
    let app = pages(&database.ledger(Policy::default()).await);
    for (how, cents) in [("remove", "None"), ("replace", "Some(-5)"), ("clear", "None"), ("logout", "None")] {
        let visitor = Visitor::new(&app);
        assert_eq!(visitor.get("/sell").await.status, StatusCode::OK);
        assert_eq!(visitor.get("/show").await.status, StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(visitor.get("/add").await.status, StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(visitor.get("/count").await.body, "Some(7)", "other keys are read");
        assert_eq!(visitor.get("/user").await.body, "alice");
        assert_eq!(visitor.get(&format!("/mend/{how}")).await.status, StatusCode::OK, "{how}");
        assert_eq!(visitor.get("/show").await.body, cents, "{how}");
    }
}

#[tokio::test]
async fn the_log_names_the_key_and_not_the_value() {
    let (log, _guard) = CapturedLog::listen(Level::ERROR);
    let database = Database::fresh().await;
    let visitor = Visitor::new(&pages(&database.ledger(Policy::default()).await));
    visitor.get("/sell").await;
    let answer = visitor.get("/show").await;
    assert_eq!(
        (answer.status, &*answer.body),
        (StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong on our side.")
    );
    let answer = visitor.get("/pay").await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(visitor.get("/count").await.body, "Some(7)", "nothing of the request was kept");
    let text = String::from_utf8(log.bytes()).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 2, "{text}");
    assert!(lines[0].contains("the stored value of session key `cents` (shape 1) has the layout "), "{text}");
    assert!(
        lines[1].contains("the value for session key `payment` would not come back as it is: "),
        "{text}"
    );
    assert!(!text.contains("4294966296") && !text.contains("4242-secret"), "{text}");
}
