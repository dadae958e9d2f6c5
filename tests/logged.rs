//! What the application's log and the server's say of requests: each answer with 5xx its cause, once, and of
//! a flood a few lines and a count.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;

use poem::error::InternalServerError;
use poem::http::StatusCode;
use poem::{EndpointExt, Response, Result, Route, get, handler};
use private_postgres::{Options, Server};
use session_ledger::ledger::{End, RebuildOptions};
use session_ledger::session::{EndReason, SessionId};
use session_ledger::web::{Session, SessionError, Sessions, Tx};
use session_ledger::{Error, Ledger};
use test_support::{App, CapturedLog, Database, Visitor, app, application, key_ring};
use tracing::Level;

const NAME: &str = "__Host-session";

/// The lines that were added to the log since it had this many bytes.
fn since(log: &CapturedLog, before: usize) -> Vec<String> {
    let text = String::from_utf8(log.bytes().split_off(before)).unwrap();
    text.lines().map(|line| line.trim().to_owned()).collect()
}

/// Fails by an error of the application's own.
#[handler]
fn own(_session: Session) -> Result<()> {
    Err(InternalServerError(std::io::Error::other("a secret of the application's")))
}

/// Fails by an error of the library that the application has wrapped.
#[handler]
fn wrapped(_session: Session) -> Result<()> {
    Err(InternalServerError(Wrapped(Error::TransactionKept)))
}

