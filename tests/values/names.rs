//! Values by names that are known at run time alone, within a request and outside.

use poem::web::Path;
use poem::{EndpointExt, Result, Route, handler};
use session_ledger::ledger::ChangeError;
use session_ledger::session::{Policy, WishError};
use session_ledger::web::{Session, SessionError, Sessions};
use session_ledger::{Key, Ledger};
use test_support::{Database, Visitor, app, key_ring};

const ANY: Key<u32> = Key::new("any");

#[handler]
fn set(session: Session, Path((name, number)): Path<(String, u32)>) -> Result<()> {
    Ok(session.set_value(&name, ANY.encode(&number).map_err(SessionError::from)?)?)
}

#[handler]
fn remove(session: Session, Path(name): Path<String>) -> Result<()> {
    Ok(session.remove_value(&name)?)
}

#[handler]
fn list(session: Session) -> Result<String> {
    let values = session.values();
    let told = values.iter().map(|(name, value)| Ok(format!("{name}={}", ANY.decode(value)?)));
    Ok(told.collect::<Result<Vec<_>, SessionError>>()?.join(" "))
}

#[handler]
fn login(session: Session) -> Result<()> {
    Ok(session.login("alice")?)
}

async fn scene() -> (Visitor, Ledger, Database) {
    let database = Database::fresh().await;
    let ledger = database.ledger(Policy::default()).await;
    let pages = Route::new()
        .at("/set/:name/:number", set)
        .at("/remove/:name", remove)
        .at("/list", list)
        .at("/login", login);
    (Visitor::new(&app(pages.with(Sessions::new(ledger.clone(), key_ring())))), ledger, database)
}

#[tokio::test]
async fn values_are_listed_set_and_removed_by_names_known_at_run_time() {
    let (visitor, _, database) = scene().await;
    for path in ["/set/b/2", "/set/a/1", "/set/c/3", "/remove/c"] {
        assert_eq!(visitor.post(path, "").await.status, 200, "{path}");
    }
    assert_eq!(visitor.get("/list").await.body, "a=1 b=2");
    let before = database.count("session_ledger.event").await;
    for path in ["/set/a/1", "/remove/c"] {
        assert_eq!(visitor.post(path, "").await.status, 200, "{path}");
    }
    assert_eq!(database.count("session_ledger.event").await, before, "unchanged values write nothing");
    assert_eq!(visitor.post(&format!("/set/{}/1", "x".repeat(256)), "").await.status, 400);
}

#[tokio::test]
async fn so_they_are_outside_of_a_request() {
    let (visitor, ledger, _database) = scene().await;
    visitor.post("/login", "").await;
    visitor.post("/set/a/1", "").await;
    let id = ledger.sessions(&"alice".into()).await.unwrap()[0].id;
    let names = ledger.change(id, |session| {
        session.set_value("b", ANY.encode(&2)?)?;
        session.remove_value("a")?;
        Ok(session.values().keys().cloned().collect::<Vec<_>>())
    });
    assert_eq!(names.await.unwrap(), ["b"]);
    assert_eq!(visitor.get("/list").await.body, "b=2");
    let refused = ledger.change(id, |session| session.set_value(&"x".repeat(256), ANY.encode(&2)?)).await;
    assert!(matches!(refused, Err(ChangeError::Wish(WishError::Name))), "{refused:?}");
}
