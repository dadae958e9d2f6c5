//! Settings that the server's owner has made: fewer connections than the pool has, and limits on waiting.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use poem::error::{InternalServerError, NotFound};
use poem::web::{Data, Path};
use poem::{EndpointExt, Result, Route, get, handler, post};
use private_postgres::{Options, Server};
use session_ledger::session::EndReason;
use session_ledger::web::{Session, Sessions, Tx};
use session_ledger::{Error, Key, Ledger};
use test_support::{CapturedLog, Database, Visitor, app, key_ring};
use tokio::task::JoinSet;

const COUNT: Key<u32> = Key::new("count");

const IDLE: &str = "a transaction was idle for longer than the server allows (`idle_in_transaction_session_timeout`, \
                    which is 5 s in a request's transaction): do what takes long before it begins or after it has \
                    ended, or set another limit in it";

/// How often handlers ran.
#[derive(Clone, Default)]
struct Runs(Arc<AtomicU32>);

#[handler]
fn login(session: Session) -> Result<()> {
    Ok(session.login("alice")?)
}

#[handler]
fn add(session: Session) -> Result<String> {
    Ok(session.update(&COUNT, |count| {
        *count += 1;
        count.to_string()
    })?)
}

#[handler]
async fn look(tx: Tx) -> Result<()> {
    tx.query_one("select pg_sleep(0.01)", &[]).await.map_err(InternalServerError)?;
    Ok(())
}

/// Is silent until the server has ended the transaction, then goes on as `then` says.
#[handler]
async fn idle(
    tx: Tx,
    session: Session,
    Path(then): Path<String>,
    Data(runs): Data<&Runs>,
) -> Result<&'static str> {
    runs.0.fetch_add(1, Ordering::SeqCst);
    session.update(&COUNT, |count| *count += 1)?;
    wait_until_ended(&tx).await?;
    match then.as_str() {
        "statement" => drop(tx.query_one("select 1", &[]).await.map_err(InternalServerError)?),
        "missing" => return Err(NotFound(std::io::Error::other("no such page"))),
        _ => {}
    }
    Ok("done")
}

/// The same in a part that commits by itself.
#[handler]
async fn idle_part(session: Session, Data(runs): Data<&Runs>) -> Result<()> {
    let work = async |_: Session, tx: Tx| {
        runs.0.fetch_add(1, Ordering::SeqCst);
        wait_until_ended(&tx).await
    };
    session.transaction(work).await
}