#[derive(Debug, thiserror::Error)]
#[error("a secret of the application's")]
struct Wrapped(#[source] Error);

/// Fails by a statement that loses a race each time.
#[handler]
async fn races(tx: Tx) -> Result<()> {
    let race = "do $$ begin raise exception 'on purpose' using errcode = '40001'; end $$";
    tx.batch_execute(race).await.map_err(InternalServerError)
}

/// The application of all tests with some pages more, and one whose errors are caught inside the middleware.
fn pages(sessions: Sessions) -> App {
    let caught = |_: poem::Error| async { Response::builder().status(StatusCode::BAD_GATEWAY).finish() };
    let more = Route::new()
        .at("/own", get(own))
        .at("/wrapped", get(wrapped))
        .at("/races", get(races))
        .at("/caught", get(own_show).catch_all_error(caught));
    let nested = Route::new().nest("/more", more.with(sessions.clone())).nest("/", application(sessions));
    app(nested)
}

#[handler]
fn own_show(session: Session) -> Result<String> {
    Ok(session.user().map_or_else(String::new, |user| user.to_string()))
}

async fn id_of(ledger: &Ledger, user: &str) -> SessionId {
    ledger.sessions(&user.into()).await.unwrap()[0].id
}

/// A 500 of the library left no trace in its log.
#[tokio::test]
async fn each_answer_with_5xx_is_one_line_with_its_cause() {
    let database = Database::fresh().await;
    let client = database.connect().await;
    client.batch_execute("create table purchase (item text)").await.unwrap();
    let ledger = Ledger::builder(database.config()).connect().await.unwrap();
    let visitor = Visitor::new(&pages(Sessions::new(ledger.clone(), key_ring())));
    visitor.post("/login/alice", "").await;
    let session = id_of(&ledger, "alice").await;
    let (log, _guard) = CapturedLog::listen(Level::ERROR);

    let too_large = "the session would hold 66019 bytes, more than its limit of 65536: keep large data in a table of \
                     your own";
    let kept = "a transaction was kept past the end of its work, so that it was rolled back: drop it before";
    let aborted = "an earlier statement of the transaction failed, so that it was rolled back";
    let raced = "the database is not available: a request failed (40001), and running it again did not help";
    for (path, status, attempt, cause) in [
        ("/large/66000", 500, 1, too_large),
        ("/swallow", 500, 3, aborted),
        ("/more/wrapped", 500, 1, kept),
        ("/more/races", 503, 8, raced),
    ] {
        let before = log.bytes().len();
        assert_eq!(visitor.get(path).await.status.as_u16(), status, "{path}");
        let line = format!(
            "ERROR session_ledger.request{{method=GET session={session}}}: a request could not be served \
             session={session} attempt={attempt} status={status} cause={cause}"
        );
        assert_eq!(since(&log, before), [line], "{path}");
    }
    for path in ["/show", "/then/500", "/then-err/500", "/more/own", "/then/404", "/nowhere"] {
        let before = log.bytes().len();
        visitor.get(path).await;
        assert_eq!(since(&log, before), [""; 0], "{path}: an answer of the application's own, or a good one");
    }

    let damage = "update session_ledger.session set state = '\\x090909'";
    client.batch_execute(damage).await.unwrap();
    let before = log.bytes().len();
    assert_eq!(visitor.get("/show").await.status, 500);
    let lines = since(&log, before);
    let cause = format!("cause=session {session} can be ended but not read: session state has shape 9");
    assert!(lines.len() == 1 && lines[0].contains(&cause), "{lines:?}");
}

/// The pages of a layer inside the middleware hid the error from it.
#[tokio::test]
async fn an_error_that_the_application_catches_inside_the_middleware_is_told_too() {
    let server = Server::start(Options::default()).unwrap();
    let database = Database::on(&server).await;
    let ledger = Ledger::builder(database.config()).connect().await.unwrap();
    let pages = pages(Sessions::new(ledger.clone(), key_ring()));
    let (visitor, stranger) = (Visitor::new(&pages), Visitor::new(&pages));
    visitor.post("/login/alice", "").await;
    let session = id_of(&ledger, "alice").await;
    server.stop();
    let (log, _guard) = CapturedLog::listen(Level::ERROR);
    for (path, status) in [("/show", 503), ("/order/teapot/then/200", 503), ("/more/caught", 502)] {
        let before = log.bytes().len();
        assert_eq!(visitor.get(path).await.status.as_u16(), status, "{path}");
        let lines = since(&log, before);
        let start = format!(
            "ERROR session_ledger.request{{method=GET session={session}}}: a request could not be served \
             session={session}"
        );
        assert!(lines.len() == 1 && lines[0].starts_with(&start), "{path}: {lines:?}");
        assert!(lines[0].contains(" cause=the "), "{path}: {lines:?}");
    }
    let before = log.bytes().len();
    assert_eq!(stranger.get("/add").await.status, 503);
    let lines = since(&log, before);
    let start = "ERROR session_ledger.request{method=GET}: a request could not be served attempt=";
    assert!(lines.len() == 1 && lines[0].starts_with(start), "no session, no id: {lines:?}");
}

#[tokio::test]
async fn a_handler_outside_of_the_middleware_is_told_of() {
    let (log, _guard) = CapturedLog::listen(Level::ERROR);
    let visitor = Visitor::new(&app(Route::new().at("/own", get(own))));
    assert_eq!(visitor.get("/own").await.status, 500);
    let line = format!("ERROR a request could not be served cause={}", SessionError::NoMiddleware);
    assert_eq!(since(&log, 0), [line]);
}

#[tokio::test]
async fn the_user_is_told_if_that_was_asked_for() {
    let database = Database::fresh().await;
    let ledger = Ledger::builder(database.config()).connect().await.unwrap();
    for is_told in [false, true] {
        let mut sessions = Sessions::builder(ledger.clone(), key_ring());
        if is_told {
            sessions = sessions.user_in_log();
        }
        let visitor = Visitor::new(&pages(sessions.build().unwrap()));
        let user = format!("alice{is_told}");
        visitor.post(&format!("/login/{user}"), "").await;
        let session = id_of(&ledger, &user).await;
        let (log, _guard) = CapturedLog::listen(Level::ERROR);
        assert_eq!(visitor.get("/more/races").await.status, 503);
        let lines = since(&log, 0);
        let user = if is_told { format!(" user={user}") } else { String::new() };
        let span = format!("ERROR session_ledger.request{{method=GET session={session}{user}}}: a request");
        assert!(lines.len() == 1 && lines[0].starts_with(&span), "{lines:?}");
    }
}

/// Each forged cookie was a line of 727 bytes.
#[tokio::test]
async fn a_flood_of_forged_cookies_is_a_few_lines_and_a_count() {
    let database = Database::fresh().await;
    let ledger = Ledger::builder(database.config()).connect().await.unwrap();
    let visitor = Visitor::new(&application(Sessions::new(ledger, key_ring())));
    visitor.put_cookie(NAME, "forged");
    let (log, _guard) = CapturedLog::listen(Level::INFO);
    for _ in 0..1_000 {
        assert_eq!(visitor.get("/show").await.body, "- 0");
    }
    let lines = since(&log, 0);
    // Ten in each ten seconds, however slow the machine is.
    assert!((10..=30).contains(&lines.len()), "{}", lines.len());
    assert!(lines.iter().all(|line| line.contains("a cookie that honest browsers do not send")), "{lines:?}");
    assert!(!lines[9].contains("left_out"), "nothing was left out before the first ten");
}

/// The comments of a statement travelled with it, and stood in the server's log at every conflict.
#[tokio::test]
async fn nothing_that_is_sent_has_a_comment() {
    let server = Server::start(Options::default()).unwrap();
    let database = Database::on(&server).await;
    let client = database.connect().await;
    let prepare = format!(
        "create table purchase (item text); alter database {} set log_statement = 'all'",
        database.name()
    );
    client.batch_execute(&prepare).await.unwrap();
    for unnamed in [false, true] {
        let mut builder = Ledger::builder(database.config());
        if unnamed {
            builder = builder.unnamed_statements();
        }
        walk(&database, builder.connect().await.unwrap()).await;
    }
    let server_log = fs::read_to_string(server.log_path()).unwrap();
    for statement in ["insert into session_ledger.event", "for key share", "session_ledger.subscription"] {
        assert!(server_log.contains(statement), "the server logs what it is sent: {statement}");
    }
    let comments: Vec<_> = server_log.lines().filter(|line| line.contains("--")).collect();
    assert!(comments.is_empty(), "{comments:#?}");
}

/// All that the library sends, or most of it.
async fn walk(database: &Database, ledger: Ledger) {
    let pages = application(Sessions::new(ledger.clone(), key_ring()));
    let visitor = Visitor::new(&pages);
    for path in
        ["/add", "/login/alice", "/keep/x", "/renew", "/order/x/then/200", "/buy/x", "/swallow", "/show"]
    {
        visitor.get(path).await;
    }
    let tabs = (0..8).map(|_| {
        let visitor = Visitor::new(&pages);
        tokio::spawn(async move {
            visitor.get("/add").await;
            visitor.get("/add").await
        })
    });
    for tab in tabs.collect::<Vec<_>>() {
        assert_eq!(tab.await.unwrap().body, "2");
    }
    let (user, session) = ("alice".into(), id_of(&ledger, "alice").await);
    ledger.history(session).await.unwrap();
    ledger.history_page(session, 1, 1).await.unwrap();
    ledger.sessions_page(&user, None, 1).await.unwrap();
    let mut subscription = ledger.subscription("follower", "test").await.unwrap();
    let batch = subscription.next_batch(10).await.unwrap();
    subscription.checkpoint(batch).await.unwrap();
    subscription.renew().await.unwrap();
    subscription.release().await.unwrap();
    ledger.verify(|_| {}).await.unwrap();
    ledger.rebuild(RebuildOptions::default().while_connected(), |_| {}).await.unwrap();
    assert!(ledger.end(session, End::because(EndReason::Revoked)).await.unwrap());
    assert_eq!(visitor.get("/me").await.status, 401);
    Ledger::migrate(&database.config()).await.unwrap();
}
