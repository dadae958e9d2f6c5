//! The middleware in unusual places, and requests that were never run again: another run sees what the first
//! one saw, or the answer is 503.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use poem::error::InternalServerError;
use poem::web::{Data, Path};
use poem::{Body, EndpointExt, Request, Result, Route, handler, post};
use session_ledger::Ledger;
use session_ledger::session::Policy;
use session_ledger::web::{Session, Sessions, Tx};
use test_support::{App, COUNT, CapturedLog, Database, Http1, Visitor, app, http2, key_ring, serve};

/// What each run of a request has seen.
type Looks = Arc<Mutex<Vec<String>>>;

struct Scene {
    database: Database,
    ledger: Ledger,
    looks: Looks,
}

/// Counts an item.
#[handler]
async fn item(tx: Tx, session: Session, Path((shop, id)): Path<(String, u32)>) -> Result<String> {
    session.update(&COUNT, |count| *count += 1)?;
    tx.batch_execute("select").await.map_err(InternalServerError)?;
    Ok(format!("{shop} {id}"))
}

/// Notes what it sees, and loses a race on its first run.
#[handler]
async fn look(
    request: &Request,
    tx: Tx,
    session: Session,
    body: Body,
    Data(looks): Data<&Looks>,
) -> Result<String> {
    let body = body.into_string().await?;
    let params = ["shop", "id", "rest"].map(|name| request.raw_path_param(name).unwrap_or("-"));
    let (original, uri) = (request.original_uri().path(), request.uri().path());
    looks.lock().unwrap().push(format!("{original} {uri} {params:?} {body}"));
    session.update(&COUNT, |count| *count += 1)?;
    lose(&tx, &session).await?;
    Ok(body)
}

/// Panics on its second run, as a handler does that asks for what a middleware outside gave the first.
#[handler]
async fn panic_again(tx: Tx, session: Session, Data(looks): Data<&Looks>) -> Result<()> {
    looks.lock().unwrap().push("run".to_owned());
    assert_eq!(session.attempt(), 1, "what this needs is not there");
    lose(&tx, &session).await
}

async fn lose(tx: &Tx, session: &Session) -> Result<()> {
    let race = "do $$ begin raise exception 'on purpose' using errcode = '40001'; end $$";
    if session.attempt() == 1 {
        tx.batch_execute(race).await.map_err(InternalServerError)?;
    }
    Ok(())
}

impl Scene {
    async fn set() -> Self {
        let database = Database::fresh().await;
        Self { ledger: database.ledger(Policy::default()).await, looks: Looks::default(), database }
    }

    fn sessions(&self) -> Sessions {
        Sessions::builder(self.ledger.clone(), key_ring()).replay_bytes_max(1_000).build().unwrap()
    }

    fn app(&self, route: Route) -> App {
        app(route.data(Arc::clone(&self.looks)))
    }

    fn looks(&self) -> Vec<String> {
        std::mem::take(&mut *self.looks.lock().unwrap())
    }
}

/// Of 80 such requests 10 were answered 400, as their second run had lost its path parameters.
#[tokio::test(flavor = "multi_thread")]
async fn parallel_orders_keep_their_path_parameters_on_a_route_of_their_own() {
    let scene = Scene::set().await;
    let app = scene.app(Route::new().at("/item/:shop/:id", post(item).with(scene.sessions())));
    let visitor = Visitor::new(&app);
    assert_eq!(visitor.post("/item/first/0", "").await.body, "first 0");
    let orders = (1..=80).map(|id| {
        let visitor = visitor.clone();
        tokio::spawn(async move { visitor.post(&format!("/item/caf%C3%A9/{id}"), "").await })
    });
    let answers = futures_util::future::join_all(orders).await;
    let answers: BTreeSet<_> = answers.into_iter().map(|answer| answer.unwrap().body).collect();
    assert_eq!(answers, (1..=80).map(|id| format!("café {id}")).collect());
}

