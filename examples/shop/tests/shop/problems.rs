//! Errors have pages too.

use poem::http::StatusCode;
use tokio_postgres::NoTls;

use crate::scene::{COOKIE, Shop};

#[tokio::test]
async fn what_is_not_there_has_a_page_with_all_headers() {
    let shop = Shop::open().await;
    let answer = shop.visitor().get("/nowhere").await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert!(answer.body.contains("There is nothing here"), "{}", answer.body);
    assert!(answer.header("content-type").starts_with("text/html"));
    assert!(answer.header("content-security-policy").contains("frame-ancestors 'none'"));
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(answer.header("referrer-policy"), "same-origin");
}

#[tokio::test]
async fn what_is_not_there_leaves_the_visitor_signed_in_and_the_navigation_in_place() {
    let shop = Shop::open().await;
    let alice = shop.customer("alice").await;
    alice.post("/cart/1/add", "quantity=3").await;
    let events = shop.events().await;
    for path in ["/nowhere", "/history/not-a-session", "/history/0190a5c1-0000-7000-8000-000000000000"] {
        let answer = alice.get(path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        for part in ["<span class=\"who\">alice</span>", "href=\"/devices\"", "id=\"items\">3</span>"] {
            assert!(answer.body.contains(part), "{path}: {part} in {}", answer.body);
        }
    }
    let answer = alice.post("/cart/1/add", "quantity=-1").await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert!(answer.body.contains("<span class=\"who\">alice</span>"), "{}", answer.body);
    assert_eq!(shop.events().await, events, "to be refused changes nothing");

    let stranger = shop.visitor().get("/nowhere").await;
    assert!(stranger.body.contains("href=\"/login\">Log in</a>"), "{}", stranger.body);
    assert_eq!(stranger.header("set-cookie"), "");
}

/// A form from another site is refused before anybody looks at the session.
#[tokio::test]
async fn a_page_for_somebody_unknown_offers_no_login() {
    let shop = Shop::open().await;
    let alice = shop.customer("alice").await;
    let answer = alice.sending("sec-fetch-site", "cross-site").post("/orders", "").await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert!(answer.body.contains("href=\"/history\">History</a>"), "{}", answer.body);
    assert!(!answer.body.contains("Log in"), "{}", answer.body);
}

#[tokio::test]
async fn what_is_not_sold_and_what_is_no_number_is_refused() {
    let shop = Shop::open().await;
    let visitor = shop.visitor();
    assert_eq!(visitor.post("/cart/99/add", "quantity=1").await.status, StatusCode::NOT_FOUND);
    assert_eq!(visitor.post("/cart/teapot/add", "quantity=1").await.status, StatusCode::NOT_FOUND);
    assert_eq!(visitor.post("/cart/1/add", "quantity=-1").await.status, StatusCode::BAD_REQUEST);
    assert_eq!((shop.events().await, visitor.cookie(COOKIE)), (0, None));
}

#[tokio::test]
async fn a_shop_without_its_database_asks_for_a_moment() {
    let shop = Shop::open().await;
    let alice = shop.customer("alice").await;
    let (admin, connection) = shop.database.config().dbname("postgres").connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    let drop = format!("drop database {} with (force)", shop.database.name());
    admin.batch_execute(&drop).await.unwrap();
    let answer = alice.get("/devices").await;
    assert_eq!((answer.status, answer.header("retry-after")), (StatusCode::SERVICE_UNAVAILABLE, "1"));
    assert!(answer.body.contains("The shop needs a moment"), "{}", answer.body);
    assert!(alice.cookie(COOKIE).is_some(), "nobody is logged out by it");
}
