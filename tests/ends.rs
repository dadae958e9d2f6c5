//! Ends that cannot be recorded say so, and leave the session as it was.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use poem::error::InternalServerError;
use poem::http::Method;
use poem::web::Data;
use poem::{EndpointExt, Result, Route, handler, post};
use session_ledger::ledger::End;
use session_ledger::session::{EndReason, Policy, SessionId, UserId};
use session_ledger::web::{Session, Sessions, Tx};
use session_ledger::{Error, Ledger};
use test_support::{Answer, Database, Visitor, app, key_ring};

const UNSTORABLE: &str = "a name of a session key, flash queue, note, end reason, operation or authentication method \
                          may have at most 255 bytes and no NUL character";
const BAD_USER: &str = "a user id must have 1 to 255 bytes and no NUL character";

/// Reasons that the log cannot hold, and the longest that it can.
fn reasons() -> [(EndReason, bool); 3] {
    [("x".repeat(256), false), ("nul\0".to_owned(), false), ("x".repeat(255), true)]
        .map(|(name, fits)| (EndReason::Other(name), fits))
}

#[handler]
fn login(session: Session) -> Result<()> {
    Ok(session.login("alice")?)
}

#[handler]
fn whoami(session: Session) -> String {
    session.user().map_or("-".to_owned(), |user| user.to_string())
}

/// Ends its session for the reason in its body.
#[handler]
fn end_own(session: Session, reason: String) -> Result<()> {
    Ok(session.end(EndReason::Other(reason))?)
}

/// Ends its session, and answers well whatever came of it.
#[handler]
fn end_and_forget(session: Session, reason: String) -> String {
    let ended = session.end(EndReason::Other(reason));
    ended.map_or_else(|error| error.to_string(), |()| "ended".to_owned())
}

/// Ends its session within a transaction that has done something else.
#[handler]
async fn end_within(tx: Tx, session: Session, reason: String) -> Result<()> {
    tx.execute("insert into goodbye values (1)", &[]).await.map_err(InternalServerError)?;
    assert!(tx.end(session.id().unwrap(), EndReason::Other(reason)).await?);
    Ok(())
}

/// Ends the session of somebody else.
#[handler]
async fn end_other(tx: Tx, Data(other): Data<&SessionId>, reason: String) -> Result<()> {
    tx.end(*other, EndReason::Other(reason)).await?;
    Ok(())
}

struct Scene {
    database: Database,
    ledger: Ledger,
    visitor: Visitor,
    other: SessionId,
}

async fn scene() -> Scene {
    let database = Database::fresh().await;
    database.connect().await.batch_execute("create table goodbye (number integer)").await.unwrap();
    let ledger = database.ledger(Policy::default()).await;
    let route = || {
        Route::new()
            .at("/login", post(login))
            .at("/who", post(whoami))
            .at("/end", post(end_own))
            .at("/end-and-forget", post(end_and_forget))
            .at("/end-within", post(end_within))
            .at("/end-other", post(end_other))
    };
    let sessions = Sessions::new(ledger.clone(), key_ring());
    Visitor::new(&app(route().with(sessions.clone()))).post("/login", "").await;
    let other = ledger.sessions(&"alice".into()).await.unwrap()[0].id;
    let visitor = Visitor::new(&app(route().data(other).with(sessions)));
    visitor.post("/login", "").await;
    Scene { database, ledger, visitor, other }
}

/// Asks for an end, with a cookie whose copy is used afterwards: nothing that the answer says of it counts.
async fn ask(visitor: &Visitor, path: &str, reason: &EndReason) -> Answer {
    visitor.call(visitor.request(Method::POST, path, reason.as_str())).await
}

/// The answer was 200 and removed the cookie, and a copy of the cookie stayed signed in.
#[tokio::test]
async fn an_end_for_a_reason_of_256_bytes_says_that_it_did_not_happen() {
    for path in ["/end", "/end-within"] {
        let scene = scene().await;
        for (reason, fits) in reasons() {
            let answer = ask(&scene.visitor, path, &reason).await;
            let expected = if fits { (200, 1, "-") } else { (400, 0, "alice") };
            let who = scene.visitor.post("/who", "").await.body;
            let found = (answer.status.as_u16(), answer.set_cookies().len(), who.as_str());
            assert_eq!(found, expected, "{path} {reason:?}");
        }
        let goodbyes = i64::from(path == "/end-within");
        assert_eq!(scene.database.count("goodbye").await, goodbyes, "only with the end that happened");
    }
}

#[tokio::test]
async fn a_handler_that_goes_on_after_a_refused_end_keeps_its_session() {
    let scene = scene().await;
    for (reason, fits) in reasons() {
        let answer = ask(&scene.visitor, "/end-and-forget", &reason).await;
        assert_eq!(answer.body, if fits { "ended" } else { UNSTORABLE });
        assert_eq!(answer.set_cookies().is_empty(), !fits);
        assert_eq!(scene.visitor.post("/who", "").await.body, if fits { "-" } else { "alice" });
    }
}

/// It was `Ok(true)`, and nothing ended.
#[tokio::test]
async fn an_end_of_another_session_in_a_transaction_says_that_it_did_not_happen() {
    let scene = scene().await;
    for (reason, fits) in reasons() {
        let answer = ask(&scene.visitor, "/end-other", &reason).await;
        assert_eq!(answer.status, if fits { 200 } else { 400 }, "{reason:?}");
        assert_eq!(is_live(&scene.ledger, scene.other).await, !fits);
    }
}

/// They were `Ok(false)` and `Ok(0)`.
#[tokio::test]
async fn an_administrators_end_says_that_it_did_not_happen() {
    let Scene { ledger, other, database: _database, .. } = scene().await;
    let alice = UserId::from("alice");
    let refused = |refused: Result<(), Error>| refused.unwrap_err().to_string();
    for (reason, _) in reasons().into_iter().filter(|(_, fits)| !fits) {
        let one = ledger.end(other, reason.clone()).await;
        assert_eq!(refused(one.map(drop)), UNSTORABLE);
        let all = ledger.end_all(&alice, End::because(reason)).await;
        assert_eq!(refused(all.map(drop)), UNSTORABLE);
    }
    for actor in ["", "nul\0", &"x".repeat(256)] {
        let by = End::because(EndReason::Revoked).by(actor);
        assert_eq!(refused(ledger.end(other, by.clone()).await.map(drop)), BAD_USER, "{actor:?}");
        assert_eq!(refused(ledger.end_all(&alice, by).await.map(drop)), BAD_USER, "{actor:?}");
    }
    assert!(is_live(&ledger, other).await);
    let nobody = SessionId::from(uuid::Uuid::from_u128(7));
    let unknown = ledger.end(nobody, EndReason::Other("x".repeat(256))).await;
    assert_eq!(refused(unknown.map(drop)), UNSTORABLE, "whether there is a session or not");
    assert_eq!(ledger.end_all(&alice, EndReason::Other("x".repeat(255))).await.unwrap(), 2);
    assert!(!is_live(&ledger, other).await);
}

async fn is_live(ledger: &Ledger, session: SessionId) -> bool {
    let sessions = ledger.sessions(&"alice".into()).await.unwrap();
    sessions.iter().any(|summary| summary.id == session && summary.ended.is_none())
}
