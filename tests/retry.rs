//! Failures that make a request run again, how often, and the answer when that does not help.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use poem::error::InternalServerError;
use poem::http::{Method, StatusCode, header};
use poem::web::{Data, Path};
use poem::{Body, EndpointExt, Error, Request, Response, Result, Route, handler, post};
use session_ledger::Key;
use session_ledger::session::Policy;
use session_ledger::web::{Session, Sessions, Tx};
use test_support::{Answer, Database, Visitor, app, key_ring};

const COUNT: Key<u32> = Key::new("count");

/// The attempt numbers that handlers have seen, by path.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<HashMap<String, Vec<u32>>>>);

impl Seen {
    fn note(&self, request: &Request, session: &Session) -> u32 {
        self.0.lock().unwrap().entry(request.uri().path().to_owned()).or_default().push(session.attempt());
        session.attempt()
    }

    fn of(&self, path: &str) -> Vec<u32> {
        self.0.lock().unwrap().remove(path).unwrap_or_default()
    }
}

/// Fails with the SQLSTATE `code` until the attempt `good`, and passes the error on.
#[handler]
async fn fail(
    request: &Request,
    body: String,
    tx: Tx,
    session: Session,
    Path((code, good)): Path<(String, u32)>,
    Data(seen): Data<&Seen>,
) -> Result<String> {
    session.update(&COUNT, |count| *count += 1)?;
    if seen.note(request, &session) < good {
        raise(&tx, &code).await.map_err(InternalServerError)?;
    }
    Ok(body)
}

/// Fails with the SQLSTATE `code` until the attempt `good`, and makes an answer of the error.
#[handler]
async fn hide(
    request: &Request,
    tx: Tx,
    session: Session,
    Path((code, good, status)): Path<(String, u32, u16)>,
    Data(seen): Data<&Seen>,
) -> Response {
    if seen.note(request, &session) < good && raise(&tx, &code).await.is_err() {
        return StatusCode::from_u16(status).unwrap().into();
    }
    session.update(&COUNT, |count| *count += 1).ok();
    Response::default()
}

/// Fails with an error of the application's own.
#[handler]
fn own(request: &Request, session: Session, Path(good): Path<u32>, Data(seen): Data<&Seen>) -> Result<()> {
    if seen.note(request, &session) < good {
        return Err(Error::from_string("busy elsewhere", StatusCode::CONFLICT));
    }
    Ok(session.update(&COUNT, |count| *count += 1)?)
}

async fn raise(tx: &Tx, code: &str) -> std::result::Result<(), tokio_postgres::Error> {
    tx.batch_execute(&format!("do $$ begin raise exception 'on purpose' using errcode = '{code}'; end $$"))
        .await
}

struct Scene {
    visitor: Visitor,
    seen: Seen,
    database: Database,
}

async fn scene() -> Scene {
    let database = Database::fresh().await;
    let ledger = database.ledger(Policy::default()).await;
    let seen = Seen::default();
    let sessions = Sessions::builder(ledger, key_ring())
        .retry_when(|error| error.status() == StatusCode::CONFLICT)
        .replay_bytes_max(1_000)
        .build()
        .unwrap();
    let route = Route::new()
        .at("/fail/:code/:good", post(fail))
        .at("/hide/:code/:good/:status", post(hide))
        .at("/own/:good", post(own))
        .with(sessions)
        .data(seen.clone());
    Scene { visitor: Visitor::new(&app(route)), seen, database }
}

impl Scene {
    /// The status of a request, the number of its attempts, and the number of events that it left.
    async fn outcome(&self, path: &str) -> (u16, usize, i64) {
        let before = self.database.count("session_ledger.event").await;
        let answer = self.visitor.copy().post(path, "the body").await;
        if answer.status == 503 {
            assert!(answer.headers.contains_key(header::RETRY_AFTER), "{path}");
        }
        let attempts = self.seen.of(path);
        assert_eq!(attempts, (1..=attempts.len() as u32).collect::<Vec<_>>(), "attempts are numbered");
        let after = self.database.count("session_ledger.event").await;
        (answer.status.as_u16(), attempts.len(), after - before)
    }
}

#[tokio::test]
async fn a_lost_race_runs_again_until_it_is_won() {
    let scene = scene().await;
    for code in ["40001", "40P01", "53200"] {
        assert_eq!(scene.outcome(&format!("/fail/{code}/4")).await, (200, 4, 2), "{code}");
    }
}

#[tokio::test]
async fn a_race_that_is_never_won_is_a_503_with_nothing_half_done() {
    let scene = scene().await;
    assert_eq!(scene.outcome("/fail/40001/99").await, (503, 8, 0));
    assert_eq!(scene.database.count("session_ledger.session").await, 0);
}

#[tokio::test]
async fn an_error_that_would_come_again_does_not_run_again() {
    let scene = scene().await;
    for code in ["23505", "22012", "42P01", "P0001"] {
        assert_eq!(scene.outcome(&format!("/fail/{code}/99")).await, (500, 1, 0), "{code}");
    }
}

