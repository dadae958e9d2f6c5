//! The answers to requests that fail for a reason outside of them: 503 for what passes, a typed refusal for
//! what the browser has sent, and ends that work on whatever is stored.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use poem::error::InternalServerError;
use poem::http::header;
use poem::web::{Data, Path};
use poem::{EndpointExt, FromRequest, Request, RequestBody, Result, Route, handler, post};
use session_ledger::ledger::RebuildOptions;
use session_ledger::session::EndReason;
use session_ledger::web::{Session, SessionError, Sessions, SignedIn, Tx};
use session_ledger::{Error, Key, Ledger, UserId};
use test_support::{Answer, Database, Visitor, app, key_ring};
use tokio_postgres::Client;

const COUNT: Key<u32> = Key::new("count");

const BAD_USER: &str = "a user id must have 1 to 255 bytes and no NUL character";

/// A lock that stands in the way of as many attempts as `attempts` says.
#[derive(Clone)]
struct Obstacle {
    client: Arc<Client>,
    attempts: u32,
    seen: Arc<AtomicU32>,
}

#[handler]
fn login(session: Session, user: String) -> Result<()> {
    Ok(session.login(user)?)
}

#[handler]
fn impersonate(session: Session, user: String) -> Result<()> {
    Ok(session.impersonate(user, "A ticket.")?)
}

#[handler]
fn logout(session: Session) -> Result<()> {
    Ok(session.logout()?)
}

#[handler]
fn log_out_if_signed_in(session: SignedIn) -> Result<()> {
    Ok(session.logout()?)
}

#[handler]
fn discard(session: Session) -> Result<()> {
    Ok(session.discard_session()?)
}

#[handler]
fn renew(session: Session) -> Result<()> {
    Ok(session.renew()?)
}

#[handler]
fn add(session: Session) -> Result<String> {
    Ok(session.update(&COUNT, |count| {
        *count += 1;
        count.to_string()
    })?)
}

/// The user and the count, or the words of the error.
#[handler]
fn look(session: Session) -> String {
    let user = session.user().map_or("-".to_owned(), |user| user.to_string());
    match session.get(&COUNT) {
        Ok(count) => format!("{user} {}", count.unwrap_or_default()),
        Err(error) => error.to_string(),
    }
}

/// Begins its transaction while a lock is in the way, behind the session's load.
#[handler]
async fn begin_late(request: &Request, session: Session, Data(obstacle): Data<&Obstacle>) -> Result<()> {
    obstacle.seen.store(session.attempt(), Ordering::SeqCst);
    let is_held = session.attempt() <= obstacle.attempts;
    if is_held {
        let lock = "begin; lock table session_ledger.session in access exclusive mode";
        obstacle.client.batch_execute(lock).await.unwrap();
    }
    let tx = Tx::from_request(request, &mut RequestBody::default()).await?;
    let bought = tx.execute("insert into purchase values ('teapot')", &[]).await;
    if is_held {
        obstacle.client.batch_execute("rollback").await.unwrap();
    }
    bought.map_err(InternalServerError)?;
    Ok(session.update(&COUNT, |count| *count += 1)?)
}

#[handler]
async fn buy(tx: Tx, session: Session) -> Result<()> {
    tx.execute("insert into purchase values ('teapot')", &[]).await.map_err(InternalServerError)?;
    Ok(session.update(&COUNT, |count| *count += 1)?)
}

/// Wraps an error of the library in one of the application's.
#[handler]
fn wrap(_session: Session, Path(which): Path<String>) -> Result<()> {
    Err(InternalServerError(match which.as_str() {
        "unknown" => Error::OutcomeUnknown,
        _ => Error::Unavailable("on purpose".to_owned()),
    }))
}

struct Scene {
    database: Database,
    ledger: Ledger,
    visitor: Visitor,
    obstacle: Obstacle,
}

