//! The application's transaction: its uses, and the statements that travel with it (DESIGN: a request).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use bytes::Bytes;
use futures_util::SinkExt;
use poem::error::{BadRequest, InternalServerError};
use poem::web::{Data, Path};
use poem::{EndpointExt, Result, Route, get, handler, post};
use session_ledger::session::{EndReason, Policy};
use session_ledger::web::{Session, Sessions, SignedIn, Tx};
use session_ledger::{Error, Key, Ledger, UserId};
use test_support::{Database, Visitor, app, key_ring};

const COUNT: Key<u32> = Key::new("count");

/// Code that knows nothing of this library, as statement generators write it.
async fn insert_with_deadpool(client: &impl deadpool_postgres::GenericClient, item: &str) -> Result<u64> {
    let statement = client.prepare_cached("insert into purchase (item) values ($1)").await;
    client.execute(&statement.map_err(InternalServerError)?, &[&item]).await.map_err(InternalServerError)
}

async fn insert_with_tokio(client: &impl tokio_postgres::GenericClient, item: &str) -> Result<u64> {
    client.execute("insert into purchase (item) values ($1)", &[&item]).await.map_err(InternalServerError)
}

#[handler]
async fn generic(tx: Tx, session: Session) -> Result<()> {
    insert_with_deadpool(&*tx, "by deadpool's client").await?;
    insert_with_tokio(&***tx, "by tokio-postgres' client").await?;
    Ok(session.update(&COUNT, |count| *count += 1)?)
}

#[handler]
async fn copy(tx: Tx) -> Result<()> {
    let sink = tx.copy_in("copy purchase (item) from stdin").await.map_err(InternalServerError)?;
    let mut sink = std::pin::pin!(sink);
    sink.send(Bytes::from("copied 1\ncopied 2\n")).await.map_err(InternalServerError)?;
    sink.finish().await.map_err(InternalServerError)?;
    Ok(())
}

#[handler]
async fn savepoints(tx: Tx, session: Session) -> Result<()> {
    let kept = tx.savepoint().await?;
    insert_with_deadpool(&*tx, "kept").await?;
    kept.release().await?;
    let undone = tx.savepoint().await?;
    insert_with_deadpool(&*tx, "undone").await?;
    assert!(insert_with_deadpool(&*tx, "kept").await.is_err(), "it is there already");
    undone.rollback().await?;
    Ok(session.update(&COUNT, |count| *count += 1)?)
}

/// Changes a password and ends all other sessions with it.
#[handler]
async fn change_password(tx: Tx, session: SignedIn, Path(fails): Path<bool>) -> Result<()> {
    insert_with_deadpool(&*tx, "new password").await?;
    for other in tx.sessions(session.user()).await? {
        if Some(other.id) != session.id() {
            assert!(tx.end(other.id, EndReason::CredentialChanged).await?);
            assert_eq!(tx.history(other.id).await?.last().unwrap().entry.encoded.kind(), "ended");
        }
    }
    if fails { Err(poem::Error::from_string("no", poem::http::StatusCode::BAD_REQUEST)) } else { Ok(()) }
}

/// Ends the session of the request itself.
#[handler]
async fn end_own(tx: Tx, session: SignedIn) -> Result<()> {
    insert_with_deadpool(&*tx, "closed account").await?;
    assert!(tx.end(session.id().unwrap(), EndReason::AccountDisabled).await?);
    Ok(())
}

/// How often a closure ran.
#[derive(Clone, Default)]
struct Runs(Arc<AtomicU32>);

/// Signs in and orders in a transaction by itself, under a path that could not run again as a whole.
#[handler]
async fn closure(
    session: Session,
    Path((user, fails_afterwards)): Path<(String, bool)>,
    Data(runs): Data<&Runs>,
) -> Result<()> {
    let work = async |session: Session, tx: Tx| {
        runs.0.fetch_add(1, Ordering::SeqCst);
        session.login(user.as_str())?;
        session.update(&COUNT, |count| *count += 1)?;
        let read = "select hits from page where name = 'home'";
        let hits: i32 = tx.query_one(read, &[]).await.map_err(InternalServerError)?.get(0);
        tokio::task::yield_now().await;
        let write = "update page set hits = $1 where name = 'home'";
        tx.execute(write, &[&(hits + 1)]).await.map_err(InternalServerError)?;
        Ok(())
    };
    session.transaction(work).await?;
    assert_eq!(session.user(), Some(user.as_str().into()), "the handler goes on with what is committed");
    session.note_text("after", "the closure")?;
    if fails_afterwards { Err(BadRequest(std::io::Error::other("late"))) } else { Ok(()) }
}

