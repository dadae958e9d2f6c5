//! An inline projection: it is written by the transaction that appends, whichever that is.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use session_ledger::Ledger;
use session_ledger::session::{EndReason, SessionFilter};
use session_ledger::web::Sessions;
use test_support::{App, Cut, Visitor, Wire, application, key_ring};
use tokio::task::JoinSet;

use super::Scene;
use super::lives::{BEHIND, Lives};

async fn ledger(scene: &Scene, lives: Lives) -> Ledger {
    scene.database.builder().inline(lives).connect().await.unwrap()
}

fn shop(ledger: &Ledger) -> App {
    application(Sessions::new(ledger.clone(), key_ring()))
}

async fn assert_never_behind(scene: &Scene, ledger: &Ledger) {
    assert_eq!(scene.texts(BEHIND).await, [""; 0]);
    let differences = ledger.verify_projection(&Lives::ALL, |_| {}).await.unwrap();
    assert!(differences.is_equal(), "{differences:?}");
}

#[tokio::test]
async fn whatever_appends_writes_it() {
    let scene = Scene::set().await;
    scene.run("create table purchase (item text)").await;
    let ledger = ledger(&scene, Lives::ALL).await;
    let shop = shop(&ledger);
    let mut live = Vec::new();
    for walk in [
        "/add /login/alice /add /renew /flash/hello /flashes",
        "/login/bob /login/carol /add /logout",
        "/order/tea/then/200 /order/tea/then/500 /add",
        "/login/dave /short/600",
        "/login/dave",
        "/login/erin",
        "/add",
    ] {
        let visitor = Visitor::new(&shop);
        for path in walk.split(' ') {
            visitor.get(path).await;
        }
        live.push(visitor);
        assert_eq!(scene.texts(BEHIND).await, [""; 0], "{walk}");
    }
    let ended = ledger.end_all(&"dave".into(), EndReason::Revoked).await.unwrap();
    assert_eq!((ended, scene.texts(BEHIND).await.len()), (2, 0), "by a batch");
    let left = ledger.end_where(&SessionFilter::all(), EndReason::Revoked).await.unwrap();
    assert!(left >= 3, "{left}");
    assert_eq!(live[0].get("/show").await.body, "- 0");
    assert_never_behind(&scene, &ledger).await;
    assert_eq!(scene.database.count("life where not is_over").await, 0);
}

/// The library writes a note of its own where nobody can tell whether a COMMIT has arrived.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_whose_commit_was_lost_is_projected_as_it_ended() {
    let scene = Scene::set().await;
    for cut in [Cut::Before, Cut::Unnoticed, Cut::After, Cut::Unanswered] {
        let wire = Wire::prompt(&scene.database.config());
        let lives = Ledger::builder(wire.config()).inline(Lives::ALL).connect().await.unwrap();
        let visitor = Visitor::new(&shop(&lives));
        visitor.get("/add").await;
        wire.cut_next_commit(cut);
        visitor.get("/add").await;
        assert!(!wire.is_armed(), "{cut:?}");
        assert_eq!(visitor.get("/add").await.status, 200, "{cut:?}");
        assert_never_behind(&scene, &lives).await;
    }
}