/// `settings` are those of the database's owner.
async fn scene(settings: &str, attempts: u32) -> Scene {
    let database = Database::fresh().await;
    let client = database.connect().await;
    let prepare =
        format!("create table purchase (item text); {}", settings.replace("DATABASE", database.name()));
    client.batch_execute(&prepare).await.unwrap();
    let ledger = Ledger::builder(database.config()).connections_max(1).connect().await.unwrap();
    let obstacle = Obstacle { client: Arc::new(client), attempts, seen: Arc::default() };
    let route = Route::new()
        .at("/login", post(login))
        .at("/impersonate", post(impersonate))
        .at("/logout", post(logout))
        .at("/log-out-if-signed-in", post(log_out_if_signed_in))
        .at("/discard", post(discard))
        .at("/renew", post(renew))
        .at("/add", post(add))
        .at("/look", post(look))
        .at("/begin-late", post(begin_late))
        .at("/buy", post(buy))
        .at("/wrap/:which", post(wrap))
        .data(obstacle.clone());
    // Each request loads its session: rows are damaged behind the process's back, and loads refused.
    let sessions = Sessions::builder(ledger.clone(), key_ring()).known_sessions(0, Duration::ZERO);
    let visitor = Visitor::new(&app(route.with(sessions.build().unwrap())));
    assert_eq!(visitor.post("/login", "alice").await.status, 200);
    assert_eq!(visitor.post("/add", "").await.body, "1");
    Scene { database, ledger, visitor, obstacle }
}

fn is_unavailable(answer: &Answer) -> bool {
    let said =
        (answer.status.as_u16(), answer.headers.get(header::RETRY_AFTER).map(|value| value.as_bytes()));
    said == (503, Some(b"1".as_slice())) && answer.body == "Please try again in a moment."
}

const LOCK_TIMEOUT: &str = "alter database DATABASE set lock_timeout = '50ms'";

/// The handler's statement was refused, as the BEGIN before it had failed. Nobody asked why, and the third
/// attempt was the last: 500.
#[tokio::test]
async fn a_beginning_sent_ahead_that_lost_a_race_is_judged_by_its_own_error() {
    let scene = scene(LOCK_TIMEOUT, 4).await;
    assert_eq!(scene.visitor.post("/begin-late", "").await.status, 200);
    assert_eq!(scene.obstacle.seen.load(Ordering::SeqCst), 5);
    assert_eq!(scene.database.count("purchase").await, 1);
    assert_eq!(scene.visitor.post("/look", "").await.body, "alice 2");
}

#[tokio::test]
async fn a_beginning_that_loses_each_time_is_a_503() {
    let scene = scene(LOCK_TIMEOUT, u32::MAX).await;
    let answer = scene.visitor.post("/begin-late", "").await;
    assert!(is_unavailable(&answer), "{answer:?}");
    assert!(scene.obstacle.seen.load(Ordering::SeqCst) > 3);
    assert_eq!(scene.database.count("purchase").await, 0);
}

/// 5,572 requests were answered 500 while the disk was full.
#[tokio::test]
async fn a_full_disk_is_a_503() {
    let scene = scene("", 0).await;
    let client = scene.database.connect().await;
    let fill = "create function fill() returns trigger language plpgsql
                    as $$ begin raise exception 'no space left on device' using errcode = 'disk_full'; end $$";
    client.batch_execute(fill).await.unwrap();
    for (table, timing) in [
        ("session_ledger.event", "trigger full before insert on session_ledger.event"),
        ("purchase", "trigger full before insert on purchase"),
        ("purchase", "constraint trigger full after insert on purchase deferrable initially deferred"),
    ] {
        let trigger =
            format!("create {} for each row execute function fill()", timing.replacen("full", "is_full", 1));
        client.batch_execute(&trigger).await.unwrap();
        let paths: &[&str] =
            if table == "purchase" { &["/buy"] } else { &["/add", "/buy", "/login", "/renew", "/logout"] };
        for path in paths {
            let answer = scene.visitor.post(path, "alice").await;
            assert!(is_unavailable(&answer), "{timing} {path}: {answer:?}");
            assert!(answer.set_cookies().is_empty());
        }
        client.batch_execute(&format!("drop trigger is_full on {table}")).await.unwrap();
    }
    assert_eq!(scene.visitor.post("/look", "").await.body, "alice 1", "and nothing is lost");
    assert_eq!(scene.visitor.post("/buy", "").await.status, 200);
}

#[tokio::test]
async fn an_unknown_outcome_is_a_503_whatever_the_handler_wraps_it_in() {
    let scene = scene("", 0).await;
    for which in ["unknown", "away"] {
        let answer = scene.visitor.post(&format!("/wrap/{which}"), "").await;
        assert!(is_unavailable(&answer), "{which}: {answer:?}");
    }
}

