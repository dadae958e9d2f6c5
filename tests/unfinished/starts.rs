//! Sessions that nobody will ever end: one client started thousands a second.

use poem::{EndpointExt, Result, Route, handler, post};
use session_ledger::session::Policy;
use session_ledger::web::{Session, Sessions};
use test_support::{App, Database, Visitor, app, application, key_ring};

async fn limited() -> (App, Database) {
    let database = Database::fresh().await;
    let sessions = Sessions::builder(database.ledger(Policy::default()).await, key_ring());
    (application(sessions.starts_per_minute(3).build().unwrap()), database)
}

#[tokio::test]
async fn a_client_that_forgets_its_cookies_starts_no_more_sessions_than_the_limit_says() {
    let (app, database) = limited().await;
    database.connect().await.batch_execute("create table purchase (item text)").await.unwrap();
    let regular = Visitor::new(&app);
    for visitor in [&regular, &Visitor::new(&app), &Visitor::new(&app)] {
        assert_eq!(visitor.post("/add", "").await.status, 200);
    }
    for path in ["/add", "/order/teapot/then/200"] {
        let answer = Visitor::new(&app).get(path).await;
        assert_eq!(answer.status, 429, "{path}");
        assert_eq!(answer.headers["retry-after"], "60");
        assert_eq!(answer.body, "Please try again in a minute.");
        assert!(answer.set_cookies().is_empty());
    }
    assert_eq!(database.count("session_ledger.session").await, 3);
    assert_eq!(database.count("purchase").await, 0);
    assert_eq!(regular.post("/add", "").await.body, "2", "a session that is there goes on");
}

#[tokio::test]
async fn logins_readers_and_other_addresses_are_not_limited() {
    let (app, _database) = limited().await;
    for _ in 0..4 {
        assert_eq!(Visitor::new(&app).post("/login/alice", "").await.status, 200);
        assert_eq!(Visitor::new(&app).get("/show").await.status, 200);
    }
    for last in 1..=4 {
        let visitor = Visitor::new(&app).at(format!("192.0.2.{last}").parse().unwrap());
        assert_eq!(visitor.post("/add", "").await.status, 200);
    }
}

/// Logs out and says so on the next page, for which a session must start.
#[handler]
fn leave(session: Session) -> Result<()> {
    session.logout()?;
    Ok(session.flash("", "goodbye")?)
}

#[handler]
fn login(session: Session) -> Result<()> {
    Ok(session.login("alice")?)
}

#[tokio::test]
async fn a_logout_that_leaves_a_message_is_not_limited() {
    let database = Database::fresh().await;
    let sessions = Sessions::builder(database.ledger(Policy::default()).await, key_ring());
    let sessions = sessions.starts_per_minute(0).build().unwrap();
    let app = app(Route::new().at("/login", post(login)).at("/leave", post(leave)).with(sessions));
    let visitor = Visitor::new(&app);
    assert_eq!(visitor.post("/login", "").await.status, 200);
    assert_eq!(visitor.post("/leave", "").await.status, 200);
    assert_eq!(Visitor::new(&app).post("/leave", "").await.status, 429);
}
