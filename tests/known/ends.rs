//! What ends a session or a token elsewhere holds here, whatever is known.

use std::time::Duration;

use session_ledger::Ledger;
use session_ledger::ledger::End;
use session_ledger::session::{EndReason, Policy, SessionsExcess};
use test_support::Visitor;

use crate::scene::{COOKIE, PATHS, Scene};

/// The ways in which a session of alice's ends in the other process.
#[derive(Clone, Copy, Debug)]
enum Way {
    Logout,
    Revoked,
    Disabled,
    LimitOfSessions,
    ChangedFactor,
}

const WAYS: [Way; 5] = [Way::Logout, Way::Revoked, Way::Disabled, Way::LimitOfSessions, Way::ChangedFactor];

async fn end(scene: &Scene, way: Way, here: &Visitor) {
    let session = scene.session(here).await;
    let ledger = &scene.ledgers[1];
    let other = Visitor::new(&scene.apps[1]);
    match way {
        Way::Logout => assert_eq!(here.copy().of(&scene.apps[1]).post("/logout", "").await.status, 200),
        Way::Revoked => assert!(ledger.end(session, End::because(EndReason::Revoked)).await.unwrap()),
        Way::Disabled => assert_eq!(ledger.disable_account(&"alice".into(), None).await.unwrap(), 1),
        Way::LimitOfSessions => assert_eq!(other.post("/login/alice", "").await.status, 200),
        Way::ChangedFactor => {
            assert_eq!(other.post("/login/alice", "").await.status, 200);
            assert_eq!(other.post("/factor", "").await.status, 200);
        }
    }
}

#[tokio::test]
async fn nothing_is_done_for_a_session_that_has_ended_in_another_process() {
    for way in WAYS {
        let policy = match way {
            Way::LimitOfSessions => Policy::default().sessions_per_user(1, SessionsExcess::EndOldest),
            _ => Policy::default(),
        };
        let scene = Scene::with(policy).await;
        for (path, ..) in PATHS {
            if matches!(way, Way::Disabled) {
                scene.ledgers[1].enable_account(&"alice".into()).await.unwrap();
            }
            let (here, _) = scene.alice().await;
            let purchases = scene.purchases().await;
            end(&scene, way, &here).await;
            let answer = here.post(path, "").await;
            assert_eq!(answer.status, 401, "{way:?}, {path}: {answer:?}");
            assert_eq!(scene.purchases().await, purchases, "{way:?}, {path}");
        }
        scene.is_sound().await;
    }
}

#[tokio::test]
async fn an_epoch_that_was_raised_ends_each_kind_of_known_request() {
    for (path, ..) in PATHS {
        let scene = Scene::new().await;
        let (here, _) = scene.alice().await;
        assert_eq!(Ledger::raise_epoch(&scene.database.config()).await.unwrap(), 2);
        assert_eq!(here.post(path, "").await.status, 401, "{path}");
        assert_eq!(scene.purchases().await, 0, "{path}");
    }
}

#[tokio::test]
async fn a_token_that_a_login_elsewhere_has_superseded_opens_nothing_here() {
    let scene = Scene::new().await;
    for (path, ..) in PATHS {
        let (here, there) = scene.alice().await;
        let purchases = scene.purchases().await;
        let old = here.copy();
        assert_eq!(there.post("/login/alice", "").await.status, 200);
        assert_eq!(old.post(path, "").await.status, 307, "{path}");
        assert_eq!(scene.purchases().await, purchases, "{path}");
    }
}

#[tokio::test]
async fn a_replay_is_found_at_commit_and_reported_once() {
    for (path, ..) in PATHS {
        let scene = Scene::new().await;
        let (here, there) = scene.alice().await;
        let thief = here.copy();
        assert_eq!(there.post("/renew", "").await.status, 200);
        assert_ne!(there.cookie(COOKIE), thief.cookie(COOKIE));
        assert_eq!(there.post("/add", "").await.status, 200, "the new token is shown");
        scene.database.set_clock_ahead(Duration::from_secs(400)).await;
        let answer = thief.post(path, "").await;
        assert_eq!(answer.status, 401, "{path}: {answer:?}");
        assert_eq!(scene.processes[0].incidents(), ["authn_token_reuse"], "{path}");
        assert_eq!(scene.purchases().await, 0, "{path}");
        assert_eq!(there.post("/add", "").await.status, 401, "{path}: the session is over");
    }
}

#[tokio::test]
async fn a_known_session_ends_by_its_time_limits() {
    let policy = Policy::default().idle_timeout(600);
    for (path, ..) in PATHS {
        let scene = Scene::with(policy.clone()).await;
        let (here, _) = scene.alice().await;
        scene.database.set_clock_ahead(Duration::from_secs(500)).await;
        assert_ne!(here.post(path, "").await.status, 401, "{path}: it is alive");
        scene.database.set_clock_ahead(Duration::from_secs(1_200)).await;
        assert_eq!(here.post(path, "").await.status, 401, "{path}");
        assert_eq!(scene.database.count("session_ledger.session").await, 0, "{path}");
    }
}