async fn wait_until_ended(client: &deadpool_postgres::Object) -> Result<()> {
    let limit = "set local idle_in_transaction_session_timeout = '50ms'";
    client.batch_execute(limit).await.map_err(InternalServerError)?;
    for _ in 0..1_000 {
        if client.is_closed() {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("the server does not end the transaction");
}

struct Scene {
    database: Database,
    ledger: Ledger,
    visitor: Visitor,
    runs: Runs,
    _server: Server,
}

/// An application whose role may do as `setting` says.
async fn scene(setting: &str) -> Scene {
    // A role belongs to the whole server, and must not stay behind on a server of others.
    let server = Server::start(Options::default()).unwrap();
    let database = Database::on(&server).await;
    let setting = setting.replace("DATABASE", database.name());
    let prepare = format!("create role app login in role session_ledger_runtime; {setting}");
    database.connect().await.batch_execute(&prepare).await.unwrap();
    let mut config = database.config();
    config.user("app");
    let ledger = Ledger::builder(config).connect().await.unwrap();
    let runs = Runs::default();
    let route = Route::new()
        .at("/login", post(login))
        .at("/add", post(add))
        .at("/work", get(look))
        .at("/idle/:then", get(idle))
        .at("/idle-part", get(idle_part))
        .data(runs.clone());
    let visitor = Visitor::new(&app(route.with(Sessions::new(ledger.clone(), key_ring()))));
    assert_eq!(visitor.post("/login", "").await.status, 200);
    Scene { database, ledger, visitor, runs, _server: server }
}

/// 10 of 12 requests were answered 503.
#[tokio::test]
async fn requests_wait_where_the_role_may_have_fewer_connections_than_the_pool() {
    let scene = scene("alter role app connection limit 2").await;
    let (log, _guard) = CapturedLog::listen(tracing::Level::INFO);
    for _ in 0..3 {
        let mut requests = JoinSet::new();
        for _ in 0..12 {
            let visitor = scene.visitor.clone();
            requests.spawn(async move { visitor.get("/work").await });
        }
        while let Some(answer) = requests.join_next().await {
            assert_eq!(answer.unwrap().status, 200);
        }
    }
    let refusals = log.matches("the server allows fewer connections than the pool has");
    assert!((1..=36).contains(&refusals), "it is said, and not at every request: {refusals}");
}

#[tokio::test]
async fn where_nobody_gives_a_connection_back_the_answer_is_503() {
    let scene = scene("alter role app connection limit 1").await;
    let held = scene.ledger.transaction(async |tx| {
        tx.query_one("select 1", &[]).await?;
        let answer = scene.visitor.get("/work").await;
        assert_eq!((answer.status.as_u16(), &answer.headers["retry-after"]), (503, &"1".parse().unwrap()));
        Ok::<_, Error>(())
    });
    held.await.unwrap();
    assert_eq!(scene.visitor.get("/work").await.status, 200);
}

/// It was 500: 55P03.
#[tokio::test]
async fn a_change_that_waits_for_the_end_of_its_session_longer_than_lock_timeout_runs_again() {
    let scene = scene("alter database DATABASE set lock_timeout = '50ms'").await;
    assert_eq!(scene.visitor.post("/add", "").await.body, "1");
    let session = scene.ledger.sessions(&"alice".into()).await.unwrap()[0].id;
    let slow = "create function dawdle() returns trigger language plpgsql
                    as $$ begin perform pg_sleep(0.2); return new; end $$;
                create trigger is_slow before insert on session_ledger.ended_session
                    for each row execute function dawdle()";
    scene.database.connect().await.batch_execute(slow).await.unwrap();
    let ledger = scene.ledger.clone();
    let ending = tokio::spawn(async move { ledger.end(session, EndReason::Revoked).await });
    wait_for_the_end(&scene.database).await;
    let answer = scene.visitor.post("/add", "").await;
    assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, "1"), "in a session of its own");
    assert!(ending.await.unwrap().unwrap());
}

/// Waits until a session is being ended.
async fn wait_for_the_end(database: &Database) {
    let client = database.connect().await;
    let ending = "select count(*) from pg_stat_activity
                   where datname = current_database() and application_name = 'session-ledger'
                     and wait_event = 'PgSleep'";
    for _ in 0..1_000 {
        if client.query_one(ending, &[]).await.unwrap().get::<_, i64>(0) > 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    panic!("nobody ends a session");
}

/// The handler ran until its time was up, each time in vain, and the answer was 503: come again.
#[tokio::test]
async fn a_handler_that_is_idle_past_the_limit_is_a_500_that_names_the_limit() {
    let scene = scene("").await;
    for path in ["/idle/statement", "/idle/commit", "/idle-part"] {
        let (log, _guard) = CapturedLog::listen(tracing::Level::INFO);
        let answer = scene.visitor.get(path).await;
        assert_eq!(answer.status, 500, "{path}");
        assert_eq!(answer.body, "Something went wrong on our side.");
        assert!(answer.set_cookies().is_empty());
        assert_eq!(scene.runs.0.swap(0, Ordering::SeqCst), 1, "{path}: it would not help to run again");
        assert_eq!(log.matches(&format!("attempt=1 status=500 cause={IDLE}")), 1, "{path}");
    }
    let answer = scene.visitor.get("/idle/missing").await;
    assert_eq!(answer.status, 404, "an answer of the handler's own");
    assert_eq!(scene.visitor.post("/add", "").await.body, "1", "nothing was committed");
}

#[tokio::test]
async fn so_is_work_outside_of_requests() {
    let scene = scene("").await;
    let runs = Runs::default();
    let silent = scene.ledger.transaction(async |tx| {
        runs.0.fetch_add(1, Ordering::SeqCst);
        wait_until_ended(&tx).await.unwrap();
        tx.query_one("select 1", &[]).await?;
        Ok::<_, Error>(())
    });
    let error = silent.await.unwrap_err();
    assert!(matches!(error, Error::IdleTooLong), "{error}");
    assert_eq!(error.to_string(), IDLE);
    assert_eq!(runs.0.load(Ordering::SeqCst), 1);
}

trait Matches {
    fn matches(&self, text: &str) -> usize;
}

impl Matches for CapturedLog {
    fn matches(&self, text: &str) -> usize {
        self.text().matches(text).count()
    }
}
