//! Messages for the next page.

use poem::Route;
use session_ledger::web::Session;

use crate::scene::{Scene, page};

fn say(session: &Session) -> poem::Result<String> {
    session.flash("", "saved")?;
    session.flash("admin", "two users wait")?;
    Ok(String::new())
}

fn told(messages: &[session_ledger::session::Flash]) -> String {
    messages.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

fn peek(session: &Session) -> poem::Result<String> {
    Ok(format!("{}|{}", told(&session.peek_flash("")), told(&session.peek_flash("admin"))))
}

fn take(session: &Session) -> poem::Result<String> {
    Ok(told(&session.take_flash("")?))
}

/// `flash`, `pop_flash` and `peek_flash`.
#[tokio::test]
async fn messages_wait_in_queues_until_a_page_takes_them() {
    let scene = Scene::new().await;
    let pages = Route::new().at("/say", page(say)).at("/peek", page(peek)).at("/take", page(take));
    let visitor = scene.visitor(pages);
    visitor.post("/say", "").await;
    assert_eq!(visitor.get("/peek").await.body, "saved|two users wait");
    assert_eq!(visitor.get("/take").await.body, "saved");
    assert_eq!(visitor.get("/take").await.body, "");
    assert_eq!(visitor.get("/peek").await.body, "|two users wait", "the other queue is as it was");
}

/// `allow_duplicate=False`, which is how it always is here. There, it wrote without counting as a use.
#[tokio::test]
async fn a_message_that_waits_already_is_not_queued_again_and_writes_nothing() {
    let scene = Scene::new().await;
    let visitor = scene.visitor(Route::new().at("/say", page(say)).at("/peek", page(peek)));
    visitor.post("/say", "").await;
    let before = scene.events().await;
    visitor.post("/say", "").await;
    assert_eq!(visitor.get("/peek").await.body, "saved|two users wait");
    assert_eq!(scene.events().await, before);
}

/// There, `peek_flash` gave the list itself, and whoever changed it changed the session.
#[tokio::test]
async fn what_a_page_does_to_the_messages_it_looked_at_changes_nothing() {
    let scene = Scene::new().await;
    let spoil = |session: &Session| {
        session.peek_flash("").clear();
        peek(session)
    };
    let visitor = scene.visitor(Route::new().at("/say", page(say)).at("/spoil", page(spoil)));
    visitor.post("/say", "").await;
    assert_eq!(visitor.get("/spoil").await.body, "saved|two users wait");
    assert_eq!(visitor.get("/spoil").await.body, "saved|two users wait");
}

/// There, `pop_flash` of a queue that was not there wrote the session.
#[tokio::test]
async fn taking_from_an_empty_queue_writes_nothing() {
    let scene = Scene::new().await;
    let empty = |session: &Session| Ok(told(&session.take_flash("nobody's")?));
    let visitor = scene.visitor(Route::new().at("/say", page(say)).at("/empty", page(empty)));
    visitor.post("/say", "").await;
    let before = scene.events().await;
    assert_eq!(visitor.get("/empty").await.body, "");
    assert_eq!(scene.events().await, before);
}
