//! A server that has stopped is noticed, and waited for no longer.
//!
//! The steps of a verification, a rebuild, a migration and a subscription had no bound: they waited for as
//! long as the server said nothing. A request waited for 5 s for its COMMIT and for as long again to find out
//! what had become of it.

use std::time::Duration;

use futures_util::future::join_all;
use poem::http::Method;
use session_ledger::Ledger;
use session_ledger::ledger::RebuildOptions;
use test_support::{Database, Visitor};

use crate::scene::{in_time, send};
use crate::stopping::{Stopped, Stopping};

const SILENT: &str = "the connection to the database was lost: the server does not answer, on a new connection \
    neither: see whether it runs and can be reached, and start again";
const LATE: &str = "the connection to the database was lost: the server did not answer in time";

/// The outcome of what must come to its end although the server stays stopped.
async fn ends<T>(what: &str, work: impl Future<Output = T>) -> T {
    let ended = tokio::time::timeout(Duration::from_secs(60), work).await;
    ended.unwrap_or_else(|_| panic!("{what} waits for a server that has stopped"))
}

/// A server with a session that was changed twice, so that its statements are prepared.
async fn with_a_session() -> (Stopping, Visitor) {
    let scene = Stopping::with_connections(8).await;
    let visitor = Visitor::new(&scene.app);
    for _ in 0..2 {
        assert_eq!(visitor.post("/add", "").await.status, 200);
    }
    (scene, visitor)
}

#[tokio::test]
async fn a_verification_and_a_rebuild_are_given_up_when_the_server_stops_under_way() {
    let (scene, visitor) = with_a_session().await;
    let mut stopped: Option<Stopped> = None;
    let verifying = scene.ledger.verify(|_| _ = stopped.get_or_insert_with(|| scene.stop_all()));
    assert_eq!(ends("the verification", verifying).await.unwrap_err().to_string(), SILENT);
    drop(stopped.take().unwrap());
    let options = RebuildOptions::default().while_connected();
    let rebuilding = scene.ledger.rebuild(options, |_| _ = stopped.get_or_insert_with(|| scene.stop_all()));
    assert_eq!(ends("the rebuild", rebuilding).await.unwrap_err().to_string(), SILENT);
    drop(stopped.take().unwrap());
    // The server has noticed by now, or will, that nobody waits for its answers any more.
    in_time("the next rebuild", scene.ledger.rebuild(options, |_| {})).await.unwrap();
    assert!(scene.ledger.verify(|_| {}).await.unwrap().is_equal());
    assert_eq!(visitor.get("/show").await.body, "- 2");
}

#[tokio::test]
async fn a_migration_is_given_up_when_the_server_stops_under_way() {
    let (scene, _) = with_a_session().await;
    // It waits for another migration.
    let other = scene.database.connect().await;
    let lock = "select pg_advisory_lock(hashtextextended('session_ledger.migration', 0))";
    other.batch_execute(lock).await.unwrap();
    let config = scene.database.config();
    let migrating = tokio::spawn(async move { Ledger::migrate(&config).await });
    wait_for(&scene.database, "pg_stat_activity where wait_event = 'advisory'").await;
    let stopped = scene.stop_all();
    assert_eq!(ends("the migration", migrating).await.unwrap().unwrap_err().to_string(), SILENT);
    let another = ends("another", Ledger::migrate(&scene.database.config())).await;
    let expected = "the database is not available: the server did not answer in time";
    assert_eq!(another.unwrap_err().to_string(), expected);
    drop(stopped);
    drop(other);
    in_time("the next migration", Ledger::migrate(&scene.database.config())).await.unwrap();
}

