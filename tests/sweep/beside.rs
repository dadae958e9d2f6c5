//! A sweep beside requests, and beside other sweeps.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use session_ledger::session::Policy;
use tokio::task::JoinSet;

use crate::scene::{ABSOLUTE, IDLE, Scene};

const WRITERS: usize = 8;
/// More than a batch.
const MANY: usize = 300;

#[tokio::test(flavor = "multi_thread")]
async fn several_sweepers_end_each_session_once() {
    let scene = Scene::set().await;
    scene.many("alice", MANY).await;
    scene.pass(IDLE + 60).await;
    let mut sweepers = JoinSet::new();
    for _ in 0..4 {
        let policy = Policy::default().idle_timeout(IDLE as u32).absolute_timeout(ABSOLUTE as u32);
        let ledger = scene.database.ledger(policy).await;
        sweepers.spawn(async move {
            let mut ended = 0;
            loop {
                let swept = ledger.sweep().await.unwrap();
                ended += swept.ended();
                if swept.ended() + swept.left == 0 {
                    return ended;
                }
            }
        });
    }
    let ended = sweepers.join_all().await;
    assert_eq!(ended.iter().sum::<u64>(), MANY as u64, "{ended:?}");
    let events = "select count(*)::text from session_ledger.event where kind = 'ended'";
    assert_eq!(scene.ask(events).await, MANY.to_string());
    scene.is_sound().await;
}

/// Each writer has a session of its own, so nobody stands in another's way; a handler that runs again was
/// made to by a sweep.
#[tokio::test(flavor = "multi_thread")]
async fn eight_writers_beside_a_sweep_abort_never() {
    let scene = Scene::set().await;
    scene.many("alice", MANY).await;
    scene.pass(IDLE + 60).await;
    let writers = scene.many("bob", WRITERS).await;
    let is_swept = Arc::new(AtomicBool::new(false));
    let mut tasks = JoinSet::new();
    for (visitor, _) in writers {
        let is_swept = Arc::clone(&is_swept);
        tasks.spawn(async move {
            let mut requests = 0;
            while !is_swept.load(Ordering::SeqCst) || requests < 50 {
                assert_eq!(visitor.post("/add-tx", "").await.status, 200);
                requests += 1;
            }
            requests
        });
    }
    let mut ended = 0;
    while ended < MANY as u64 {
        ended += scene.ledger.sweep().await.unwrap().ended();
    }
    is_swept.store(true, Ordering::SeqCst);
    let requests: usize = tasks.join_all().await.into_iter().sum();
    assert_eq!(scene.runs.load(Ordering::SeqCst), requests, "a handler ran again");
    assert_eq!(scene.ask("select count(*)::text from purchase").await, requests.to_string());
    scene.is_sound().await;
}

#[tokio::test]
async fn a_sweep_waits_for_nobody_who_holds_a_session() {
    let scene = Scene::set().await;
    let (_, session) = scene.signed_in("alice").await;
    scene.signed_in("bob").await;
    scene.pass(IDLE + 60).await;
    let mut client = scene.database.connect().await;
    let holder = client.transaction().await.unwrap();
    let hold = format!("select from session_ledger.session where session_id = '{session}' for key share");
    holder.batch_execute(&hold).await.unwrap();
    let swept = scene.ledger.sweep().await.unwrap();
    assert_eq!((swept.ended(), swept.left), (1, 1));
    holder.rollback().await.unwrap();
    let swept = scene.ledger.sweep().await.unwrap();
    assert_eq!((swept.ended(), swept.left), (1, 0));
    scene.is_sound().await;
}
