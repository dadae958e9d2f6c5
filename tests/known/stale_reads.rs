//! Routes whose plain reads may be of what is old: within the bound, and nothing but plain reads.

use std::time::Duration;

use session_ledger::ledger::End;
use session_ledger::session::EndReason;
use test_support::Visitor;

use crate::scene::{BOUND, Scene};

/// Alice, whose session both processes know, with the count 2; the process there has set it to 3 since.
async fn changed_elsewhere() -> (Scene, Visitor, Visitor) {
    let scene = Scene::new().await;
    let (here, there) = scene.alice().await;
    here.get("/show").await;
    assert_eq!(there.post("/add", "").await.body, "3");
    (scene, here, there)
}

#[tokio::test]
async fn a_plain_read_may_be_of_what_was_told_within_the_bound_and_no_longer() {
    let (scene, here, _) = changed_elsewhere().await;
    assert_eq!(here.get("/stale/show").await.body, "2");
    assert_eq!(here.get("/stale/user").await.body, "alice");
    scene.database.set_clock_ahead(BOUND).await;
    assert_eq!(here.get("/stale/show").await.body, "3");
}

#[tokio::test]
async fn a_session_that_has_ended_elsewhere_is_shown_for_the_bound_and_no_longer() {
    let (scene, here, _) = changed_elsewhere().await;
    let session = scene.session(&here).await;
    assert!(scene.ledgers[1].end(session, End::because(EndReason::Revoked)).await.unwrap());
    assert_eq!(here.get("/stale/user").await.status, 200);
    scene.database.set_clock_ahead(BOUND).await;
    assert_eq!(here.get("/stale/user").await.status, 401);
}

#[tokio::test]
async fn what_the_process_has_seen_the_end_of_is_shown_no_more() {
    let (scene, here, _) = changed_elsewhere().await;
    let session = scene.session(&here).await;
    assert!(scene.ledgers[1].end(session, End::because(EndReason::Revoked)).await.unwrap());
    assert_eq!(here.copy().get("/show").await.body, "0", "any other route knows at once");
    assert_eq!(here.get("/stale/user").await.status, 401);
}

#[tokio::test]
async fn what_the_process_itself_has_written_is_seen_at_once() {
    let scene = Scene::new().await;
    let (here, _) = scene.alice().await;
    for count in ["3", "4", "5"] {
        assert_eq!(here.post("/add", "").await.body, count);
        assert_eq!(here.get("/stale/show").await.body, count);
    }
    assert_eq!(here.post("/logout", "").await.status, 200);
    assert_eq!(here.get("/stale/user").await.status, 401);
}

/// By whatever a handler does that is more than to read, it is served as on any other route.
#[tokio::test]
async fn whoever_does_more_than_read_sees_the_present() {
    let answers =
        [("recent", "3"), ("demand", "3"), ("exact", "3"), ("add", "4"), ("buy", "3"), ("order-late", "4")];
    for (path, body) in answers {
        let (scene, here, _) = changed_elsewhere().await;
        let answer = here.get(&format!("/stale/{path}")).await;
        assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, body), "{path}");
        let bought = i64::from(["buy", "order-late"].contains(&path));
        assert_eq!(scene.purchases().await, bought, "{path}: nothing of a run in vain takes effect");
        scene.is_sound().await;
    }
    let (_scene, here, _) = changed_elsewhere().await;
    assert_eq!(here.get("/stale/part").await.body, "3 4", "a part that commits by itself");
    let (_scene, here, _) = changed_elsewhere().await;
    assert_eq!(here.post("/stale/show", "").await.body, "3", "a method that says it writes");
}

/// Beside what is old the value seems to be kept already.
#[tokio::test]
async fn a_value_that_is_set_to_what_it_was_is_written() {
    let (scene, here, there) = changed_elsewhere().await;
    assert_eq!(here.get("/stale/zero").await.status, 200);
    assert_eq!(there.get("/show").await.body, "2");
    scene.is_sound().await;
}

#[tokio::test]
async fn an_answer_that_is_an_error_may_be_as_old_as_any_other() {
    let (_scene, here, _) = changed_elsewhere().await;
    let answer = here.get("/stale/fail").await;
    assert_eq!((answer.status.as_u16(), answer.body.as_str()), (500, "2"));
}

/// Whatever happens elsewhere, a stale read shows a count that was the session's at some moment within the
/// bound.
#[tokio::test]
async fn reads_are_never_older_than_the_bound() {
    let scene = Scene::new().await;
    let (here, there) = scene.alice().await;
    let (mut ahead, mut count) = (Duration::ZERO, 2_u32);
    // When each count began, by the clock's way ahead.
    let mut began = vec![(Duration::ZERO, 2)];
    let mut stale = 0;
    for _ in 0..60 {
        match rand::random_range(0..3) {
            0 => {
                ahead += BOUND.mul_f64(rand::random_range(0.1..0.7));
                scene.database.set_clock_ahead(ahead).await;
            }
            1 => {
                count += 1;
                assert_eq!(there.post("/add", "").await.body, count.to_string());
                began.push((ahead, count));
            }
            _ => {
                let seen: u32 = here.get("/stale/show").await.body.parse().unwrap();
                let replaced = began.iter().find(|(_, later)| *later > seen).map_or(ahead, |(at, _)| *at);
                assert!(ahead - replaced < BOUND, "{seen} was replaced {:?} ago", ahead - replaced);
                stale += u32::from(seen < count);
            }
        }
    }
    println!("{stale} reads were old");
}
