//! Whoever holds the token of a session that has ended is told why it did, and nobody else is (SM26).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use poem::error::InternalServerError;
use poem::http::StatusCode;
use poem::web::Data;
use poem::{EndpointExt, IntoResponse, Response, Result, Route, get, handler, post};
use session_ledger::Ledger;
use session_ledger::ledger::End;
use session_ledger::session::{EndReason, Policy, SessionId};
use session_ledger::web::{NotSignedIn, Session, SessionError, Sessions, SignedIn};
use test_support::{App, Database, Visitor, app, key_ring};

#[handler]
fn login(session: Session) -> Result<()> {
    Ok(session.login("alice")?)
}

#[handler]
fn account(session: SignedIn) -> String {
    session.user().to_string()
}

#[handler]
fn logout(session: SignedIn) -> Result<()> {
    Ok(session.logout()?)
}

/// Ends the session while its own request is under way, then asks for a part of the work to be done.
#[handler]
async fn too_late(session: SignedIn, ledger: Data<&Ledger>) -> Result<()> {
    let id: SessionId = session.id().unwrap();
    ledger.end(id, EndReason::AccountDisabled).await.map_err(InternalServerError)?;
    session.transaction(async |_, _| Ok(())).await
}

/// As a login page does: says why.
async fn sign_in_page(refused: NotSignedIn) -> Response {
    let why = refused.ended.map_or_else(|| "please sign in".to_owned(), |reason| format!("ended: {reason}"));
    why.with_status(StatusCode::UNAUTHORIZED).into_response()
}

struct Scene {
    database: Database,
    ledger: Ledger,
    app: App,
}

impl Scene {
    async fn set() -> Self {
        let database = Database::fresh().await;
        let ledger = database.ledger(Policy::default()).await;
        let routes = Route::new()
            .at("/login", post(login))
            .at("/account", get(account))
            .at("/logout", post(logout))
            .at("/too-late", post(too_late));
        let sessions = Sessions::new(ledger.clone(), key_ring());
        let app = app(routes.data(ledger.clone()).with(sessions).catch_error(sign_in_page));
        Self { database, ledger, app }
    }

    async fn alice(&self) -> Visitor {
        let alice = Visitor::new(&self.app);
        alice.post("/login", "").await;
        alice
    }

    async fn session(&self) -> SessionId {
        self.ledger.sessions(&"alice".into()).await.unwrap()[0].id
    }
}

async fn told(visitor: &Visitor) -> String {
    let answer = visitor.get("/account").await;
    assert_eq!(answer.status, 401);
    answer.body
}

#[tokio::test]
async fn each_end_is_told_by_its_reason() {
    let scene = Scene::set().await;
    for (reason, actor) in [(EndReason::Revoked, "alice"), (EndReason::CredentialChanged, "root")] {
        let alice = scene.alice().await;
        let end = End::because(reason.clone()).by(actor);
        assert!(scene.ledger.end(scene.session().await, end).await.unwrap());
        assert_eq!(told(&alice).await, format!("ended: {reason}"));
    }
    let alice = scene.alice().await;
    let other_tab = alice.copy();
    alice.post("/logout", "").await;
    assert_eq!(told(&other_tab).await, "ended: logged_out");

    let alice = scene.alice().await;
    scene.database.set_clock_ahead(std::time::Duration::from_secs(15 * 24 * 3600)).await;
    assert_eq!(told(&alice).await, "ended: idle_timeout");
}

#[tokio::test]
async fn nobody_without_a_token_of_the_session_learns_of_its_end() {
    let scene = Scene::set().await;
    let alice = scene.alice().await;
    let token = alice.cookie("__Host-session").unwrap();
    scene.ledger.end(scene.session().await, EndReason::Revoked).await.unwrap();
    let visitor = Visitor::new(&scene.app);
    assert_eq!(told(&visitor).await, "please sign in");
    visitor.put_cookie("__Host-session", scene.session().await.to_string());
    assert_eq!(told(&visitor).await, "please sign in", "an id is no token");
    let mut forged = token.into_bytes();
    forged[40] = if forged[40] == b'A' { b'B' } else { b'A' };
    visitor.put_cookie("__Host-session", forged);
    assert_eq!(told(&visitor).await, "please sign in");
    assert_eq!(told(&alice).await, "ended: revoked");
}

#[tokio::test]
async fn a_session_that_ends_under_its_request_is_told_as_ended() {
    let scene = Scene::set().await;
    let alice = scene.alice().await;
    let answer = alice.post("/too-late", "").await;
    assert_eq!((answer.status.as_u16(), answer.body.as_str()), (401, "ended: account_disabled"));
}

#[test]
fn the_error_keeps_its_words_and_its_reason() {
    let error = SessionError::Ended { reason: Some(EndReason::Revoked) };
    assert_eq!(
        error.to_string(),
        "the session ended while the request was under way, so that nothing was done: load the page again"
    );
}
