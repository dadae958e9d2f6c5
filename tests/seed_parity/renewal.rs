//! Renewal: a new cookie for the same session, and what becomes of the old one.

use std::time::Duration;

use poem::Route;
use session_ledger::session::EndReason;
use session_ledger::web::Session;
use test_support::Visitor;

use crate::scene::{NAME, Scene, page};

/// Longer than the policy's `renewal_grace`.
const PAST_GRACE: Duration = Duration::from_secs(31);

fn renew(session: &Session) -> poem::Result<String> {
    Ok(session.renew().map(|()| String::new())?)
}

fn fail(_: &Session) -> poem::Result<String> {
    Err(poem::Error::from_status(poem::http::StatusCode::BAD_GATEWAY))
}

/// A browser that is signed in, and the application's pages.
async fn signed_in(scene: &Scene) -> Visitor {
    let visitor = scene.member(Route::new().at("/renew", page(renew)).at("/fail", page(fail)));
    visitor.post("/login", "").await;
    visitor
}

/// The acknowledgement, and a grace for requests that were under way. There was none: a parallel request with
/// the old cookie right after the acknowledgement ended the session of an honest user.
#[tokio::test]
async fn a_request_under_way_with_the_old_cookie_is_let_in_after_the_new_one_was_shown() {
    let scene = Scene::new().await;
    let visitor = signed_in(&scene).await;
    let late = visitor.copy();
    visitor.post("/renew", "").await;
    assert_ne!(visitor.cookie(NAME), late.cookie(NAME));
    assert_eq!(visitor.get("/who").await.body, "alice", "the new one is acknowledged");
    assert_eq!(late.get("/who").await.body, "alice");
    assert_eq!(scene.ended("alice").await, None);
    assert!(scene.incidents().is_empty());
}

/// There, a second try made the first candidate worthless, and its browser a thief.
#[tokio::test]
async fn of_two_renewals_at_once_each_answer_holds_a_cookie_that_works() {
    let scene = Scene::new().await;
    let visitor = signed_in(&scene).await;
    let (first, second) = (visitor.copy(), visitor.copy());
    tokio::join!(first.post("/renew", ""), second.post("/renew", ""));
    scene.database.set_clock_ahead(PAST_GRACE).await;
    assert_eq!(first.get("/who").await.body, "alice");
    assert_eq!(second.get("/who").await.body, "alice");
}

/// There, an old cookie was good until the new one was acknowledged, however long that took: so it is, as its
/// answer may be lost.
#[tokio::test]
async fn a_renewal_whose_answer_was_lost_costs_nobody_the_session() {
    let scene = Scene::new().await;
    let visitor = signed_in(&scene).await;
    let browser = visitor.copy();
    visitor.post("/renew", "").await;
    scene.database.set_clock_ahead(PAST_GRACE).await;
    assert_eq!(browser.get("/who").await.body, "alice");
}

/// The violation event. There, the session lived on if the request that showed the old cookie was rolled
/// back, and the event came once a retry.
#[tokio::test]
async fn an_old_cookie_that_comes_back_ends_the_session_though_its_request_fails_and_is_told_once() {
    let scene = Scene::new().await;
    let visitor = signed_in(&scene).await;
    let thief = visitor.copy();
    visitor.post("/renew", "").await;
    visitor.get("/who").await;
    scene.database.set_clock_ahead(PAST_GRACE).await;
    assert_eq!(thief.get("/fail").await.status, 502);
    assert_eq!(scene.ended("alice").await, Some(EndReason::TokenReplayed));
    assert_eq!(scene.incidents(), ["authn_token_reuse"]);
    assert_eq!(visitor.get("/who").await.body, "-", "whoever is honest signs in again");
}
