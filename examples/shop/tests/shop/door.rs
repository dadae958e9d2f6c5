//! The cost of looking around, and the forms that are taken.

use poem::http::{Method, StatusCode};

use crate::visitor::Shop;

#[tokio::test]
async fn looking_around_keeps_nothing_and_sets_no_cookie() {
    let shop = Shop::open().await;
    let mut visitor = shop.visitor();
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
    let mut alice = shop.customer("alice").await;
    let (before, cookie) = (shop.events().await, alice.cookie.clone());
    for path in ["/", "/cart", "/login", "/history", "/orders", "/devices"] {
        assert_eq!(alice.get(path).await.status, StatusCode::OK, "{path}");
    }
    assert_eq!((shop.events().await, &alice.cookie), (before, &cookie));
}

#[tokio::test]
async fn a_form_from_another_site_is_refused() {
    let shop = Shop::open().await;
    let mut visitor = shop.visitor();
    for headers in [
        &[("sec-fetch-site", "cross-site")][..],
        &[("sec-fetch-site", "same-site"), ("origin", "http://shop.example")],
        &[("origin", "http://evil.example")],
        &[("origin", "null")],
    ] {
        for path in ["/login", "/cart/1/add", "/orders", "/logout", "/devices/end-others"] {
            let answer = visitor.send(Method::POST, path, headers, "quantity=1").await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path} {headers:?}");
            assert!(answer.text.contains("That came from another site"), "{}", answer.text);
        }
    }
    assert_eq!((shop.events().await, visitor.cookie), (0, None));
}

#[tokio::test]
async fn a_form_from_the_shop_is_taken_also_from_a_browser_that_sends_the_origin_only() {
    let shop = Shop::open().await;
    let mut visitor = shop.visitor();
    let headers = [("origin", "http://shop.example")];
    let answer = visitor.send(Method::POST, "/cart/1/add", &headers, "quantity=2").await;
    assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, "/#product-1"));
    assert!(visitor.get("/").await.text.contains("2 in the cart"));
}

#[tokio::test]
async fn a_form_that_is_too_large_is_refused() {
    let shop = Shop::open().await;
    let answer = shop.visitor().post("/login", &"x".repeat(20_000)).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
}
