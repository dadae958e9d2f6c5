//! The end of a session, noticed by those who watch it.

use std::time::Duration;

use futures_util::FutureExt;
use session_ledger::ledger::{ChangeError, Error};
use session_ledger::session::{EndReason, Policy, SessionId};
use session_ledger::{Ledger, UserId};
use test_support::{COUNT, Visitor};
use tokio::task::JoinHandle;

use crate::scene::{NEVER, SOON, Scene, in_time};

/// Watches a session. Returns once it is looked at, so that only its end can tell.
async fn watched(scene: &Scene, ledger: &Ledger, session: SessionId) -> JoinHandle<Option<EndReason>> {
    let looks =
        "pg_stat_activity where datname = current_database() and query like '%e.reason%ended_session%'
                 and state = 'idle'";
    let watching = tokio::spawn(ledger.ended(session));
    let looked = async {
        while scene.database.count(looks).await == 0 {
            tokio::task::yield_now().await;
        }
    };
    in_time("a look", looked).await;
    watching
}

async fn reason(watching: JoinHandle<Option<EndReason>>) -> Option<EndReason> {
    in_time("the end", watching).await.unwrap()
}

#[tokio::test]
async fn an_end_in_this_process_is_noticed_at_once() {
    for (path, expected) in [("/logout", EndReason::LoggedOut), ("/login/bob", EndReason::UserSwitched)] {
        let scene = Scene::set(NEVER).await;
        let (visitor, id) = scene.alice().await;
        let watching = watched(&scene, &scene.ledger, id).await;
        visitor.get("/add").await;
        assert!(!watching.is_finished());
        visitor.get(path).await;
        assert_eq!(reason(watching).await, Some(expected));
    }
}

#[tokio::test]
async fn an_end_by_somebody_else_in_this_process_is_noticed_at_once() {
    let scene = Scene::set(NEVER).await;
    let (_, id) = scene.alice().await;
    let watching = watched(&scene, &scene.ledger, id).await;
    let admin = Visitor::new(&scene.app);
    assert_eq!(admin.get(&format!("/end/{id}")).await.status, 200);
    assert_eq!(reason(watching).await, Some(EndReason::Revoked));

    let (_, id) = scene.alice().await;
    let watching = watched(&scene, &scene.ledger, id).await;
    let ended = scene.ledger.end_all(&UserId::from("alice"), EndReason::AccountDisabled).await.unwrap();
    assert_eq!(ended, 1);
    assert_eq!(reason(watching).await, Some(EndReason::AccountDisabled));
}

#[tokio::test]
async fn an_end_in_another_process_is_noticed_within_the_interval() {
    let scene = Scene::set(SOON).await;
    let (_, id) = scene.alice().await;
    let watching = watched(&scene, &scene.ledger, id).await;
    let elsewhere = scene.database.ledger(Policy::default()).await;
    assert!(elsewhere.end(id, EndReason::Other("moved".into())).await.unwrap());
    assert_eq!(reason(watching).await, Some(EndReason::Other("moved".into())));
}

#[tokio::test]
async fn a_session_that_has_ended_before_is_over() {
    let scene = Scene::set(NEVER).await;
    let (visitor, id) = scene.alice().await;
    visitor.get("/logout").await;
    assert_eq!(in_time("the end", scene.ledger.ended(id)).await, Some(EndReason::LoggedOut));
}

#[tokio::test]
async fn a_session_ends_at_its_deadline_though_nobody_asks() {
    let scene = Scene::set(NEVER).await;
    let (visitor, id) = scene.alice().await;
    visitor.get("/short/1").await;
    assert_eq!(in_time("the deadline", scene.ledger.ended(id)).await, Some(EndReason::IdleTimeout));
}

