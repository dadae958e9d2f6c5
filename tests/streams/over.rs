//! A session that is kept past its request.

use std::sync::{Arc, Mutex};

use poem::endpoint::make;
use poem::http::Method;
use poem::{EndpointExt, FromRequest, Request};
use session_ledger::session::{Assurance, EndReason, Timeouts};
use session_ledger::web::{Session, SessionError, Sessions, Tx};
use test_support::{COUNT, Visitor, app, key_ring};

use crate::scene::{NEVER, Scene, in_time};

const OVER: &str = "the request of this session is over, so that nothing was done: in a stream or a task read a \
                    `snapshot()` of the session, and change it with `Ledger::change`";

/// Each change that a handler may ask of its session.
fn changes(session: &Session) -> Vec<Result<(), SessionError>> {
    let limits = Timeouts::default().idle(60);
    vec![
        session.set(&COUNT, &99),
        session.update(&COUNT, |count| *count = 99),
        session.remove(&COUNT),
        session.clear(),
        session.flash("", "lost"),
        session.take_flash("").map(drop),
        session.note_text("lost", "and never found"),
        session.set_timeouts(limits),
        session.login("mallory"),
        session.login_with("mallory", &["pwd"], Assurance::Aal1),
        session.reauthenticate(&["pwd"], Assurance::Aal1),
        session.renew(),
        session.logout(),
        session.discard_session(),
        session.end(EndReason::Revoked),
        session.impersonate("bob", "A ticket."),
        session.end_impersonation(),
    ]
}

/// What a handler may read, in a line.
fn read(session: &Session) -> String {
    let user = session.user().map_or("-".to_owned(), |user| user.to_string());
    let count = session.get(&COUNT).unwrap();
    let is_there = session.id().is_some() && session.started_at().is_some();
    let messages: Vec<_> = session.peek_flash("").into_iter().map(|flash| flash.text).collect();
    format!("{user} {count:?} {messages:?} {is_there} {}", session.is_new())
}

/// `set` was Ok and the value was lost, `logout` did nothing, and `user` said that nobody is signed in.
#[tokio::test]
async fn what_a_task_asks_after_the_answer_is_refused_and_what_it_reads_is_true() {
    let scene = Scene::set(NEVER).await;
    let (visitor, id) = scene.alice().await;
    assert_eq!(visitor.get("/keep/200").await.status, 200);
    let (session, events) = (scene.kept(), scene.events().await);
    for refused in changes(&session) {
        let error = refused.unwrap_err();
        assert!(matches!(error, SessionError::Over), "{error:?}");
        assert_eq!(error.to_string(), OVER);
    }
    let transaction = session.transaction(async |_, _| Ok(())).await.unwrap_err();
    assert_eq!(transaction.to_string(), OVER);
    assert_eq!(read(&session), "alice Some(1) [\"kept\"] true false");
    assert_eq!(session.id(), Some(id));
    assert!(session.authenticated_at().is_some());
    assert_eq!(scene.events().await, events);
    // The browser goes on, and a handle of an earlier request reads what that request has left.
    assert_eq!(visitor.get("/add").await.body, "2");
    assert_eq!(read(&session), "alice Some(1) [\"kept\"] true false");
}

#[tokio::test]
async fn a_visitor_whose_session_has_started_is_read_as_such() {
    let scene = Scene::set(NEVER).await;
    Visitor::new(&scene.app).get("/keep/200").await;
    assert_eq!(read(&scene.kept()), "- Some(1) [\"kept\"] true false");
}

#[tokio::test]
async fn what_was_rolled_back_is_not_read() {
    let scene = Scene::set(NEVER).await;
    let (visitor, _) = scene.alice().await;
    visitor.get("/keep/500").await;
    assert_eq!(read(&scene.kept()), "alice None [] true false");
    Visitor::new(&scene.app).get("/keep/500").await;
    assert_eq!(read(&scene.kept()), "- None [] false true");
    assert!(changes(&scene.kept()).iter().all(Result::is_err));
}

#[tokio::test]
async fn what_a_dropped_request_had_wished_is_not_read() {
    let scene = Scene::set(NEVER).await;
    let (visitor, _) = scene.alice().await;
    let hanging = tokio::spawn(async move { visitor.get("/keep-for-ever").await });
    let given = async {
        while scene.kept.lock().unwrap().is_none() {
            tokio::task::yield_now().await;
        }
    };
    in_time("the handler's session", given).await;
    assert_eq!(read(&scene.kept()), "alice Some(1) [] true false", "while its handler runs");
    hanging.abort();
    assert!(hanging.await.unwrap_err().is_cancelled());
    assert_eq!(read(&scene.kept()), "alice None [] true false");
    assert!(changes(&scene.kept()).iter().all(Result::is_err));
}

#[tokio::test]
async fn who_has_logged_out_is_not_read() {
    let scene = Scene::set(NEVER).await;
    let (visitor, _) = scene.alice().await;
    visitor.get("/keep-and-leave").await;
    assert_eq!(read(&scene.kept()), "- None [] false true");
}

/// Whoever keeps the request, not the session, gets none after the answer: nobody would write what it keeps.
#[tokio::test]
async fn a_request_that_asks_after_its_answer_gets_no_session() {
    let scene = Scene::set(NEVER).await;
    let kept: Arc<Mutex<Option<Request>>> = Arc::default();
    let place = Arc::clone(&kept);
    let keep = make(move |request| {
        *place.lock().unwrap() = Some(request);
        async { "answered" }
    });
    let app = app(keep.with(Sessions::new(scene.ledger.clone(), key_ring())));
    assert_eq!(Visitor::new(&app).get("/").await.body, "answered");
    let (request, mut body) = kept.lock().unwrap().take().unwrap().split();
    let refused = Session::from_request(&request, &mut body).await.unwrap_err();
    assert_eq!(refused.to_string(), OVER);
    let refused = Tx::from_request(&request, &mut body).await.unwrap_err();
    assert_eq!(refused.to_string(), OVER);
}

/// While the commit is under way, nobody knows how it ends: the handle reads what the handler has made of the
/// session, and changes it no more.
#[tokio::test]
async fn a_change_during_the_commit_is_refused() {
    let scene = Scene::set(NEVER).await;
    let (visitor, id) = scene.alice().await;
    let holder = scene.database.connect().await;
    holder.batch_execute("begin").await.unwrap();
    let lock = "select from session_ledger.session where session_id = $1 for update";
    holder.query_one(lock, &[&id.as_uuid()]).await.unwrap();
    let request = visitor.request(Method::GET, "/keep/200", "");
    let settling = tokio::spawn({
        let visitor = visitor.clone();
        async move { visitor.call(request).await }
    });
    let waits = "pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
    let waiting = async {
        while scene.database.count(waits).await == 0 {
            tokio::task::yield_now().await;
        }
    };
    in_time("the commit", waiting).await;
    let session = scene.kept();
    assert!(matches!(session.set(&COUNT, &99), Err(SessionError::Over)));
    assert_eq!(read(&session), "alice Some(1) [\"kept\"] true false");
    holder.batch_execute("rollback").await.unwrap();
    assert_eq!(in_time("the answer", settling).await.unwrap().status, 200);
    assert_eq!(read(&session), "alice Some(1) [\"kept\"] true false");
    assert_eq!(visitor.get("/add").await.body, "2");
}
