//! Messages for the next page: their levels, and which page takes them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use poem::http::{HeaderValue, Method, StatusCode};
use poem::web::{Path, Redirect};
use poem::{EndpointExt, Error, IntoResponse, Response, Result, Route, get, handler, post};
use session_ledger::Ledger;
use session_ledger::session::{Encoded, Event, Flash, FlashLevel};
use session_ledger::web::{Session, Sessions};
use test_support::{App, Database, Visitor, app, key_ring};

/// A database, and the application on it.
struct Scene {
    database: Database,
    ledger: Ledger,
    app: App,
}

impl Scene {
    async fn new() -> Self {
        let database = Database::fresh().await;
        let ledger = Ledger::builder(database.config()).connect().await.unwrap();
        let route = Route::new()
            .at("/say/:level/:text", post(say))
            .at("/say-twice/:text", post(say_twice))
            .at("/say-then/:status", post(say_then))
            .at("/order", post(order))
            .at("/page", get(page))
            .at("/peek", get(peek))
            .at("/take-then/:status", get(take_then))
            .at("/take-and-say/:text", post(take_and_say));
        let app = app(route.with(Sessions::new(ledger.clone(), key_ring())));
        Self { database, ledger, app }
    }

    fn visitor(&self) -> Visitor {
        Visitor::new(&self.app)
    }

    async fn events(&self) -> i64 {
        let query = "select count(*) from session_ledger.event";
        self.database.connect().await.query_one(query, &[]).await.unwrap().get(0)
    }
}

fn level_named(name: &str) -> FlashLevel {
    let levels = [FlashLevel::Info, FlashLevel::Success, FlashLevel::Warning, FlashLevel::Error];
    levels.into_iter().find(|level| level.as_str() == name).unwrap()
}

fn told(messages: Vec<Flash>) -> String {
    let told: Vec<_> = messages.iter().map(|flash| format!("{}: {flash}", flash.level)).collect();
    told.join(", ")
}

#[handler]
fn say(session: Session, Path((level, text)): Path<(String, String)>) -> Result<()> {
    Ok(session.flash("", Flash::new(level_named(&level), text))?)
}

#[handler]
fn say_twice(session: Session, Path(text): Path<String>) -> Result<()> {
    session.flash("", &text)?;
    session.flash("", text.as_str())?;
    session.flash("", Flash::warning(&text))?;
    session.flash("other", text)?;
    Ok(())
}

#[handler]
fn order(session: Session) -> Result<Redirect> {
    session.flash("", Flash::success("Your order is on its way."))?;
    Ok(Redirect::see_other("/page"))
}

#[handler]
fn say_then(session: Session, Path(status): Path<u16>) -> Result<Response> {
    session.flash("", "said in vain")?;
    Ok(StatusCode::from_u16(status).unwrap().into_response())
}

#[handler]
fn page(session: Session) -> Result<String> {
    Ok(told(session.take_flash("")?))
}

#[handler]
fn peek(session: Session) -> Result<String> {
    Ok(format!("{} | {}", told(session.peek_flash("")), told(session.peek_flash("other"))))
}

/// Takes the messages, then answers or fails with a status.
#[handler]
fn take_then(session: Session, Path(status): Path<String>) -> Result<Response> {
    session.take_flash("")?;
    match status.strip_prefix("err-") {
        Some(status) => Err(Error::from_status(StatusCode::from_u16(status.parse().unwrap()).unwrap())),
        None => Ok(StatusCode::from_u16(status.parse().unwrap()).unwrap().into_response()),
    }
}

#[handler]
fn take_and_say(session: Session, Path(text): Path<String>) -> Result<String> {
    let messages = session.take_flash("")?;
    session.flash("", text)?;
    Ok(told(messages))
}

#[tokio::test]
async fn a_message_survives_a_redirect_and_is_shown_once_with_its_level() {
    let scene = Scene::new().await;
    let visitor = scene.visitor();
    let answer = visitor.post("/order", "").await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_eq!(visitor.get("/page").await.body, "success: Your order is on its way.");
    assert_eq!(visitor.get("/page").await.body, "");
}

#[tokio::test]
async fn each_level_comes_back_as_it_was() {
    let scene = Scene::new().await;
    let visitor = scene.visitor();
    for level in ["info", "success", "warning", "error"] {
        visitor.post(&format!("/say/{level}/a"), "").await;
    }
    assert_eq!(visitor.get("/page").await.body, "info: a, success: a, warning: a, error: a");
}

#[tokio::test]
async fn the_same_message_waits_once() {
    let scene = Scene::new().await;
    let visitor = scene.visitor();
    visitor.post("/say-twice/saved", "").await;
    let before = scene.events().await;
    visitor.post("/say-twice/saved", "").await;
    assert_eq!(scene.events().await, before, "nothing is written for it");
    let waiting = "info: saved, warning: saved | info: saved";
    assert_eq!(visitor.get("/peek").await.body, waiting, "another level or queue is another message");
    assert_eq!(visitor.get("/page").await.body, "info: saved, warning: saved");
    visitor.post("/say/info/saved", "").await;
    assert_eq!(visitor.get("/page").await.body, "info: saved", "it was shown, so it may come again");
}

