//! What is kept of bodies, and when.
//!
//! The middleware read each body before it called the handler, also on routes that have no use for a session.
//! Two thousand clients with 255 KiB each took hundreds of MiB.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::{StreamExt, stream};
use poem::error::InternalServerError;
use poem::http::{Method, header};
use poem::web::Data;
use poem::{Body, EndpointExt, Request, Result, Route, handler, post};
use session_ledger::session::Policy;
use session_ledger::web::{Session, Sessions, SessionsBuilder, Tx};
use test_support::{App, Database, Visitor, app, key_ring};
use tokio::sync::Notify;

use crate::scene::send;

/// How many bytes of bodies were read, the bodies that handlers have seen, and a gate.
#[derive(Clone, Default)]
struct Signs {
    read: Arc<AtomicUsize>,
    seen: Arc<Mutex<Vec<String>>>,
    entered: Arc<Notify>,
    gate: Arc<Notify>,
}

#[handler]
fn ignore() -> &'static str {
    "ignored"
}

/// Loses a race on its first run.
async fn lose_once(session: &Session, tx: &Tx) -> Result<()> {
    if session.attempt() == 1 {
        let raise = "do $$ begin raise exception 'on purpose' using errcode = '40001'; end $$";
        tx.batch_execute(raise).await.map_err(InternalServerError)?;
    }
    Ok(())
}

#[handler]
async fn session_first(session: Session, tx: Tx, body: String, Data(signs): Data<&Signs>) -> Result<()> {
    signs.seen.lock().unwrap().push(body);
    lose_once(&session, &tx).await
}

#[handler]
async fn body_first(body: String, tx: Tx, session: Session, Data(signs): Data<&Signs>) -> Result<()> {
    signs.seen.lock().unwrap().push(body);
    lose_once(&session, &tx).await
}

/// Reads the first half of the body on its first run, and all of it on the second.
#[handler]
async fn half(body: Body, tx: Tx, session: Session, Data(signs): Data<&Signs>) -> Result<()> {
    if session.attempt() == 1 {
        let first = body.into_bytes_stream().next().await.unwrap().map_err(InternalServerError)?;
        signs.seen.lock().unwrap().push(String::from_utf8(first.to_vec()).unwrap());
    } else {
        let body = body.into_string().await?;
        signs.seen.lock().unwrap().push(body);
    }
    lose_once(&session, &tx).await
}

/// Reads the body, and fails as one that has lost a race.
#[handler]
async fn fail_alone(body: String, Data(signs): Data<&Signs>) -> Result<()> {
    signs.seen.lock().unwrap().push(body);
    Err(InternalServerError(session_ledger::Error::Aborted))
}

#[handler]
async fn wait(_session: Session, body: String, Data(signs): Data<&Signs>) -> String {
    signs.entered.notify_one();
    signs.gate.notified().await;
    body
}

async fn shop(set: impl FnOnce(SessionsBuilder) -> SessionsBuilder) -> (App, Signs, Database) {
    let database = Database::fresh().await;
    let sessions = Sessions::builder(database.ledger(Policy::default()).await, key_ring());
    let signs = Signs::default();
    let route = Route::new()
        .at("/ignore", post(ignore))
        .at("/session-first", post(session_first))
        .at("/body-first", post(body_first))
        .at("/half", post(half))
        .at("/fail-alone", post(fail_alone))
        .at("/wait", post(wait))
        .data(signs.clone())
        .with(set(sessions).build().unwrap());
    (app(route), signs, database)
}

/// A request with a body of these pieces. Notes in `signs` what was read of it.
fn pieces(visitor: &Visitor, path: &str, signs: &Signs, pieces: &[&str]) -> Request {
    let mut request = visitor.request(Method::POST, path, "");
    let length: usize = pieces.iter().map(|piece| piece.len()).sum();
    request.headers_mut().insert(header::CONTENT_LENGTH, length.into());
    let read = Arc::clone(&signs.read);
    let pieces: Vec<_> = pieces.iter().map(|piece| bytes::Bytes::copy_from_slice(piece.as_bytes())).collect();
    request.set_body(Body::from_bytes_stream(stream::iter(pieces).map(move |piece| {
        read.fetch_add(piece.len(), Ordering::SeqCst);
        Ok::<_, std::io::Error>(piece)
    })));
    request
}