#[handler]
async fn closure_too_late(session: Session) -> Result<()> {
    session.update(&COUNT, |count| *count += 1)?;
    session.transaction(async |_, _| Ok(())).await
}

#[handler]
fn login(session: Session, Path(user): Path<String>) -> Result<()> {
    Ok(session.login(user)?)
}

#[handler]
fn show(session: Session) -> Result<String> {
    let user = session.user().map_or("-".to_owned(), |user| user.to_string());
    Ok(format!("{user} {}", session.get(&COUNT)?.unwrap_or_default()))
}

/// The findings of the application's own statement beside the session, inside a transaction and outside.
#[handler]
fn beside(session: Session) -> String {
    session.also_loaded().iter().map(|row| row.get::<_, String>(0)).collect()
}

#[handler]
fn beside_in_transaction(_tx: Tx, session: Session) -> String {
    session.also_loaded().iter().map(|row| row.get::<_, String>(0)).collect()
}

struct Scene {
    visitor: Visitor,
    ledger: Ledger,
    runs: Runs,
    database: Database,
}

async fn scene() -> Scene {
    let database = Database::fresh().await;
    let tables = "create table purchase (item text primary key);
                  create table page (name text primary key, hits integer not null);
                  insert into page values ('home', 0)";
    database.connect().await.batch_execute(tables).await.unwrap();
    let ledger = database.ledger(Policy::default()).await;
    let runs = Runs::default();
    let route = Route::new()
        .at("/generic", get(generic))
        .at("/copy", get(copy))
        .at("/savepoints", get(savepoints))
        .at("/change-password/:fails", post(change_password))
        .at("/end-own", post(end_own))
        .at("/late", get(closure_too_late))
        .at("/login/:user", get(login))
        .at("/show", get(show))
        .at("/beside", get(beside))
        .at("/beside-tx", get(beside_in_transaction))
        .nest("/nested", Route::new().at("/:user/:fails", post(closure.data(runs.clone()))));
    let sessions = Sessions::builder(ledger.clone(), key_ring()).also_load(
        "select upper(s.user_id) from session_ledger.session as s
          where s.session_id = $1 and s.user_id is not null",
    );
    let visitor = Visitor::new(&app(route.with(sessions.build().unwrap())));
    Scene { visitor, ledger, runs, database }
}

impl Scene {
    async fn items(&self) -> i64 {
        self.database.count("purchase").await
    }

    async fn hits(&self) -> i64 {
        let client = self.database.connect().await;
        client.query_one("select hits::bigint from page", &[]).await.unwrap().get(0)
    }
}

#[tokio::test]
async fn code_written_against_generic_clients_joins_the_transaction() {
    let scene = scene().await;
    assert_eq!(scene.visitor.get("/generic").await.status, 200);
    assert_eq!(scene.items().await, 2);
    // The second time both collide with the first, and nothing of it stays.
    assert_eq!(scene.visitor.get("/generic").await.status, 500);
    assert_eq!(scene.visitor.get("/show").await.body, "- 1");
}

#[tokio::test]
async fn a_statement_of_the_application_goes_with_the_load() {
    let scene = scene().await;
    for path in ["/beside", "/beside-tx"] {
        let visitor = scene.visitor.copy();
        assert_eq!(visitor.get(path).await.body, "", "nobody is signed in");
        visitor.get("/login/alice").await;
        assert_eq!(visitor.get(path).await.body, "ALICE", "{path}");
    }
}

#[tokio::test]
async fn copy_joins_the_transaction() {
    let scene = scene().await;
    assert_eq!(scene.visitor.get("/copy").await.status, 200);
    assert_eq!(scene.items().await, 2);
}

#[tokio::test]
async fn a_part_that_fails_can_be_undone_by_itself() {
    let scene = scene().await;
    assert_eq!(scene.visitor.get("/savepoints").await.status, 200);
    assert_eq!(scene.items().await, 1);
    assert_eq!(scene.visitor.get("/show").await.body, "- 1");
}