#[tokio::test]
async fn a_deadline_that_is_put_off_is_no_end() {
    let scene = Scene::set(SOON).await;
    let (visitor, id) = scene.alice().await;
    visitor.get("/short/60").await;
    let watching = watched(&scene, &scene.ledger, id).await;
    scene.database.set_clock_ahead(Duration::from_secs(59)).await;
    visitor.get("/add").await;
    scene.database.set_clock_ahead(Duration::from_secs(118)).await;
    assert_eq!(visitor.get("/add").await.body, "2");
    assert!(!watching.is_finished());
    scene.database.set_clock_ahead(Duration::from_secs(600)).await;
    assert_eq!(reason(watching).await, Some(EndReason::IdleTimeout));
}

/// Nobody is signed out because a clock was wrong for a moment.
#[tokio::test]
async fn a_clock_that_is_wrong_is_no_end() {
    let scene = Scene::set(SOON).await;
    let (visitor, id) = scene.alice().await;
    visitor.get("/short/60").await;
    let watching = watched(&scene, &scene.ledger, id).await;
    scene.database.set_wrong_clock_ahead(Duration::from_secs(600)).await;
    let client = scene.database.connect().await;
    let now: String = client.query_one("select clock_timestamp()::text", &[]).await.unwrap().get(0);
    let looks = format!(
        "pg_stat_activity where datname = current_database() and query like '%e.reason%ended_session%'
         and state = 'idle' and query_start > '{now}'"
    );
    let looked = async {
        while scene.database.count(&looks).await == 0 {
            tokio::task::yield_now().await;
        }
    };
    in_time("a look", looked).await;
    let refused = scene.ledger.change(id, |session| session.set(&COUNT, &1)).await.unwrap_err();
    assert!(matches!(refused, ChangeError::Ledger(Error::ClockJumped { .. })), "{refused:?}");
    scene.database.set_wrong_clock_ahead(Duration::ZERO).await;
    visitor.get("/logout").await;
    assert_eq!(reason(watching).await, Some(EndReason::LoggedOut));
}

/// Whoever watches waits on while the database is away.
#[tokio::test]
async fn a_database_that_is_away_is_no_end() {
    let scene = Scene::set(SOON).await;
    let (_, id) = scene.alice().await;
    let wire = test_support::Wire::prompt(&scene.database.config());
    let ledger = Ledger::builder(wire.config()).watch_interval(SOON).connect().await.unwrap();
    let watching = watched(&scene, &ledger, id).await;
    wire.refuse_connections(true);
    let ours = "select pg_terminate_backend(pid) from pg_stat_activity
                 where datname = current_database() and pid <> pg_backend_pid()";
    scene.database.connect().await.query(ours, &[]).await.unwrap();
    let answer = ledger.history(id).await;
    assert!(answer.is_err_and(|error| error.is_unavailable()));
    assert!(!watching.is_finished());
    wire.refuse_connections(false);
    let elsewhere = scene.database.ledger(Policy::default()).await;
    assert!(elsewhere.end(id, EndReason::Revoked).await.unwrap());
    assert_eq!(reason(watching).await, Some(EndReason::Revoked));
}

#[tokio::test]
async fn many_who_watch_one_session_are_all_told() {
    let scene = Scene::set(NEVER).await;
    let (visitor, id) = scene.alice().await;
    let watching = futures_util::future::join_all((0..100).map(|_| scene.ledger.ended(id)));
    let watching = tokio::spawn(watching);
    visitor.get("/logout").await;
    let told = in_time("the ends", watching).await.unwrap();
    assert_eq!(told, vec![Some(EndReason::LoggedOut); 100]);
}

#[tokio::test]
async fn a_visitor_without_a_session_has_no_end() {
    let scene = Scene::set(SOON).await;
    Visitor::new(&scene.app).get("/keep/500").await;
    let snapshot = scene.kept().snapshot().unwrap();
    assert_eq!((snapshot.id(), snapshot.user()), (None, None));
    assert_eq!(snapshot.ended().now_or_never(), None);
}