#[tokio::test]
async fn nothing_is_read_of_a_body_that_no_handler_asks_for() {
    let (shop, signs, _database) = shop(|sessions| sessions).await;
    let (visitor, body) = (Visitor::new(&shop), "x".repeat(255 * 1024));
    for _ in 0..2_000 {
        let request = pieces(&visitor, "/ignore", &signs, &[&body]);
        assert_eq!(visitor.call(request).await.body, "ignored");
    }
    assert_eq!(signs.read.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_request_that_loses_a_race_finds_its_body_again_however_much_of_it_was_read() {
    let (shop, signs, _database) = shop(|sessions| sessions).await;
    let visitor = Visitor::new(&shop);
    for (path, first) in [("/session-first", "abcdef"), ("/body-first", "abcdef"), ("/half", "abc")] {
        let request = pieces(&visitor, path, &signs, &["abc", "def"]);
        assert_eq!(visitor.call(request).await.status, 200, "{path}");
        assert_eq!(signs.seen.lock().unwrap().split_off(0), [first, "abcdef"], "{path}");
        assert_eq!(signs.read.swap(0, Ordering::SeqCst), 6, "{path}: each byte came once");
    }
}

#[tokio::test]
async fn a_request_that_asks_for_no_session_runs_once_and_gives_its_room_back() {
    let (shop, signs, _database) = shop(|sessions| sessions.replay_bytes_total(6)).await;
    let visitor = Visitor::new(&shop);
    for _ in 0..10 {
        let request = pieces(&visitor, "/fail-alone", &signs, &["abc", "def"]);
        assert_eq!(visitor.call(request).await.status, 500);
        assert_eq!(signs.seen.lock().unwrap().split_off(0), ["abcdef"]);
    }
    let request = pieces(&visitor, "/body-first", &signs, &["abc", "def"]);
    assert_eq!(visitor.call(request).await.status, 200, "there is room to run it twice");
    assert_eq!(signs.seen.lock().unwrap().split_off(0).len(), 2);
}

#[tokio::test]
async fn bodies_are_kept_within_one_budget_and_a_request_beyond_it_runs_once() {
    let (shop, signs, _database) = shop(|sessions| sessions.replay_bytes_total(9)).await;
    let visitor = Visitor::new(&shop);
    let waiting = send(&visitor, pieces(&visitor, "/wait", &signs, &["abc", "def"]));
    signs.entered.notified().await;
    for path in ["/session-first", "/body-first"] {
        let request = pieces(&visitor, path, &signs, &["abc", "def"]);
        assert_eq!(visitor.call(request).await.status, 503, "{path}");
        assert_eq!(signs.seen.lock().unwrap().split_off(0), ["abcdef"], "{path}: it ran once");
    }
    let small = pieces(&visitor, "/session-first", &signs, &["abc"]);
    assert_eq!(visitor.call(small).await.status, 200, "there is room for a small one");
    assert_eq!(signs.seen.lock().unwrap().split_off(0).len(), 2);
    signs.gate.notify_one();
    assert_eq!(waiting.await.unwrap().body, "abcdef");
    for path in ["/session-first", "/body-first"].repeat(3) {
        let request = pieces(&visitor, path, &signs, &["abc", "def"]);
        assert_eq!(visitor.call(request).await.status, 200, "{path}: the room is free again");
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_is_a_400_before_anything_is_done() {
    let (shop, signs, database) = shop(|sessions| sessions).await;
    let visitor = Visitor::new(&shop);
    let mut request = pieces(&visitor, "/session-first", &signs, &["abc", "def"]);
    let broken = [Ok("abc"), Err(std::io::Error::other("the client has gone"))];
    request.set_body(Body::from_bytes_stream(stream::iter(broken)));
    assert_eq!(visitor.call(request).await.status, 400);
    assert!(signs.seen.lock().unwrap().is_empty());
    assert_eq!(database.count("session_ledger.event").await, 0);
}