/// Two requests of one session, and many of others, are committed together where they can.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_never_behind_while_eight_write_and_is_derived_anew_beside_them() {
    let scene = Scene::set().await;
    let ledger = ledger(&scene, Lives::ALL).await;
    let (shop, stop) = (shop(&ledger), Arc::new(AtomicBool::new(false)));
    let mut writers = JoinSet::new();
    for nth in 0..8 {
        let (shop, stop) = (Arc::clone(&shop), Arc::clone(&stop));
        writers.spawn(async move {
            let mut rounds = 0;
            while rounds < 3 || !stop.load(Ordering::Relaxed) {
                let visitor = Visitor::new(&shop);
                for path in [&format!("/login/user{nth}"), "/add", "/add", "/keep/this", "/logout"] {
                    let status = visitor.get(path).await.status;
                    assert_eq!(status, 200, "{path}");
                }
                rounds += 1;
            }
        });
    }
    let mut replaced = 0;
    for round in 0..5 {
        assert_never_behind(&scene, &ledger).await;
        // Rows that no writer is at, so that nobody writes upon the damage.
        let spoilt = scene.client.execute("update life set version = -1 where is_over", &[]).await.unwrap();
        let rows = ledger.rebuild_projection(&Lives::ALL, "nobody", |_| {}).await.unwrap();
        assert!(rows >= spoilt, "{rows} of {spoilt} in round {round}");
        replaced += spoilt;
    }
    stop.store(true, Ordering::Relaxed);
    while let Some(done) = writers.join_next().await {
        done.unwrap();
    }
    assert!(replaced > 0);
    assert_never_behind(&scene, &ledger).await;
}

#[tokio::test]
async fn what_it_refuses_is_not_written_and_the_request_fails() {
    let scene = Scene::set().await;
    let ledger = ledger(&scene, Lives { refuses: "poison" }).await;
    let visitor = Visitor::new(&shop(&ledger));
    visitor.get("/add").await;
    assert_eq!(visitor.get("/flash/poison").await.status, 500);
    assert_eq!(visitor.get("/flash/tea").await.status, 200);
    assert_eq!(visitor.get("/flashes").await.body, "tea");
    assert_never_behind(&scene, &ledger).await;

    scene.run("alter table life add constraint short_lives check (version < 6)").await;
    let mut refused = 0;
    for _ in 0..4 {
        refused += u32::from(visitor.get("/add").await.status == 500);
    }
    assert!(refused > 0);
    assert_never_behind(&scene, &ledger).await;
}

#[tokio::test]
async fn it_costs_a_request_no_trip() {
    let scene = Scene::set().await;
    let mut trips = Vec::new();
    for is_inline in [false, true] {
        let wire = Wire::to(&scene.database.config());
        let builder = Ledger::builder(wire.config()).connections_max(1);
        let builder = if is_inline { builder.inline(Lives::ALL) } else { builder };
        let visitor = Visitor::new(&shop(&builder.connect().await.unwrap()));
        let walk = ["/add", "/add", "/login/alice", "/add", "/logout"];
        for path in walk {
            assert_eq!(visitor.get(path).await.status, 200, "{path}, so that all statements are prepared");
        }
        let mut counted = Vec::new();
        for path in walk {
            let before = wire.trips();
            visitor.get(path).await;
            counted.push(wire.trips() - before);
        }
        trips.push(counted);
    }
    assert_eq!(trips[0], trips[1]);
}

/// A migration of the application's table, while the application runs.
#[tokio::test]
async fn its_table_may_be_altered_meanwhile() {
    let scene = Scene::set().await;
    let ledger = ledger(&scene, Lives::ALL).await;
    let visitor = Visitor::new(&shop(&ledger));
    visitor.get("/add").await;
    scene.run("alter table life add column note text").await;
    assert_eq!(visitor.get("/add").await.status, 200);
    assert_never_behind(&scene, &ledger).await;
}

/// What a ledger without the projection appends is found, and made good.
#[tokio::test]
async fn what_was_appended_without_it_is_found_and_derived() {
    let scene = Scene::set().await;
    let (with, without) = (ledger(&scene, Lives::ALL).await, scene.ledger.clone());
    Visitor::new(&shop(&without)).get("/add").await;
    let differences = with.verify_projection(&Lives::ALL, |_| {}).await.unwrap();
    assert_eq!(differences.rows.len(), 1);
    assert_eq!(differences.rows[0].stored, None);
    assert_eq!(with.rebuild_projection(&Lives::ALL, "test", |_| {}).await.unwrap(), 1);
    assert_never_behind(&scene, &with).await;
}