#[tokio::test]
async fn another_run_sees_the_addresses_and_parameters_of_the_first() {
    let scene = Scene::set().await;
    let inner = || post(look).with(scene.sessions());
    let deep = Route::new().nest("/down", Route::new().at("/a/:id", inner()));
    let app = scene.app(
        Route::new()
            .at("/item/:shop/:id", inner())
            .at("/files/*rest", inner())
            .nest("/nested", Route::new().at("/look/:id", post(look)).with(scene.sessions()))
            .nest("/deep", deep),
    );
    for (path, seen) in [
        (
            "/item/caf%C3%A9%2Fbar/7",
            "/item/caf%C3%A9%2Fbar/7 /item/caf%C3%A9%2Fbar/7 [\"café/bar\", \"7\", \"-\"] x",
        ),
        ("/files/a/b%20c/", "/files/a/b%20c/ /files/a/b%20c/ [\"-\", \"-\", \"a/b c/\"] x"),
        ("/nested/look/8", "/nested/look/8 /look/8 [\"-\", \"8\", \"-\"] x"),
        ("/deep/down/a/9", "/deep/down/a/9 /a/9 [\"-\", \"9\", \"-\"] x"),
    ] {
        let answer = Visitor::new(&app).post(path, "x").await;
        assert_eq!((answer.status.as_u16(), &*answer.body), (200, "x"), "{path}");
        assert_eq!(scene.looks(), [seen, seen]);
    }
}

/// Java's client and `curl --http2` offer HTTP/2 with each request; such a POST was never run again.
#[tokio::test]
async fn a_post_that_offers_http2_runs_again() {
    let scene = Scene::set().await;
    let address = serve(&scene.app(Route::new().at("/look", post(look).with(scene.sessions())))).await;
    let offer = [
        ("Connection", "Upgrade, HTTP2-Settings"),
        ("Upgrade", "h2c"),
        ("HTTP2-Settings", "AAMAAABkAAQCAAAAAAIAAAAA"),
    ];
    let mut answer = Http1::send(address, "POST", "/look", &offer, "an order").await;
    let head = answer.head().await;
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    let seen = "/look /look [\"-\", \"-\", \"-\"] an order";
    assert_eq!(scene.looks(), [seen, seen]);
}

#[tokio::test]
async fn a_body_of_http2_that_does_not_tell_its_length_comes_again() {
    let scene = Scene::set().await;
    let address = serve(&scene.app(Route::new().at("/look", post(look).with(scene.sessions())))).await;
    let answer = http2(address, "POST", "/look", &[], Some("an order")).await;
    assert_eq!(answer, (200, "an order".to_owned()));
    let seen = "/look /look [\"-\", \"-\", \"-\"] an order";
    assert_eq!(scene.looks(), [seen, seen]);
    assert_eq!(http2(address, "POST", "/look", &[], None).await.0, 200);
    assert_eq!(scene.looks().len(), 2, "no body");
    // More than is kept: 503 once.
    let large = "x".repeat(1_001);
    assert_eq!(http2(address, "POST", "/look", &[], Some(&large)).await.0, 503);
    assert_eq!(scene.looks().len(), 1);
}

/// poem's `CookieJarManager` outside of `Sessions` made the second run panic: the jar is in the first alone.
#[tokio::test]
async fn a_second_run_that_panics_is_a_503_that_says_why() {
    let scene = Scene::set().await;
    let visitor = Visitor::new(&scene.app(Route::new().at("/jar", post(panic_again).with(scene.sessions()))));
    let (log, _guard) = CapturedLog::listen(tracing::Level::ERROR);
    let answer = visitor.post("/jar", "").await;
    assert_eq!((answer.status.as_u16(), &*answer.body), (503, "Please try again in a moment."));
    assert_eq!(answer.headers["retry-after"], "1");
    assert_eq!(scene.looks().len(), 2);
    let log = log.text();
    let words = "the request lost a race, and another run of it panicked: a middleware outside of `Sessions` may give \
                 the request what another run lacks, as poem's `CookieJarManager` does: put it inside of `Sessions`";
    assert!(log.contains("ERROR") && log.contains(words), "{log}");
    let open = "pg_stat_activity where datname = current_database() and state like 'idle in transaction%'";
    let closed = async {
        while scene.database.count(open).await > 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(10), closed).await.expect("its transaction is gone");
}
