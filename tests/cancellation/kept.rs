//! A `Tx` that outlives its handler.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use poem::http::StatusCode;
use poem::web::{Data, Path};
use poem::{EndpointExt, Error, Result, Route, handler, post};
use session_ledger::Ledger;
use session_ledger::web::{Session, Sessions, Tx};
use test_support::{App, COUNT, CapturedLog, Visitor, app, key_ring};
use tokio::sync::oneshot;

use crate::scene::{Scene, insert};

/// The place where the kept transaction comes out.
type Kept = Arc<Mutex<Option<oneshot::Sender<Tx>>>>;

/// Gives its transaction away, and then returns, fails, or hangs.
#[handler]
async fn keep(tx: Tx, session: Session, Path(then): Path<String>, Data(kept): Data<&Kept>) -> Result<()> {
    insert(&tx).await?;
    session.update(&COUNT, |count| *count += 1)?;
    let receiver = kept.lock().unwrap().take().unwrap();
    receiver.send(tx).ok();
    match then.as_str() {
        "return" => Ok(()),
        "fail" => Err(Error::from_status(StatusCode::CONFLICT)),
        _ => std::future::pending().await,
    }
}

/// A customer of a shop whose handler gives its transaction away. The pool has two connections: a kept one
/// keeps its place in the pool.
async fn keeper(scene: &Scene) -> (Visitor, oneshot::Receiver<Tx>) {
    let (sender, receiver) = oneshot::channel();
    let kept: Kept = Arc::new(Mutex::new(Some(sender)));
    let ledger = Ledger::builder(scene.database.config()).connections_max(2).connect().await.unwrap();
    let keeps: App = app(Route::new()
        .at("/keep/:then", post(keep))
        .nest("/", crate::scene::pages())
        .data(kept)
        .with(Sessions::new(ledger, key_ring())));
    (scene.customer().await.of(&keeps), receiver)
}

/// The transaction is dead, and nothing of the request has happened.
async fn is_dead(scene: &Scene, customer: &Visitor, tx: Tx) {
    let error = insert_into(&tx).await.unwrap_err();
    assert!(error.is_closed() || error.code().is_some_and(|code| code.code() == "57P01"), "{error:?}");
    assert_eq!(customer.get("/show").await.body, "alice 0");
    drop(tx);
    assert_eq!(customer.post("/order", "").await.status, 200, "both places in the pool are free");
    assert_eq!(customer.get("/show").await.body, "alice 1");
    assert_eq!(scene.database.count("purchase").await, 1);
    scene.is_sound().await;
}

async fn insert_into(tx: &Tx) -> std::result::Result<u64, tokio_postgres::Error> {
    tx.execute("insert into purchase values (2)", &[]).await
}

#[tokio::test]
async fn a_transaction_that_is_kept_past_the_return_is_a_500_and_dead() {
    let (log, _guard) = CapturedLog::listen(tracing::Level::INFO);
    let scene = Scene::set().await;
    let (customer, kept) = keeper(&scene).await;
    let answer = customer.post("/keep/return", "").await;
    assert_eq!(answer.status, 500);
    assert_eq!(answer.body, "Something went wrong on our side.");
    is_dead(&scene, &customer, kept.await.unwrap()).await;
    let log = log.text();
    let message =
        "a transaction was kept past the end of its work, so that it was rolled back: drop it before";
    assert!(log.lines().any(|line| line.contains("ERROR") && line.contains(message)), "{log}");
}

#[tokio::test]
async fn a_transaction_that_is_kept_past_a_failure_is_dead() {
    let scene = Scene::set().await;
    let (customer, kept) = keeper(&scene).await;
    assert_eq!(customer.post("/keep/fail", "").await.status, 409);
    is_dead(&scene, &customer, kept.await.unwrap()).await;
}

#[tokio::test]
async fn a_transaction_that_is_kept_past_a_dropped_request_is_dead() {
    let scene = Scene::set().await;
    let (customer, kept) = keeper(&scene).await;
    let tx = tokio::select! {
        answer = customer.post("/keep/never-mind", "") => panic!("{answer:?}"),
        tx = kept => tx.unwrap(),
    };
    is_dead(&scene, &customer, tx).await;
}

#[tokio::test]
async fn a_task_that_is_busy_in_a_kept_transaction_cannot_commit_it() {
    let scene = Scene::set().await;
    let (customer, kept) = keeper(&scene).await;
    let busy = tokio::spawn(async move {
        let tx = kept.await.unwrap();
        while insert_into(&tx).await.is_ok() {}
        tx
    });
    assert_eq!(customer.post("/keep/return", "").await.status, 500);
    let tx =
        tokio::time::timeout(Duration::from_secs(5), busy).await.expect("its connection is ended").unwrap();
    is_dead(&scene, &customer, tx).await;
}