/// It was a 500.
#[tokio::test]
async fn a_user_id_that_cannot_be_stored_is_the_browsers_mistake() {
    let Scene { visitor, ledger, database, .. } = scene("", 0).await;
    let events = database.count("session_ledger.event").await;
    for user in ["", "nul\0", &"x".repeat(256)] {
        for path in ["/login", "/impersonate"] {
            let answer = visitor.post(path, user).await;
            assert_eq!(answer.status, 400, "{path} {user:?}");
            assert_eq!(answer.body, "The request holds something that cannot be kept.");
        }
        let user = UserId::from(user);
        for error in [
            ledger.sessions(&user).await.unwrap_err(),
            ledger.sessions_page(&user, None, 1).await.unwrap_err(),
            ledger.end_all(&user, EndReason::Revoked).await.unwrap_err(),
        ] {
            assert_eq!(error.to_string(), BAD_USER, "{user:?}");
        }
    }
    assert_eq!(database.count("session_ledger.event").await, events);
    assert_eq!(visitor.post("/look", "").await.body, "alice 1");
}

/// A user who was signed in with a damaged session could neither log out nor log in again: 500.
#[tokio::test]
async fn a_session_that_cannot_be_read_can_be_ended_and_logged_in_over() {
    let signed_out = ["/logout", "/log-out-if-signed-in", "/discard"];
    for (path, reason, user) in signed_out
        .map(|path| (path, if path == "/discard" { EndReason::Discarded } else { EndReason::LoggedOut }, "-"))
        .into_iter()
        .chain([("/login", EndReason::Other("unreadable".to_owned()), "alice")])
    {
        let Scene { visitor, ledger, database, .. } = scene("", 0).await;
        let session = ledger.sessions(&"alice".into()).await.unwrap()[0].id;
        damage(&database).await;
        for reading in ["/look", "/add", "/renew", "/impersonate", "/buy"] {
            let answer = visitor.post(reading, "bob").await;
            assert_eq!(answer.status, 500, "{reading}");
            assert_eq!(answer.body, "Something went wrong on our side.");
        }
        let answer = visitor.post(path, "alice").await;
        assert_eq!((answer.status.as_u16(), answer.set_cookies().len()), (200, 1), "{path}: {answer:?}");
        assert_eq!(visitor.post("/look", "").await.body, format!("{user} 0"), "{path}");
        let sessions = ledger.sessions(&"alice".into()).await.unwrap();
        let ended = sessions.iter().find(|summary| summary.id == session).unwrap();
        assert_eq!(ended.ended.as_ref().map(|(reason, _)| reason), Some(&reason), "{path}");
        assert_eq!(database.count("session_ledger.session").await, i64::from(path == "/login"));
        let verification = ledger.verify(|_| {}).await.unwrap();
        assert_eq!(verification.differences.len(), 0, "{path}: {verification:?}");
    }
}

#[tokio::test]
async fn an_administrator_can_end_what_cannot_be_read() {
    let Scene { ledger, database, .. } = scene("", 0).await;
    damage(&database).await;
    assert_eq!(ledger.end_all(&"alice".into(), EndReason::AccountDisabled).await.unwrap(), 1);
    assert_eq!(database.count("session_ledger.session").await, 0);
}

#[tokio::test]
async fn a_session_that_cannot_be_read_is_kept_as_it_is_until_it_is_mended() {
    let Scene { visitor, ledger, database, .. } = scene("", 0).await;
    damage(&database).await;
    assert_eq!(visitor.post("/add", "").await.status, 500);
    ledger.rebuild(RebuildOptions::default().while_connected(), |_| {}).await.unwrap();
    assert_eq!(visitor.post("/look", "").await.body, "alice 1");
}

async fn damage(database: &Database) {
    let damage = "update session_ledger.session set state = '\\x090909'";
    database.connect().await.batch_execute(damage).await.unwrap();
}

#[test]
fn what_cannot_be_read_is_said_by_name() {
    let error = SessionError::Unreadable {
        session: session_ledger::SessionId::from(uuid::Uuid::from_u128(7)),
        error: session_ledger::session::DecodeError::UnknownStateShape { shape: 9 },
    };
    assert_eq!(
        error.to_string(),
        "session 00000000-0000-0000-0000-000000000007 can be ended but not read: session state has shape 9, which this \
         version does not know: run the version that wrote it, or `projector rebuild` to derive the state again from the \
         log"
    );
}

