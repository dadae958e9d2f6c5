//! Logging in and out.

use poem::http::StatusCode;

use crate::scene::{COOKIE, Shop, log_in, session_of};

#[tokio::test]
async fn a_wrong_password_and_an_unknown_name_look_alike_and_keep_nothing() {
    let shop = Shop::open().await;
    let visitor = shop.visitor();
    for name in ["alice", "nobody"] {
        let answer = visitor.post("/login", &format!("name={name}&password=wrong")).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.body.contains("There is no account with this name and password."));
    }
    assert_eq!((shop.events().await, visitor.cookie(COOKIE)), (0, None));
    let reasons = shop.failed_logins(2).await;
    assert_eq!(reasons, ["alice wrong_secret", "unknown_user"], "a name that nobody has is not kept");
}

#[tokio::test]
async fn the_cart_stays_at_the_login_and_the_token_is_replaced() {
    let shop = Shop::open().await;
    let visitor = shop.visitor();
    visitor.post("/cart/1/add", "quantity=2").await;
    let (session, before) = (session_of(&visitor).await, visitor.cookie(COOKIE).unwrap());
    log_in(&visitor, "alice").await;
    assert_ne!(visitor.cookie(COOKIE), Some(before.clone()));
    assert_eq!(session_of(&visitor).await, session);
    assert!(visitor.get("/cart").await.body.contains("Teapot"));

    let thief = shop.visitor();
    thief.put_cookie(COOKIE, before);
    let answer = thief.get("/orders").await;
    assert_eq!(answer.status, StatusCode::TEMPORARY_REDIRECT, "the old token opens nothing");
    assert_eq!(answer.header("location"), "/orders", "an honest browser has the new one by now");
}

#[tokio::test]
async fn who_is_not_logged_in_is_led_to_the_login_and_back() {
    let shop = Shop::open().await;
    let visitor = shop.visitor();
    let answer = visitor.get("/devices").await;
    assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, "/login?next=/devices"));
    let answer = visitor.post("/orders", "").await;
    assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, "/login?next=/cart"));

    let form = "name=alice&password=two+lumps+please&next=//evil.example/";
    assert_eq!(visitor.post("/login", form).await.header("location"), "/");
}

#[tokio::test]
async fn logging_out_ends_the_session_and_clears_the_cookie() {
    let shop = Shop::open().await;
    let alice = shop.customer("alice").await;
    let cookie = alice.cookie(COOKIE).unwrap();
    assert_eq!(alice.post("/logout", "").await.status, StatusCode::SEE_OTHER);
    assert_eq!(alice.cookie(COOKIE), None);
    alice.put_cookie(COOKIE, cookie);
    assert_eq!(alice.get("/orders").await.status, StatusCode::SEE_OTHER, "the old token opens nothing");
}
