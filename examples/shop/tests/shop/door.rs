//! The cost of looking around, and the forms that are taken.

use poem::http::StatusCode;

use crate::scene::{COOKIE, Shop};

#[tokio::test]
async fn looking_around_keeps_nothing_and_sets_no_cookie() {
    let shop = Shop::open().await;
    let visitor = shop.visitor();
    for path in ["/", "/cart", "/login", "/history", "/style.css", "/times.js", "/pictures.svg", "/icon.svg"]
    {
        let answer = visitor.get(path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert_eq!(answer.header("set-cookie"), "", "{path}");
    }
    assert_eq!(shop.events().await, 0);
}

#[tokio::test]
async fn looking_around_changes_nothing_in_a_session_either() {
    let shop = Shop::open().await;
    let alice = shop.customer("alice").await;
    let (before, cookie) = (shop.events().await, alice.cookie(COOKIE));
    for path in ["/", "/cart", "/login", "/history", "/orders", "/devices"] {
        assert_eq!(alice.get(path).await.status, StatusCode::OK, "{path}");
    }
    assert_eq!((shop.events().await, alice.cookie(COOKIE)), (before, cookie));
}

#[tokio::test]
async fn a_form_from_another_site_is_refused() {
    let shop = Shop::open().await;
    for headers in [
        &[("sec-fetch-site", "cross-site")][..],
        &[("sec-fetch-site", "same-site"), ("origin", "http://shop.example")],
        &[("origin", "http://evil.example")],
        &[("origin", "null")],
    ] {
        let visitor = shop.visitor_from(headers);
        for path in ["/login", "/cart/1/add", "/orders", "/logout", "/devices/end-others"] {
            let answer = visitor.post(path, "quantity=1").await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path} {headers:?}");
            assert!(answer.body.contains("That came from another site"), "{}", answer.body);
        }
        assert_eq!((shop.events().await, visitor.cookie(COOKIE)), (0, None));
    }
}

#[tokio::test]
async fn a_form_from_the_shop_is_taken_also_from_a_browser_that_sends_the_origin_only() {
    let shop = Shop::open().await;
    let visitor = shop.visitor_from(&[("origin", "http://shop.example")]);
    let answer = visitor.post("/cart/1/add", "quantity=2").await;
    assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, "/#product-1"));
    assert!(visitor.get("/").await.body.contains("2 in the cart"));
}

#[tokio::test]
async fn a_form_that_is_too_large_is_refused() {
    let shop = Shop::open().await;
    let answer = shop.visitor().post("/login", &"x".repeat(20_000)).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
}