#[tokio::test]
async fn a_server_that_goes_away_runs_again_a_few_times() {
    let scene = scene().await;
    assert_eq!(scene.outcome("/fail/57P01/2").await, (200, 2, 2));
    assert_eq!(scene.outcome("/fail/57P01/99").await, (503, 3, 0));
}

#[tokio::test]
async fn an_error_that_the_handler_makes_an_answer_of_is_remembered_by_the_transaction() {
    let scene = scene().await;
    // Rolled back by its status, or refused at the commit: both run again, a few times.
    assert_eq!(scene.outcome("/hide/40001/2/500").await, (200, 2, 2));
    assert_eq!(scene.outcome("/hide/40001/2/200").await, (200, 2, 2));
    assert_eq!(scene.outcome("/hide/40001/99/500").await, (500, 3, 0));
    assert_eq!(scene.outcome("/hide/40001/99/200").await, (500, 3, 0), "never a success");
}

#[tokio::test]
async fn an_application_can_mark_errors_of_its_own() {
    let scene = scene().await;
    assert_eq!(scene.outcome("/own/3").await, (200, 3, 2));
    assert_eq!(scene.outcome("/own/99").await, (503, 8, 0));
}

/// A part of a request that the application has added outside of the middleware.
#[derive(Clone)]
struct Added(&'static str);

/// Looks at all of its request, and loses a race on its first run.
#[handler]
async fn look(
    request: &Request,
    tx: Tx,
    session: Session,
    Data(added): Data<&Added>,
    Data(looks): Data<&Arc<Mutex<Vec<String>>>>,
) -> Result<()> {
    let marks: Vec<_> = request.headers().get_all("x-mark").iter().collect();
    let look = format!(
        "{} {} {} {} {marks:?} {}",
        request.method(),
        request.original_uri(),
        request.uri(),
        request.remote_addr(),
        added.0
    );
    looks.lock().unwrap().push(look);
    if session.attempt() == 1 {
        raise(&tx, "40001").await.map_err(InternalServerError)?;
    }
    Ok(())
}

#[tokio::test]
async fn a_request_that_runs_again_is_as_it_was() {
    let database = Database::fresh().await;
    let looks = Arc::<Mutex<Vec<String>>>::default();
    let taken = |mut request: Request| async move {
        // What a layer within takes away is there again, and what it cuts off.
        request.extensions_mut().remove::<Added>().unwrap();
        request.set_data(Added("from within"));
        request.headers_mut().insert("x-mark", "set within".parse().unwrap());
        Ok::<_, Error>(request)
    };
    let sessions = Sessions::new(database.ledger(Policy::default()).await, key_ring());
    let shop = Route::new().nest("/shop", Route::new().at("/look", post(look)).before(taken));
    let visitor =
        Visitor::new(&app(shop.with(sessions).data(Added("from outside")).data(Arc::clone(&looks))));
    assert_eq!(visitor.post("/shop/look?n=1", "").await.status, 200);
    let looks = looks.lock().unwrap();
    assert_eq!(looks.len(), 2);
    assert_eq!(looks[0], looks[1]);
    assert!(looks[0].contains("/shop/look?n=1 /look?n=1"), "{}", looks[0]);
}

#[tokio::test]
async fn the_body_comes_again_with_the_request() {
    let scene = scene().await;
    assert_eq!(scene.visitor.post("/fail/40001/3", "the same body").await.body, "the same body");
}

async fn call(scene: &Scene, change: impl FnOnce(&mut Request)) -> (Answer, usize) {
    let path = "/fail/40001/3";
    let mut request = scene.visitor.request(Method::POST, path, "");
    change(&mut request);
    (scene.visitor.call(request).await, scene.seen.of(path).len())
}

#[tokio::test]
async fn a_request_that_cannot_be_kept_runs_once_and_is_answered_503() {
    let scene = scene().await;
    let large = |request: &mut Request| {
        request.headers_mut().insert(header::CONTENT_LENGTH, 1_001.into());
        request.set_body("x".repeat(1_001));
    };
    let streaming = |request: &mut Request| {
        request.headers_mut().remove(header::CONTENT_LENGTH);
        request.headers_mut().insert(header::TRANSFER_ENCODING, "chunked".parse().unwrap());
        request.set_body(Body::from_string("a piece".to_owned()));
    };
    let upgrade = |request: &mut Request| {
        request.headers_mut().insert(header::UPGRADE, "websocket".parse().unwrap());
    };
    for (what, (answer, attempts)) in [
        ("a large body", call(&scene, large).await),
        ("a body of unknown length", call(&scene, streaming).await),
        ("an upgrade", call(&scene, upgrade).await),
    ] {
        assert_eq!((answer.status.as_u16(), attempts), (503, 1), "{what}");
        assert_eq!(answer.headers[header::RETRY_AFTER], "1");
    }
    let (answer, attempts) = call(&scene, |_| {}).await;
    assert_eq!((answer.status.as_u16(), attempts), (200, 3), "an ordinary one runs again");
}
