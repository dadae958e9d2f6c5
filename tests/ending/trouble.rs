//! Sessions that somebody holds, rows that contradict the log, and connections that are lost.

use std::pin::pin;

use futures_util::TryStreamExt;
use session_ledger::Ledger;
use session_ledger::session::{EndReason, SessionFilter};
use test_support::{Cut, Database, Wire};

use crate::scene::Scene;
use crate::told::{Told, note};

const FIRST: &str = "select session_id from session_ledger.session order by session_id limit 1";

/// A transaction of the application's may end another session, and hold its row until it commits.
#[tokio::test]
async fn a_session_that_somebody_holds_holds_no_other_one_up() {
    let scene = Scene::set().await;
    for _ in 0..5 {
        scene.signed_in("alice").await;
    }
    let holder = scene.database.connect().await;
    holder.batch_execute(&format!("begin; {FIRST} for update")).await.unwrap();
    let mut batches = pin!(scene.ledger.end_stream(SessionFilter::all(), EndReason::Revoked));
    let mut ended = 0;
    while ended < 4 {
        ended += batches.try_next().await.unwrap().expect("the others are not over yet");
    }
    assert_eq!(scene.live().await, 1);
    holder.batch_execute("commit").await.unwrap();
    while let Some(batch) = batches.try_next().await.unwrap() {
        ended += batch;
    }
    assert_eq!((ended, scene.live().await), (5, 0));
    scene.is_sound().await;
}

/// An event without its row, say: the end of that session cannot be appended.
#[tokio::test]
async fn a_session_that_cannot_end_keeps_no_other_one_alive() {
    let scene = Scene::set().await;
    let damaged = scene.signed_in("alice").await;
    for _ in 0..4 {
        scene.signed_in("alice").await;
    }
    let event = format!(
        "insert into session_ledger.event (session_id, version, event_id, kind, shape, occurred_at, hash, payload)
         select session_id, version + 1, gen_random_uuid(), 'value_set', 1, now(), sha256(''), '' from session_ledger.session
          where session_id = ({FIRST})"
    );
    scene.database.connect().await.batch_execute(&event).await.unwrap();
    let refused = scene.ledger.end_all(&"alice".into(), EndReason::Revoked).await.unwrap_err();
    assert_eq!(refused.to_string(), "the transaction conflicts with another: run the request again");
    assert_eq!(scene.live().await, 1);
    assert!(damaged.is_signed_in().await);
}

/// Each session ends once, is counted once and told once, whatever has become of the first COMMIT.
#[tokio::test]
async fn a_lost_commit_ends_each_session_once() {
    for cut in [Cut::Before, Cut::Unnoticed, Cut::After, Cut::Unanswered] {
        // The commit of the first page that is read, and of the first ends.
        for spared in [0, 1] {
            let (database, told) = (Database::fresh().await, Told::default());
            let wire = Wire::prompt(&database.config());
            let builder = Ledger::builder(wire.config()).on_committed(note(&told));
            let scene = Scene::through(database, builder).await;
            for _ in 0..5 {
                scene.signed_in("alice").await;
            }
            wire.cut_commit_behind(spared, cut);
            let ended = scene.ledger.end_all(&"alice".into(), EndReason::Revoked).await.unwrap();
            assert!(!wire.is_armed(), "{cut:?} {spared}: the cut has happened");
            assert_eq!((ended, scene.live().await), (5, 0), "{cut:?} {spared}");
            assert_eq!(told.lock().unwrap().len(), 5, "{cut:?} {spared}");
            assert_eq!(scene.database.count("session_ledger.event where kind = 'ended'").await, 5);
            scene.is_sound().await;
        }
    }
}
