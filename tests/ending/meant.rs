//! Which sessions are meant, and which are not.

use std::time::Duration;

use session_ledger::ledger::End;
use session_ledger::session::{EndReason, Policy, SessionFilter, UserId};
use session_ledger::web::IpNet;
use test_support::{Database, Visitor};

use crate::scene::{Browser, Scene};

async fn signed_in(browsers: &[&Browser]) -> Vec<bool> {
    let mut all = Vec::new();
    for browser in browsers {
        all.push(browser.is_signed_in().await);
    }
    all
}

fn network(text: &str) -> SessionFilter {
    SessionFilter::all().from_network(text.parse::<IpNet>().unwrap())
}

fn revoked() -> End {
    End::because(EndReason::Revoked).by("admin")
}

#[tokio::test]
async fn all_sessions_of_a_user_end_but_the_one_that_is_kept() {
    let scene = Scene::set().await;
    let (kept, one, other) =
        (scene.signed_in("alice").await, scene.signed_in("alice").await, scene.signed_in("alice").await);
    let bob = scene.signed_in("bob").await;
    let alice = UserId::from("alice");
    let end = End::because(EndReason::CredentialChanged).by(alice.clone()).keep(kept.session);
    assert_eq!(scene.ledger.end_all(&alice, end).await.unwrap(), 2);
    assert_eq!(signed_in(&[&kept, &one, &other, &bob]).await, [true, false, false, true]);
    for ended in [&one, &other] {
        let session = scene.ledger.session_of(&alice, ended.session).await.unwrap().unwrap();
        assert_eq!(session.ended.unwrap().0, EndReason::CredentialChanged);
        let history = scene.ledger.history(ended.session).await.unwrap();
        let last = &history.last().unwrap().entry;
        assert_eq!((last.encoded.kind(), last.actor.as_ref()), ("ended", Some(&alice)));
    }
    assert_eq!(scene.ledger.end_all(&alice, revoked().keep(kept.session)).await.unwrap(), 0);
    assert_eq!(scene.ledger.end_all(&"nobody".into(), revoked()).await.unwrap(), 0);
    scene.is_sound().await;
}

#[tokio::test]
async fn an_end_of_one_users_sessions_ends_nobody_elses() {
    let scene = Scene::set().await;
    let (alice, bob) = (scene.signed_in("alice").await, scene.signed_in("bob").await);
    let of_both = SessionFilter::all().of_user("alice");
    assert_eq!(scene.ledger.end_where(&of_both, revoked().of("bob")).await.unwrap(), 0);
    assert_eq!(signed_in(&[&alice, &bob]).await, [true, true]);
    assert_eq!(scene.ledger.end_where(&SessionFilter::all(), revoked().of("bob")).await.unwrap(), 1);
    assert_eq!(signed_in(&[&alice, &bob]).await, [true, false]);
}

/// Those that were last changed from there, and those that were signed in to from there.
#[tokio::test]
async fn all_sessions_of_a_network_end() {
    let scene = Scene::set().await;
    let there = scene.signed_in_at("alice", "203.0.113.7").await;
    let gone_away = scene.signed_in_at("bob", "203.0.113.8").await;
    gone_away.moves_to(&scene.shop, "198.51.100.1").await;
    let stolen = scene.signed_in_at("carol", "198.51.100.2").await;
    stolen.moves_to(&scene.shop, "203.0.113.9").await;
    let elsewhere = scene.signed_in_at("alice", "203.0.112.255").await;
    let sixth = scene.signed_in_at("erin", "2001:db8::7").await;
    let guest = Visitor::new(&scene.shop).at("203.0.113.10".parse().unwrap());
    assert_eq!(guest.post("/add", "").await.status, 200);
    let all = [&there, &gone_away, &stolen, &elsewhere, &sixth];

    let narrow = network("203.0.113.0/24").of_user("carol");
    assert_eq!(scene.ledger.end_where(&narrow, revoked()).await.unwrap(), 1);
    assert_eq!(signed_in(&all).await, [true, true, false, true, true]);
    let one = network("203.0.113.7/32");
    assert_eq!(scene.ledger.end_where(&one, revoked().keep(there.session)).await.unwrap(), 0);
    assert_eq!(scene.ledger.end_where(&network("203.0.113.77/24"), revoked()).await.unwrap(), 3);
    assert_eq!(signed_in(&all).await, [false, false, false, true, true]);
    assert_eq!(scene.live().await, 2, "the guest's is over as well");
    assert_eq!(scene.ledger.end_where(&network("0.0.0.0/0"), revoked()).await.unwrap(), 1);
    assert_eq!(scene.ledger.end_where(&network("2001:db8::/32"), revoked()).await.unwrap(), 1);
    assert_eq!(signed_in(&all).await, [false; 5]);
    scene.is_sound().await;
}

#[tokio::test]
async fn all_sessions_end_also_of_visitors_who_are_not_signed_in() {
    let scene = Scene::set().await;
    assert_eq!(scene.ledger.end_where(&SessionFilter::all(), revoked()).await.unwrap(), 0);
    let browsers = [scene.signed_in("alice").await, scene.signed_in("bob").await];
    let guest = Visitor::new(&scene.shop);
    assert_eq!(guest.post("/add", "").await.status, 200);
    let end = revoked().keep(browsers[1].session);
    assert_eq!(scene.ledger.end_where(&SessionFilter::all(), end).await.unwrap(), 2);
    assert_eq!(scene.live().await, 1);
    assert_eq!(signed_in(&[&browsers[0], &browsers[1]]).await, [false, true]);
    scene.is_sound().await;
}

/// They end as they would have if somebody had come.
#[tokio::test]
async fn a_session_whose_time_was_over_ends_for_that_reason() {
    let database = Database::fresh().await;
    let builder = database.builder().policy(Policy::default().idle_timeout(600));
    let scene = Scene::through(database, builder).await;
    let browser = scene.signed_in("alice").await;
    scene.database.set_clock_ahead(Duration::from_secs(3600)).await;
    assert_eq!(scene.ledger.end_all(&"alice".into(), revoked()).await.unwrap(), 1);
    let session = scene.ledger.session_of(&"alice".into(), browser.session).await.unwrap().unwrap();
    assert_eq!(session.ended.unwrap().0, EndReason::IdleTimeout);
}

#[tokio::test]
async fn what_cannot_be_stored_is_refused_before_any_session_ends() {
    let scene = Scene::set().await;
    scene.signed_in("alice").await;
    let bad_user = "a user id must have 1 to 255 bytes and no NUL character";
    for user in ["", "nul\0", &"x".repeat(256)] {
        let filter = SessionFilter::all().of_user(user);
        assert_eq!(scene.ledger.end_where(&filter, revoked()).await.unwrap_err().to_string(), bad_user);
        let all = scene.ledger.end_where(&SessionFilter::all(), revoked().by(user)).await;
        assert_eq!(all.unwrap_err().to_string(), bad_user);
    }
    let reason = EndReason::Other("x".repeat(256));
    assert!(scene.ledger.end_where(&SessionFilter::all(), reason).await.is_err());
    assert_eq!(scene.live().await, 1);
}