/// The end lost its race, and whoever held the other token went on.
#[tokio::test]
async fn the_end_of_a_replayed_session_outlives_a_lost_race() {
    let Scene { visitor, ledger, database, .. } = scene("", 0).await;
    let thief = visitor.copy();
    assert_eq!(visitor.post("/login", "alice").await.status, 200);
    show_the_new_token(&visitor, &database).await;
    database.set_clock_ahead(Duration::from_secs(31)).await;
    let session = ledger.sessions(&"alice".into()).await.unwrap()[0].id;

    let client = database.connect().await;
    client.batch_execute("begin; update session_ledger.session set resend = null").await.unwrap();
    let replay = tokio::spawn(async move { thief.post("/look", "").await });
    wait_for_a_lock(&database, "").await;
    client.batch_execute("commit").await.unwrap();
    assert_eq!(replay.await.unwrap().body, "- 0");

    let sessions = ledger.sessions(&"alice".into()).await.unwrap();
    let ended = sessions.iter().find(|summary| summary.id == session).unwrap().ended.clone();
    assert_eq!(ended.map(|(reason, _)| reason), Some(EndReason::TokenReplayed));
    assert_eq!(visitor.post("/look", "").await.body, "- 0");
}

/// The end was tried once.
#[tokio::test]
async fn the_end_of_a_replayed_session_is_written_once_the_database_can() {
    let Scene { visitor, ledger, database, .. } = scene("", 0).await;
    let thief = visitor.copy();
    assert_eq!(visitor.post("/login", "alice").await.status, 200);
    show_the_new_token(&visitor, &database).await;
    database.set_clock_ahead(Duration::from_secs(31)).await;
    let client = database.connect().await;
    let fill = "create function fill() returns trigger language plpgsql
                    as $$ begin raise exception 'no space left on device' using errcode = 'disk_full'; end $$;
                create trigger is_full before insert on session_ledger.event
                    for each row execute function fill()";
    client.batch_execute(fill).await.unwrap();
    assert_eq!(thief.post("/look", "").await.body, "- 0");
    let is_live = async || ledger.sessions(&"alice".into()).await.unwrap()[0].ended.is_none();
    assert!(is_live().await);
    client.batch_execute("drop trigger is_full on session_ledger.event").await.unwrap();
    for _ in 0..1_000 {
        if !is_live().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the end was not written");
}

/// Until the new token was shown, the old one is no proof of a theft.
async fn show_the_new_token(visitor: &Visitor, database: &Database) {
    assert_eq!(visitor.post("/look", "").await.body, "alice 1");
    let seen = "session_ledger.activity as a join session_ledger.session as s using (session_id)
                 where a.last_seen > s.authenticated_at";
    for _ in 0..1_000 {
        if database.count(seen).await > 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("nobody has noted that the session was seen");
}

/// Waits until a transaction of the application waits for a lock that is not the one that began at `last`.
/// Returns when it began.
async fn wait_for_a_lock(database: &Database, last: &str) -> String {
    let client = database.connect().await;
    let waiting = "select xact_start::text from pg_stat_activity
                    where datname = current_database() and application_name = 'session-ledger'
                      and wait_event_type = 'Lock' and xact_start::text <> $1";
    for _ in 0..1_000 {
        if let Some(row) = client.query(waiting, &[&last]).await.unwrap().first() {
            return row.get(0);
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("nobody waits for a lock");
}

/// Another request ended the session while this one waited for its row.
#[tokio::test]
async fn a_lock_timeout_of_the_databases_owner_is_a_lost_race() {
    let Scene { visitor, database, ledger, .. } = scene(LOCK_TIMEOUT, 0).await;
    let client = database.connect().await;
    let hold = "begin; set local lock_timeout = 0; update session_ledger.session set resend = null";
    client.batch_execute(hold).await.unwrap();
    let tab = visitor.clone();
    let adding = tokio::spawn(async move { tab.post("/add", "").await });
    let first = wait_for_a_lock(&database, "").await;
    wait_for_a_lock(&database, &first).await;
    client.batch_execute("commit").await.unwrap();
    assert_eq!(adding.await.unwrap().body, "2");
    drop(ledger);
}
