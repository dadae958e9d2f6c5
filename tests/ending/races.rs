//! Requests that race with the end of their sessions.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use session_ledger::session::{EndReason, SessionFilter, SessionId};
use test_support::Visitor;
use tokio::task::JoinSet;

use crate::scene::{Scene, shop};

/// Sessions begin, and are signed in to again, in two processes, while all that there are end. The rule: what
/// was live when the call began is over when it returns.
#[tokio::test(flavor = "multi_thread")]
async fn no_session_that_was_live_before_the_call_is_live_after_it() {
    let scene = Scene::set().await;
    let elsewhere = shop(&scene.database.builder().connect().await.unwrap(), &scene.gate);
    let is_over = Arc::new(AtomicBool::new(false));
    let mut racers = JoinSet::new();
    for nth in 0..6 {
        let (app, is_over) =
            (if nth % 2 == 0 { scene.shop.clone() } else { elsewhere.clone() }, Arc::clone(&is_over));
        racers.spawn(async move {
            let (mut visitor, mut logins) = (Visitor::new(&app), 0);
            while !is_over.load(Ordering::SeqCst) {
                // Half of them sign in to the session that they have.
                if nth % 3 > 0 {
                    visitor = Visitor::new(&app);
                }
                logins += u32::from(visitor.post("/login/alice", "").await.status == 200);
            }
            (visitor, logins)
        });
    }
    let mut ended = 0;
    for round in 0..10 {
        for _ in 0..5 {
            scene.signed_in("alice").await;
        }
        let before = live(&scene).await;
        let filter =
            if round % 2 == 0 { SessionFilter::all() } else { SessionFilter::all().of_user("alice") };
        ended += scene.ledger.end_where(&filter, EndReason::Revoked).await.unwrap();
        let after = live(&scene).await;
        let survivors: Vec<_> = before.iter().filter(|session| after.contains(session)).collect();
        assert!(survivors.is_empty(), "round {round}: {survivors:?}");
    }
    is_over.store(true, Ordering::SeqCst);
    let racers = racers.join_all().await;
    assert!(ended >= 50 && racers.iter().all(|(_, logins)| *logins > 0), "all were at it");
    scene.ledger.end_where(&SessionFilter::all(), EndReason::Revoked).await.unwrap();
    for (visitor, _) in racers {
        assert_eq!(visitor.get("/me").await.status, 401);
    }
    assert_eq!(scene.live().await, 0);
    scene.is_sound().await;
}

async fn live(scene: &Scene) -> Vec<SessionId> {
    let rows = scene.database.connect().await;
    let rows = rows.query("select session_id::text from session_ledger.session", &[]).await.unwrap();
    rows.iter().map(|row| row.get::<_, &str>(0).parse().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_that_change_at_each_request_end_nevertheless() {
    let scene = Scene::set().await;
    let elsewhere = shop(&scene.database.builder().connect().await.unwrap(), &scene.gate);
    let mut tabs = JoinSet::new();
    for _ in 0..4 {
        let browser = scene.signed_in("alice").await;
        for app in [&scene.shop, &elsewhere, &scene.shop] {
            let (tab, session) = (browser.visitor.of(app), browser.session.to_string());
            tabs.spawn(async move {
                loop {
                    let answer = tab.post("/add", "").await;
                    match answer.status.as_u16() {
                        200 if answer.body == session => {}
                        // A visitor's new session: the old one has ended.
                        200 | 409 => return,
                        503 => {}
                        other => panic!("{other}"),
                    }
                }
            });
        }
    }
    let busy = async { while scene.database.count("session_ledger.event").await < 200 {} };
    tokio::time::timeout(Duration::from_secs(60), busy).await.expect("the tabs write");
    assert_eq!(scene.ledger.end_all(&"alice".into(), EndReason::Revoked).await.unwrap(), 4);
    tokio::time::timeout(Duration::from_secs(60), tabs.join_all()).await.expect("all are out");
    assert_eq!(scene.database.count("session_ledger.session where user_id is not null").await, 0);
    scene.is_sound().await;
}

#[tokio::test]
async fn a_request_that_is_under_way_in_an_ended_session_commits_nothing() {
    let scene = Scene::set().await;
    let browser = scene.signed_in("alice").await;
    let tab = browser.visitor.copy();
    let under_way = tokio::spawn(async move { tab.post("/order", "").await });
    scene.gate.arrived.acquire().await.unwrap().forget();
    assert_eq!(scene.ledger.end_where(&SessionFilter::all(), EndReason::Revoked).await.unwrap(), 1);
    scene.gate.open.add_permits(1);
    assert_eq!(under_way.await.unwrap().status, 401);
    assert_eq!(scene.database.count("purchase").await, 0);
    scene.is_sound().await;
}
