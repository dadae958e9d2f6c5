//! Forged requests: the token of a form.

use poem::{EndpointExt, Route};
use session_ledger::web::{Csrf, Session};
use test_support::{Visitor, app};

use crate::scene::{Scene, members, page};

fn form(session: &Session) -> poem::Result<String> {
    Ok(session.form_token()?.map_or("none".to_owned(), |token| token.as_str().to_owned()))
}

fn visitor(scene: &Scene) -> Visitor {
    let csrf = Csrf::builder().ask_token().build().unwrap();
    let pages = members(Route::new()).at("/form", page(form)).at("/save", page(|_| Ok("saved".to_owned())));
    let visitor = Visitor::new(&app(pages.with(csrf).with(scene.builder().build().unwrap())));
    visitor.sending("host", "shop.example").sending("origin", "https://shop.example")
}

async fn saves(visitor: &Visitor, token: &str) -> u16 {
    visitor.post("/save", &format!("csrf_token={token}")).await.status.as_u16()
}

/// `get_csrf_token`. There, reading it made a session, a row and a cookie.
#[tokio::test]
async fn reading_a_token_creates_nothing() {
    let scene = Scene::new().await;
    let answer = visitor(&scene).get("/form").await;
    assert_eq!((answer.body.as_str(), answer.set_cookies().len()), ("none", 0));
    assert_eq!((scene.live().await, scene.events().await), (0, 0));
}

/// `new_csrf_token`: bound to the session, and replaced with its cookie. There, it stayed the same all along.
#[tokio::test]
async fn a_token_belongs_to_its_session_and_is_replaced_with_its_cookie() {
    let scene = Scene::new().await;
    let (alice, mallory) = (visitor(&scene), visitor(&scene));
    alice.post("/login", "").await;
    mallory.post("/login", "").await;
    let token = alice.get("/form").await.body;
    assert_eq!((saves(&alice, &token).await, saves(&mallory, &token).await), (200, 403));
    let logout = format!("csrf_token={token}");
    assert_eq!(alice.post("/logout", &logout).await.status, 200);
    alice.post("/login", "").await;
    assert_eq!(saves(&alice, &token).await, 403, "it was of another cookie");
    assert_eq!(saves(&alice, &alice.get("/form").await.body).await, 200);
    assert!(scene.incidents().contains(&"malicious_csrf"));
}

/// There, each page showed the same text, which a compressed page gives away letter by letter (BREACH).
#[tokio::test]
async fn no_two_pages_show_the_same_text() {
    let scene = Scene::new().await;
    let alice = visitor(&scene);
    alice.post("/login", "").await;
    let (first, second) = (alice.get("/form").await.body, alice.get("/form").await.body);
    assert_ne!(first, second);
    assert_eq!((saves(&alice, &first).await, saves(&alice, &second).await), (200, 200));
}

/// The check of Origin and Referer.
#[tokio::test]
async fn a_request_of_another_site_is_refused_with_any_token() {
    let scene = Scene::new().await;
    let alice = visitor(&scene);
    alice.post("/login", "").await;
    let token = alice.get("/form").await.body;
    let foreign = alice.clone().sending("origin", "https://evil.example");
    assert_eq!(saves(&foreign, &token).await, 403);
}
