//! The request's transaction: what commits with it, what runs again, and what it costs.

use std::sync::{Arc, Mutex};

use poem::error::{BadRequest, InternalServerError};
use poem::http::{StatusCode, header};
use poem::web::{Data, Path};
use poem::{EndpointExt, Error, IntoResponse, Response, Result, Route, handler};
use session_ledger::ledger::Savepoint;
use session_ledger::web::{Session, SessionError, Sessions, SignedIn, Tx};
use session_ledger::{Key, Ledger};
use test_support::{Visitor, Wire, app, key_ring};

use crate::scene::{Scene, page, who};

const COUNT: Key<u32> = Key::new("count");
const OTHER: Key<u32> = Key::new("other");

fn count(session: &Session) -> Result<String> {
    Ok(session.get(&COUNT)?.unwrap_or_default().to_string())
}

/// Orders and counts, then answers or fails with a status.
#[handler]
async fn order(tx: Tx, session: Session, Path(how): Path<String>) -> Result<Response> {
    tx.execute("insert into purchase values (1)", &[]).await.map_err(InternalServerError)?;
    session.update(&COUNT, |count| *count += 1)?;
    let answer = |status: &str| {
        let status = StatusCode::from_u16(status.parse().unwrap()).unwrap();
        let answer = status.with_header(header::LOCATION, "/");
        answer.into_response()
    };
    match how.strip_prefix("err-") {
        Some(status) => Err(Error::from_response(answer(status))),
        None => Ok(answer(&how)),
    }
}

async fn shop() -> Scene {
    let scene = Scene::new().await;
    scene.database.connect().await.batch_execute("create table purchase (number integer)").await.unwrap();
    scene
}

impl Scene {
    async fn purchases(&self) -> i64 {
        self.database.count("purchase").await
    }
}

/// Joins the request's SERIALIZABLE transaction, and rolls back with it; raise or return decides.
#[tokio::test]
async fn session_and_application_commit_or_roll_back_as_the_handler_answers() {
    let scene = shop().await;
    let visitor = scene.visitor(Route::new().at("/order/:how", order).at("/count", page(count)));
    let mut kept = 0;
    for (how, commits) in [
        ("200", true),
        ("303", true),
        ("404", true),
        ("500", false),
        ("err-303", true),
        ("err-404", false),
        ("err-500", false),
    ] {
        visitor.post(&format!("/order/{how}"), "").await;
        kept += i64::from(commits);
        let left = (scene.purchases().await, visitor.get("/count").await.body);
        assert_eq!(left, (kept, kept.to_string()), "{how}");
    }
}

/// The cookie is set if, and only if, the row was committed.
#[tokio::test]
async fn a_first_request_that_is_rolled_back_sets_no_cookie_and_leaves_no_row() {
    let scene = shop().await;
    let visitor = scene.visitor(Route::new().at("/order/:how", order));
    for how in ["500", "err-400"] {
        assert!(visitor.post(&format!("/order/{how}"), "").await.set_cookies().is_empty(), "{how}");
    }
    assert_eq!((scene.purchases().await, scene.live().await, scene.events().await), (0, 0, 0));
    assert_eq!(visitor.post("/order/200", "").await.set_cookies().len(), 1);
}

/// The commit veto, here a rule of the application's own: a header, as `X-Tm` was.
#[tokio::test]
async fn an_application_may_decide_otherwise() {
    let scene = shop().await;
    let veto = |result: &Result<Response>| matches!(result, Ok(answer) if answer.status().is_success());
    let sessions = scene.builder().commit_when(veto).build().unwrap();
    let visitor = Visitor::new(&app(Route::new().at("/order/:how", order).with(sessions)));
    for how in ["404", "303", "err-303"] {
        visitor.post(&format!("/order/{how}"), "").await;
        assert_eq!(scene.purchases().await, 0, "{how}");
    }
    visitor.post("/order/200", "").await;
    assert_eq!(scene.purchases().await, 1);
}

/// Counts, and loses a race in its first run: another change of the session commits before it.
#[handler]
async fn overtaken(tx: Tx, session: Session, Data(ledger): Data<&Ledger>) -> Result<String> {
    tx.execute("insert into purchase values (1)", &[]).await.map_err(InternalServerError)?;
    session.update(&COUNT, |count| *count += 1)?;
    session.flash("", "ordered")?;
    if session.attempt() == 1 {
        let id = session.id().unwrap();
        ledger.change(id, |session| session.set(&OTHER, &1)).await.map_err(InternalServerError)?;
    }
    Ok(session.attempt().to_string())
}

/// pyramid_retry. There, a view for all exceptions caught the conflict, and nothing ran again; attempts
/// followed each other without a pause.
#[tokio::test]
async fn a_lost_race_runs_again_once_with_the_attempt_told_even_if_the_application_catches_all_errors() {
    let scene = shop().await;
    let pages =
        Route::new().at("/first", page(|session| Ok(session.set(&OTHER, &0).map(|()| String::new())?)));
    let pages = pages.at("/overtaken", overtaken).at("/count", page(count));
    let sorry = |_: Error| async { StatusCode::IM_A_TEAPOT.into_response() };
    let pages = pages.catch_all_error(sorry).data(scene.ledger.clone());
    let visitor = Visitor::new(&app(pages.with(scene.builder().build().unwrap())));
    visitor.post("/first", "").await;
    let answer = visitor.post("/overtaken", "").await;
    assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, "2"));
    assert_eq!(scene.purchases().await, 1);
    assert_eq!(visitor.get("/count").await.body, "1", "the first run has left nothing");
}