#[tokio::test]
async fn each_step_of_a_subscription_is_given_up_when_the_server_has_stopped() {
    let (scene, _) = with_a_session().await;
    let names = ["reads", "checkpoints", "renews", "releases"];
    let opened = join_all(names.map(|name| scene.ledger.subscription(name, "here"))).await;
    let mut opened: Vec<_> = opened.into_iter().map(Result::unwrap).collect();
    let batch = opened[1].next_batch(10).await.unwrap();
    assert_eq!(batch.events.len(), 3);
    // The last question will find a connection that was used before.
    scene.ledger.sessions(&"alice".into()).await.unwrap();
    let stopped = scene.stop_all();
    let [mut reads, checkpoints, mut renews, releases] = opened.try_into().unwrap();
    let steps = async {
        tokio::join!(
            async { reads.next_batch(10).await.map(drop) },
            checkpoints.checkpoint(batch),
            renews.renew(),
            releases.release(),
            async { scene.ledger.subscription("another", "here").await.map(drop) },
        )
    };
    let (read, checkpointed, renewed, released, another) = ends("a step", steps).await;
    assert_eq!(read.unwrap_err().to_string(), SILENT);
    for (step, done) in [checkpointed, renewed, released, another].into_iter().enumerate() {
        assert_eq!(done.unwrap_err().to_string(), LATE, "step {step}");
    }
    drop((reads, checkpoints, renews, stopped));
    // None of the connections is kept, and nothing is lost.
    for name in names {
        let mut subscription = in_time(name, scene.ledger.subscription(name, "here")).await.unwrap();
        let expected = if name == "checkpoints" { 0..=3 } else { 3..=3 };
        assert!(expected.contains(&subscription.next_batch(10).await.unwrap().events.len()), "{name}");
    }
}

#[tokio::test]
async fn a_server_that_is_long_at_work_is_waited_for() {
    let database = Database::fresh().await;
    let ledger = database.ledger(Default::default()).await;
    let (locker, watcher) = (database.connect().await, database.connect().await);
    locker.batch_execute("begin; lock table session_ledger.event in access exclusive mode").await.unwrap();
    // Connections that were opened and are closed again.
    let sessions = async || -> i64 {
        let count = "select sessions from pg_stat_database where datname = current_database()";
        watcher.query_one(count, &[]).await.unwrap().get(0)
    };
    let before = sessions().await;
    let verifying = tokio::spawn(async move { ledger.verify(|_| {}).await });
    // One is the verification's, and one was opened to make sure that the server is there.
    while sessions().await < before + 2 {
        assert!(!verifying.is_finished());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    locker.batch_execute("rollback").await.unwrap();
    assert!(verifying.await.unwrap().unwrap().is_equal());
}

#[tokio::test]
async fn a_request_whose_server_stops_before_its_commit_is_answered_in_time() {
    let (scene, visitor) = with_a_session().await;
    let adding = send(&visitor, visitor.request(Method::POST, "/add-slowly", ""));
    scene.signs.wait_for_handlers(1).await;
    let stopped = scene.stop_all();
    scene.signs.gate.notify_one();
    let answer = in_time("the request", adding).await.unwrap();
    assert_eq!((answer.status.as_u16(), &answer.headers["retry-after"]), (503, &"1".parse().unwrap()));
    drop(stopped);
    // Nobody knows what has become of it, but it is one or the other for good.
    let shown = in_time("the next request", visitor.get("/show")).await.body;
    assert!(shown == "- 2" || shown == "- 3", "{shown}");
}

#[tokio::test]
async fn it_finds_out_what_has_become_of_its_commit_where_others_are_served() {
    let (scene, visitor) = with_a_session().await;
    let adding = send(&visitor, visitor.request(Method::POST, "/add-slowly", ""));
    scene.signs.wait_for_handlers(1).await;
    // Only the processes that serve the ledger.
    let stopped = scene.stop().await;
    scene.signs.gate.notify_one();
    assert_eq!(in_time("the request", adding).await.unwrap().status, 503);
    let abandoned = "session_ledger.event where kind = 'noted'";
    assert_eq!(
        scene.database.count(abandoned).await,
        1,
        "its version is taken, so that it cannot come later"
    );
    drop(stopped);
    wait_for_none(
        &scene.database,
        "pg_stat_activity where application_name = 'session-ledger' and state <> 'idle'",
    )
    .await;
    assert_eq!(visitor.get("/show").await.body, "- 2");
}

async fn wait_for(database: &Database, what: &str) {
    while database.count(what).await == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn wait_for_none(database: &Database, what: &str) {
    while database.count(what).await > 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
