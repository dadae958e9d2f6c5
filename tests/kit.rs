//! The kit for tests of applications, `session_ledger::test`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::net::IpAddr;
use std::time::Duration;

use poem::http::{StatusCode, header};
use poem::web::Form;
use poem::{EndpointExt, Response, Result, Route, get, handler, post};
use serde::Deserialize;
use session_ledger::session::Policy;
use session_ledger::test::{Application, Database, key_ring};
use session_ledger::token::CookieSettings;
use session_ledger::web::{Session, Sessions, SignedIn};
use session_ledger::{Key, Ledger};

const CART: Key<u32> = Key::new("cart");

#[derive(Deserialize)]
struct Amount {
    quantity: u32,
}

#[handler]
fn add(session: Session, Form(amount): Form<Amount>) -> Result<()> {
    Ok(session.update(&CART, |items| *items += amount.quantity)?)
}

#[handler]
fn cart(session: Session) -> Result<String> {
    let user = session.user().map_or("nobody".to_owned(), |user| user.to_string());
    Ok(format!("{user} {}", session.get(&CART)?.unwrap_or_default()))
}

#[handler]
fn id(session: SignedIn) -> String {
    session.id().unwrap().to_string()
}

#[handler]
fn logout(session: SignedIn) -> Result<()> {
    Ok(session.logout()?)
}

/// Sets one cookie that browsers keep and two that they refuse.
#[handler]
fn cookies() -> Response {
    let lines =
        ["plain=1", "__Host-right=1; Secure; Path=/", "__Host-insecure=1; Path=/", "__Host-wide=1; Secure"];
    let answer =
        lines.iter().fold(Response::builder(), |answer, line| answer.header(header::SET_COOKIE, *line));
    answer.finish()
}

async fn shop(cookie: CookieSettings) -> (Application, Ledger, Database) {
    let database = Database::fresh().await;
    let ledger = database.ledger(Policy::default()).await;
    let sessions = Sessions::builder(ledger.clone(), key_ring()).cookie(cookie).build().unwrap();
    let route = Route::new().at("/add", post(add)).at("/cart", get(cart)).at("/id", get(id));
    let route = route.at("/logout", post(logout)).at("/cookies", get(cookies));
    (Application::new(route.with(sessions.clone()), &sessions), ledger, database)
}

#[tokio::test]
async fn somebody_is_signed_in_in_one_line_and_the_log_says_from_where() {
    let (shop, ledger, _database) = shop(CookieSettings::default()).await;
    let alice = shop.signed_in_as("alice").await;
    assert_eq!(alice.get("/cart").await.body, "alice 0");
    let history = ledger.history(alice.get("/id").await.body.parse().unwrap()).await.unwrap();
    let client = history[0].client.as_ref().unwrap();
    assert_eq!(client.ip, Some("192.0.2.1".parse().unwrap()));
    assert_eq!(client.user_agent.as_deref(), Some("Visitor/1.0"));
}

#[tokio::test]
async fn a_visitor_with_a_cart_and_an_address_signs_in_and_keeps_both() {
    let (shop, ledger, _database) = shop(CookieSettings::default()).await;
    let phone: IpAddr = "2001:db8::7".parse().unwrap();
    let visitor = shop.visitor().at(phone).named("Phone/2");
    assert_eq!(visitor.post("/add", "quantity=3").await.status, StatusCode::OK);
    shop.sign_in(&visitor, "bob").await;
    assert_eq!(visitor.get("/cart").await.body, "bob 3");
    let history = ledger.history(visitor.get("/id").await.body.parse().unwrap()).await.unwrap();
    let login = history.iter().find(|recorded| recorded.entry.encoded.kind() == "logged_in").unwrap();
    let client = login.client.as_ref().unwrap();
    assert_eq!((client.ip, client.user_agent.as_deref()), (Some(phone), Some("Phone/2")));
}

/// The cookie's name and settings are those of the application.
#[tokio::test]
async fn an_application_with_a_cookie_of_its_own_is_signed_in_to_as_well() {
    let (shop, _ledger, _database) = shop(CookieSettings::default().name("tea").insecure()).await;
    let alice = shop.signed_in_as("alice").await;
    assert!(alice.cookie("tea").is_some());
    assert_eq!(alice.get("/cart").await.body, "alice 0");
}

#[tokio::test]
async fn tabs_share_a_jar_and_copies_do_not() {
    let (shop, _ledger, _database) = shop(CookieSettings::default()).await;
    let alice = shop.signed_in_as("alice").await;
    let (tab, copy) = (alice.clone(), alice.copy());
    assert_eq!(tab.post("/logout", "").await.status, StatusCode::OK);
    assert_eq!(alice.cookie("__Host-session"), None, "the other tab has no cookie either");
    assert!(copy.cookie("__Host-session").is_some());
    assert_eq!(copy.get("/cart").await.body, "nobody 0", "and it opens nothing");
}

#[tokio::test]
async fn a_cookie_that_a_browser_would_refuse_is_not_kept() {
    let (shop, _ledger, _database) = shop(CookieSettings::default()).await;
    let visitor = shop.visitor();
    assert_eq!(visitor.get("/cookies").await.set_cookies().len(), 4);
    let kept = ["plain", "__Host-right", "__Host-insecure", "__Host-wide"]
        .map(|name| visitor.cookie(name).is_some());
    assert_eq!(kept, [true, true, false, false]);
}

#[tokio::test]
async fn time_limits_pass_without_waiting() {
    let (shop, _ledger, database) = shop(CookieSettings::default()).await;
    let alice = shop.signed_in_as("alice").await;
    let idle = Duration::from_secs(Policy::default().idle_timeout.unwrap().into());
    database.set_clock_ahead(idle - Duration::from_secs(60)).await;
    assert_eq!(alice.get("/id").await.status, StatusCode::OK);
    database.set_clock_ahead(2 * idle + Duration::from_secs(60)).await;
    assert_eq!(alice.get("/id").await.status, StatusCode::UNAUTHORIZED);
}
