//! Plain http, where browsers drop Secure cookies: the log says so.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use poem::http::StatusCode;
use session_ledger::session::Policy;
use session_ledger::web::Sessions;
use test_support::{App, CapturedLog, Database, Visitor, application, key_ring};
use tracing::Level;

async fn scene() -> (Database, App) {
    let database = Database::fresh().await;
    let ledger = database.ledger(Policy::default()).await;
    (database, application(Sessions::new(ledger, key_ring())))
}

/// The login succeeds, the visitor stays a stranger, and each click leaves a session that nobody holds.
#[tokio::test]
async fn a_secure_cookie_over_plain_http_is_told_once() {
    let (log, _guard) = CapturedLog::listen(Level::WARN);
    let (_database, application) = scene().await;
    let visitor = Visitor::new(&application).over_http("192.168.1.7:8080");
    for _ in 0..3 {
        assert_eq!(visitor.get("/login/alice").await.status, StatusCode::OK);
        assert_eq!(visitor.get("/me").await.status, StatusCode::UNAUTHORIZED);
    }
    let said = "WARN session_ledger.request{method=GET}: browsers drop a Secure cookie that comes over plain http, so nobody stays signed in: serve https, \
                let the proxy in front send `X-Forwarded-Proto: https`, or, to develop in a network of your own, set \
                `CookieSettings::default().name(\"session\").insecure()`; told once cookie=\"__Host-session\" \
                host=\"192.168.1.7:8080\"";
    assert_eq!(log.lines(), [said]);
}

#[tokio::test]
async fn a_secure_cookie_that_the_browser_keeps_is_not_told() {
    let (log, _guard) = CapturedLog::listen(Level::WARN);
    let (_database, application) = scene().await;
    let here = Visitor::new(&application).over_http("127.0.0.1:8080");
    let behind_proxy =
        Visitor::new(&application).over_http("shop.example").sending("x-forwarded-proto", "https");
    for visitor in [&here, &behind_proxy] {
        visitor.get("/login/alice").await;
    }
    assert_eq!(here.get("/me").await.body, "alice");
    assert_eq!(log.lines(), [""; 0]);
}
