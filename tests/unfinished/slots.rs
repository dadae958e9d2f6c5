//! The pool's connections while handlers hang.
//!
//! A handler that had begun a transaction and waited for a body kept its connection's place in the pool, also
//! when the server had ended the connection long ago. Sixteen such requests stopped the application.

use test_support::Visitor;

use crate::scene::{Scene, in_time, send, silent};

const IDLE: &str = "state = 'idle in transaction'";

#[tokio::test]
async fn sixteen_silent_sockets_leave_most_of_the_pool_to_the_others() {
    let scene = Scene::set().await;
    let stranger = Visitor::new(&scene.app);
    let uploads: Vec<_> = (0..16).map(|_| send(&stranger, silent(&stranger, "/uploadtx"))).collect();
    scene.signs.wait_for_handlers(4).await;
    scene.wait_for_connections(4, IDLE).await;
    let visitor = Visitor::new(&scene.app);
    assert_eq!(visitor.post("/add", "").await.status, 200);
    assert_eq!(visitor.post("/add", "").await.status, 200);
    assert_eq!(scene.connections(IDLE).await, 4, "a quarter of the pool");
    uploads.iter().for_each(tokio::task::JoinHandle::abort);
}

#[tokio::test]
async fn silent_sockets_beyond_their_part_are_told_to_come_back() {
    let scene = Scene::with_connections(2).await;
    let stranger = Visitor::new(&scene.app);
    let first = send(&stranger, silent(&stranger, "/uploadtx"));
    scene.signs.wait_for_handlers(1).await;
    let answer = stranger.call(silent(&stranger, "/uploadtx")).await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.headers["retry-after"], "1");
    assert!(!first.is_finished());
    first.abort();
}

#[tokio::test]
async fn a_connection_that_the_server_has_ended_gives_its_slot_back_while_its_handler_runs() {
    let scene = Scene::with_connections(1).await;
    let stranger = Visitor::new(&scene.app);
    let upload = send(&stranger, silent(&stranger, "/uploadtx"));
    scene.signs.wait_for_handlers(1).await;
    scene.wait_for_connections(1, IDLE).await;
    // As the server does when the transaction has been idle for its limit.
    let end = "select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and state = 'idle in transaction'";
    scene.database.connect().await.batch_execute(end).await.unwrap();
    let visitor = Visitor::new(&scene.app);
    let served = async { while visitor.post("/add", "").await.status != 200 {} };
    in_time("the next request", served).await;
    assert!(!upload.is_finished(), "its handler still runs");
    assert_eq!(scene.connections("true").await, 1, "there is no connection too many");
    upload.abort();
    assert!(upload.await.unwrap_err().is_cancelled());
    assert_eq!(visitor.post("/add", "").await.status, 200);
    assert_eq!(scene.connections("true").await, 1);
}

#[tokio::test]
async fn the_server_ends_a_transaction_that_waits_for_a_body_that_never_comes() {
    let scene = Scene::with_connections(1).await;
    let stranger = Visitor::new(&scene.app);
    let upload = send(&stranger, silent(&stranger, "/uploadtx"));
    scene.signs.wait_for_handlers(1).await;
    let visitor = Visitor::new(&scene.app);
    let served = async { while visitor.post("/add", "").await.status != 200 {} };
    in_time("the next request", served).await;
    assert!(!upload.is_finished(), "its handler still runs");
    upload.abort();
}

#[tokio::test]
async fn a_transaction_that_a_handler_has_given_away_keeps_no_slot() {
    let scene = Scene::with_connections(1).await;
    let stranger = Visitor::new(&scene.app);
    assert_eq!(stranger.post("/give-away", "").await.status, 500);
    assert_eq!(stranger.post("/add", "").await.status, 200, "while the job still has it");
    scene.wait_for_connections(1, "true").await;
    scene.signs.gate.notify_one();
    assert_eq!(stranger.post("/add", "").await.status, 200);
    assert_eq!(scene.connections("true").await, 1);
}