/// Lazy: no SQL before the session is used, no row for one that is only read, and one statement for a read.
#[tokio::test]
async fn a_session_costs_nothing_before_it_is_used_and_no_row_for_a_read() {
    let scene = Scene::new().await;
    let wire = Wire::to(&scene.database.config());
    let ledger = Ledger::builder(wire.config()).connections_max(1).connect().await.unwrap();
    let pages = Route::new()
        .at("/plain", poem::endpoint::make_sync(|_| "plain"))
        .at("/count", page(count))
        .at("/add", page(|session| Ok(session.update(&COUNT, |count| *count += 1).map(|()| String::new())?)));
    let visitor = Visitor::new(&app(pages.with(Sessions::new(ledger, key_ring()))));
    for path in ["/plain", "/count"] {
        let before = wire.trips();
        let answer = visitor.get(path).await;
        assert_eq!((wire.trips() - before, answer.set_cookies().len()), (0, 0), "{path} without a cookie");
    }
    for path in ["/add", "/count", "/add"] {
        visitor.get(path).await;
    }
    for (path, trips, vary) in [("/plain", 0, ""), ("/count", 1, "Cookie"), ("/add", 2, "Cookie")] {
        let before = wire.trips();
        let answer = visitor.get(path).await;
        assert_eq!((wire.trips() - before, answer.header("vary")), (trips, vary), "{path}");
    }
    assert_eq!(scene.live().await, 1);
}

/// Savepoints, untested there.
#[tokio::test]
async fn a_part_of_a_transaction_is_undone_by_itself() {
    #[handler]
    async fn part(tx: Tx, session: Session) -> Result<()> {
        let insert = "insert into purchase values (1)";
        tx.execute(insert, &[]).await.map_err(InternalServerError)?;
        let undone: Savepoint<'_> = tx.savepoint().await?;
        tx.execute(insert, &[]).await.map_err(InternalServerError)?;
        assert!(tx.execute("insert into no_such_table values (1)", &[]).await.is_err());
        undone.rollback().await?;
        Ok(session.update(&COUNT, |count| *count += 1)?)
    }
    let scene = shop().await;
    let visitor = scene.visitor(Route::new().at("/part", part).at("/count", page(count)));
    assert_eq!(visitor.post("/part", "").await.status, 200);
    assert_eq!((scene.purchases().await, visitor.get("/count").await.body.as_str()), (1, "1"));
}

/// Changes that stay whatever comes after, which were missing there.
#[tokio::test]
async fn a_part_may_commit_by_itself_in_a_request_that_fails() {
    #[handler]
    async fn attempts(session: Session) -> Result<()> {
        session.transaction(async |session, _| Ok(session.update(&COUNT, |count| *count += 1)?)).await?;
        session.set(&OTHER, &1)?;
        Err(BadRequest(std::io::Error::other("wrong password")))
    }
    let scene = Scene::new().await;
    let other = |session: &Session| Ok(format!("{:?}", session.get(&OTHER)?));
    let pages = Route::new().at("/try", attempts).at("/count", page(count)).at("/other", page(other));
    let visitor = scene.visitor(pages);
    assert_eq!(visitor.post("/try", "").await.status, 400);
    assert_eq!(
        (visitor.get("/count").await.body.as_str(), visitor.get("/other").await.body.as_str()),
        ("1", "None")
    );
}

/// There, what was changed after the commit was lost without a word.
#[tokio::test]
async fn a_change_after_the_answer_is_refused_loudly() {
    let scene = Scene::new().await;
    let kept = Arc::new(Mutex::new(None));
    let keep = Arc::clone(&kept);
    let page = page(move |session| {
        *keep.lock().unwrap() = Some(session.clone());
        Ok(String::new())
    });
    scene.visitor(Route::new().at("/", page)).post("/", "").await;
    let session: Session = kept.lock().unwrap().take().unwrap();
    let refused = session.set(&COUNT, &1).unwrap_err();
    assert!(matches!(refused, SessionError::Over), "{refused}");
}

/// There, a logout was undone when its request failed.
#[tokio::test]
async fn a_logout_may_stand_though_its_request_fails() {
    #[handler]
    async fn leave(session: SignedIn, Data(ledger): Data<&Ledger>) -> Result<()> {
        let id = session.id().unwrap();
        ledger.end(id, session_ledger::session::EndReason::LoggedOut).await?;
        Err(InternalServerError(std::io::Error::other("the farewell mail was not sent")))
    }
    let scene = Scene::new().await;
    let pages = Route::new().at("/leave", leave.data(scene.ledger.clone())).at("/again", page(who));
    let visitor = scene.member(pages);
    visitor.post("/login", "").await;
    assert_eq!(visitor.post("/leave", "").await.status, 500);
    assert_eq!(visitor.get("/again").await.body, "-");
}
