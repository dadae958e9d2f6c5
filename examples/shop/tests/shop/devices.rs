//! Devices and their histories.

use poem::http::StatusCode;

use crate::scene::{Shop, log_in, session_of};

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

#[tokio::test]
async fn somebody_elses_device_is_not_found() {
    let shop = Shop::open().await;
    let (alice, bob) = (shop.customer("alice").await, shop.customer("bob").await);
    let session = session_of(&alice).await;
    assert_eq!(bob.get(&format!("/history/{session}")).await.status, StatusCode::NOT_FOUND);
    assert_eq!(bob.post(&format!("/devices/{session}/end"), "").await.status, StatusCode::NOT_FOUND);
    assert_eq!(bob.post("/devices/not-a-session/end", "").await.status, StatusCode::NOT_FOUND);
    assert!(!bob.get("/devices").await.body.contains(&session));
    assert_eq!(alice.get("/devices").await.status, StatusCode::OK, "she is signed in still");
}

#[tokio::test]
async fn a_browser_that_was_signed_out_elsewhere_is_told_so_at_its_next_page() {
    let shop = Shop::open().await;
    let (laptop, phone) = (shop.customer("alice").await, shop.customer("alice").await);
    let session = session_of(&phone).await;
    assert_eq!(laptop.post(&format!("/devices/{session}/end"), "").await.status, StatusCode::SEE_OTHER);

    let answer = phone.get("/devices").await;
    assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, "/login?next=/devices"));
    let page = phone.get("/login").await.body;
    assert!(page.contains("You were signed out of this browser from another device."), "{page}");
    let told = laptop.get(&format!("/history/{session}")).await.body;
    assert!(told.contains("Ended: signed out from another device."), "{told}");
    let devices = laptop.get("/devices").await.body;
    assert!(devices.contains("signed out from another device, just now"), "{devices}");
    let (_, lately) = devices.split_once("id=\"lately\"").unwrap();
    assert!(lately.contains("<li><p>Ended: signed out from another device.</p>"), "{lately}");
}

#[tokio::test]
async fn signing_out_all_others_keeps_this_one() {
    let shop = Shop::open().await;
    let laptop = shop.customer("alice").await;
    let (phone, tablet) = (shop.customer("alice").await, shop.customer("alice").await);
    laptop.post("/devices/end-others", "").await;
    assert!(laptop.get("/devices").await.body.contains("2 other devices are signed out now."));
    assert_eq!(phone.get("/devices").await.status, StatusCode::SEE_OTHER);
    assert_eq!(tablet.get("/devices").await.status, StatusCode::SEE_OTHER);
}

/// Two of one kind are told apart by the end of their session's id, also by who listens to the page.
#[tokio::test]
async fn devices_of_one_kind_do_not_read_alike() {
    let shop = Shop::open().await;
    let (one, other) = (shop.customer("alice").await, shop.customer("alice").await);
    let page = one.get("/devices").await.body;
    for session in [session_of(&one).await, session_of(&other).await] {
        let short = format!("…{}", &session[session.len() - 6..]);
        assert!(page.contains(&format!("<code>{short}</code>")), "{page}");
        let link = format!("History<span class=\"unseen\"> of Visitor/1.0, session {short}</span>");
        assert!(page.contains(&link), "{page}");
    }
    assert_eq!(page.matches("<dt>First seen</dt><dd><time datetime=").count(), 2);
    assert_eq!(page.matches("<dt>Last seen</dt><dd><time datetime=").count(), 2);
    assert_eq!(page.matches("<span class=\"badge\">this one</span>").count(), 1);
    let button = "Sign out<span class=\"unseen\"> Visitor/1.0, session …";
    assert_eq!(page.matches(button).count(), 1);
}

#[tokio::test]
async fn the_shops_messages_are_left_out_of_a_history_until_they_are_asked_for() {
    let shop = Shop::open().await;
    let alice = shop.visitor();
    log_in(&alice, "alice").await;
    let session = session_of(&alice).await;
    for page in ["/history".to_owned(), format!("/history/{session}")] {
        let told = alice.get(&page).await.body;
        assert!(told.contains("Your session began.") && !told.contains("You were shown"), "{told}");
        assert!(told.contains("<a href=\"?messages=shown\" id=\"messages\">Show them too (2)</a>"), "{told}");
        let told = alice.get(&format!("{page}?messages=shown")).await.body;
        assert!(told.contains("A message was kept for you: “Welcome, alice.”"), "{told}");
        assert!(told.contains("You were shown your messages."), "{told}");
    }
}

#[tokio::test]
async fn a_history_is_told_in_plain_words() {
    let shop = Shop::open().await;
    let visitor = shop.visitor();
    visitor.clone().named(FIREFOX).post("/cart/1/add", "quantity=2").await;
    visitor.post("/cart/1/change", "quantity=1").await;
    log_in(&visitor, "alice").await;
    visitor.post("/orders", "").await;
    let page = visitor.get("/history").await.body;
    let sentences = [
        "The cart was emptied.",
        "A new token was given to this browser.",
        "You logged in as alice with your password.",
        "You took 1 × Teapot out of the cart.",
        "You put 2 × Teapot in the cart.",
        "Your session began.",
    ];
    let places: Vec<_> = sentences.iter().map(|sentence| page.find(sentence)).collect();
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{places:?} in {page}");
    assert!(page.contains("You placed order 1 for €34.00."), "{page}");
    assert_eq!(
        page.matches("Firefox on Linux").count(),
        2,
        "of the cart too, whose event leaves it to the one before"
    );
}