#[tokio::test]
async fn other_sessions_end_together_with_the_change_or_not_at_all() {
    let scene = scene().await;
    let other = scene.visitor.copy();
    for browser in [&scene.visitor, &other] {
        browser.get("/login/alice").await;
    }
    assert_eq!(scene.visitor.post("/change-password/true", "").await.status, 400);
    assert_eq!(other.get("/show").await.body, "alice 0");
    assert_eq!(scene.visitor.post("/change-password/false", "").await.status, 200);
    assert_eq!(other.get("/show").await.body, "- 0");
    assert_eq!(scene.visitor.get("/show").await.body, "alice 0");
    assert_eq!(scene.items().await, 1);
    let sessions = scene.ledger.sessions(&UserId::from("alice")).await.unwrap();
    let ended = sessions.iter().find(|one| one.ended.is_some()).unwrap();
    let history = scene.ledger.history(ended.id).await.unwrap();
    assert_eq!(history.last().unwrap().entry.actor, Some("alice".into()));
    assert!(scene.ledger.verify(|_| {}).await.unwrap().is_equal());
}

#[tokio::test]
async fn a_request_can_end_its_own_session_with_its_transaction() {
    let scene = scene().await;
    scene.visitor.get("/login/alice").await;
    assert_eq!(scene.visitor.post("/end-own", "").await.status, 200);
    assert!(scene.visitor.cookie("__Host-session").is_none());
    assert_eq!(scene.items().await, 1);
    let ended = scene.ledger.sessions(&"alice".into()).await.unwrap()[0].ended.clone().unwrap();
    assert_eq!(ended.0, EndReason::AccountDisabled);
}

#[tokio::test]
async fn a_transaction_inside_a_route_runs_again_by_itself_when_it_loses_a_race() {
    let scene = scene().await;
    let visitors: Vec<_> = (0..6)
        .map(|nth| {
            let browser = scene.visitor.copy();
            tokio::spawn(async move {
                let answer = browser.post(&format!("/nested/user{nth}/false"), "").await;
                assert_eq!(answer.status, 200, "{answer:?}");
                assert_eq!(browser.get("/show").await.body, format!("user{nth} 1"));
            })
        })
        .collect();
    for visitor in visitors {
        visitor.await.unwrap();
    }
    assert_eq!(scene.hits().await, 6, "each counted once");
    assert!(scene.runs.0.load(Ordering::SeqCst) > 6, "some lost a race, and ran again");
    assert!(scene.ledger.verify(|_| {}).await.unwrap().is_equal());
}

#[tokio::test]
async fn what_a_part_has_committed_stays_and_its_cookie_goes_out_whatever_comes_after() {
    let scene = scene().await;
    let answer = scene.visitor.post("/nested/alice/true", "").await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.set_cookies().len(), 1);
    assert_eq!(scene.visitor.get("/show").await.body, "alice 1");
    assert_eq!(scene.hits().await, 1);
    let session = scene.ledger.sessions(&"alice".into()).await.unwrap()[0].id;
    let history = scene.ledger.history(session).await.unwrap();
    assert!(history.iter().all(|one| one.entry.encoded.kind() != "noted"), "the rest was rolled back");
}

#[tokio::test]
async fn a_part_cannot_be_a_transaction_by_itself_after_other_work() {
    let scene = scene().await;
    assert_eq!(scene.visitor.get("/late").await.status, 500);
    assert_eq!(scene.visitor.get("/show").await.body, "- 0");
}

#[tokio::test]
async fn a_job_outside_any_request_runs_again_when_it_loses_a_race() {
    let scene = scene().await;
    let jobs: Vec<_> = (0..6)
        .map(|_| {
            let ledger = scene.ledger.clone();
            tokio::spawn(async move {
                let page = String::from("home");
                let count = async |client: session_ledger::ledger::Transaction| {
                    let read = "select hits from page where name = $1";
                    let hits: i32 = client.query_one(read, &[&page]).await?.get(0);
                    let write = "update page set hits = $1 where name = $2";
                    client.execute(write, &[&(hits + 1), &page]).await?;
                    Ok::<_, Error>(())
                };
                ledger.transaction(count).await.unwrap();
            })
        })
        .collect();
    for job in jobs {
        job.await.unwrap();
    }
    assert_eq!(scene.hits().await, 6);
}