#[tokio::test]
async fn two_tabs_that_say_the_same_at_once_say_it_once() {
    let scene = Scene::new().await;
    let visitor = scene.visitor();
    visitor.post("/say/info/first", "").await;
    let tabs: Vec<_> = (0..8)
        .map(|_| {
            let tab = visitor.clone();
            tokio::spawn(async move { tab.post("/say/error/second", "").await.status })
        })
        .collect();
    for tab in tabs {
        assert_eq!(tab.await.unwrap(), StatusCode::OK);
    }
    assert_eq!(visitor.get("/page").await.body, "info: first, error: second");
}

#[tokio::test]
async fn a_message_that_is_looked_at_stays() {
    let scene = Scene::new().await;
    let visitor = scene.visitor();
    visitor.post("/say/info/saved", "").await;
    let before = scene.events().await;
    for _ in 0..2 {
        assert_eq!(visitor.get("/peek").await.body, "info: saved | ");
    }
    assert_eq!(scene.events().await, before);
    assert_eq!(visitor.get("/page").await.body, "info: saved");
    assert_eq!(scene.events().await, before + 1);
    visitor.get("/page").await;
    assert_eq!(scene.events().await, before + 1, "of an empty queue nothing is taken");
}

#[tokio::test]
async fn what_a_handler_takes_stays_if_its_request_is_rolled_back() {
    let scene = Scene::new().await;
    let visitor = scene.visitor();
    visitor.post("/say/info/saved", "").await;
    for path in ["/take-then/500", "/take-then/err-404", "/take-then/err-500"] {
        visitor.get(path).await;
        assert_eq!(visitor.get("/peek").await.body, "info: saved | ", "{path}");
    }
    visitor.get("/take-then/404").await;
    assert_eq!(visitor.get("/peek").await.body, " | ", "a page with a status below 500 is a page");
}

#[tokio::test]
async fn what_a_handler_says_is_lost_if_its_request_is_rolled_back() {
    let scene = Scene::new().await;
    let visitor = scene.visitor();
    assert_eq!(visitor.post("/say-then/500", "").await.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!((scene.events().await, visitor.cookie("__Host-session")), (0, None));
    visitor.post("/say/info/first", "").await;
    visitor.post("/say-then/500", "").await;
    assert_eq!(visitor.get("/page").await.body, "info: first");
}

#[tokio::test]
async fn a_page_may_take_messages_and_leave_the_same_one() {
    let scene = Scene::new().await;
    let visitor = scene.visitor();
    visitor.post("/say/info/again", "").await;
    assert_eq!(visitor.post("/take-and-say/again", "").await.body, "info: again");
    assert_eq!(visitor.get("/page").await.body, "info: again");
    assert_eq!(visitor.get("/page").await.body, "");
}

/// The messages were gone when the visitor came to the page.
#[tokio::test]
async fn a_page_that_may_stay_unseen_takes_nothing() {
    let scene = Scene::new().await;
    let visitor = scene.visitor();
    visitor.post("/say/info/saved", "").await;
    let before = scene.events().await;
    assert_eq!(visitor.send(Method::HEAD, "/page", "").await.status, StatusCode::OK);
    for (name, value) in [
        ("sec-purpose", "prefetch"),
        ("sec-purpose", "prefetch;prerender"),
        ("sec-purpose", "prefetch; anonymous-client-ip"),
        ("purpose", "Prefetch"),
    ] {
        let mut request = visitor.request(Method::GET, "/page", "");
        request.headers_mut().insert(name, HeaderValue::from_static(value));
        assert_eq!(visitor.call(request).await.body, "info: saved", "{name}: {value}");
    }
    assert_eq!(scene.events().await, before);
    let mut request = visitor.request(Method::GET, "/page", "");
    request.headers_mut().insert("sec-purpose", HeaderValue::from_static("prefetched"));
    assert_eq!(visitor.call(request).await.body, "info: saved");
    assert_eq!(visitor.get("/page").await.body, "", "the one before was a page like any other");
}

/// A process of before the levels wrote `flash_added` of shape 1.
#[tokio::test]
async fn a_message_that_an_older_version_has_queued_is_shown() {
    let scene = Scene::new().await;
    let visitor = scene.visitor();
    visitor.post("/say/error/new", "").await;
    let client = scene.database.connect().await;
    let row = client.query_one("select session_id, version from session_ledger.session", &[]).await.unwrap();
    let (session, version): (uuid::Uuid, i64) = (row.get(0), row.get(1));
    let older = Event::Unknown(Encoded::new("flash_added", 1, b"\x00\x03old"));
    test_support::append(&client, session.into(), version + 1, &older).await.unwrap();
    let state = scene.ledger.state_at(session.into(), version + 1).await.unwrap();
    assert_eq!(state.content.flashes[""], [Flash::error("new"), Flash::info("old")]);
}
