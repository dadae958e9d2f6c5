//! The line of those who write to one session is a courtesy, never a lock.
//!
//! A request without a body to wait for, or with a handler that takes its time, kept its turn for as long as
//! it lived. All other changes of its session were then refused, a logout too: whoever had stolen a cookie
//! could keep its owner from logging out.

use poem::http::Method;
use session_ledger::session::EndReason;
use test_support::Visitor;

use crate::scene::{Scene, announced, send, silent};

/// The session's changes are made, each by one run of its handler, and its logout is final.
async fn changes_and_logs_out(scene: &Scene, owner: &Visitor) {
    assert_eq!(owner.get("/show").await.body, "alice 0");
    for nth in 1..=3 {
        scene.signs.adds();
        assert_eq!(owner.post("/add", "").await.status, 200);
        assert_eq!(scene.signs.adds(), 1, "no run in vain");
        assert_eq!(owner.get("/show").await.body, format!("alice {nth}"));
    }
    let thief = owner.copy();
    assert_eq!(owner.post("/logout", "").await.status, 200);
    assert_eq!(thief.get("/show").await.body, "- 0");
}

/// Nobody has the turn: a GET that writes gives way to whoever has it, and runs once more.
async fn nobody_has_the_turn(scene: &Scene, owner: &Visitor) {
    scene.signs.adds();
    assert_eq!(owner.send(Method::GET, "/add", "").await.status, 200);
    assert_eq!(scene.signs.adds(), 1, "it gave way to nobody");
}

#[tokio::test]
async fn an_upload_that_never_comes_keeps_nobody_from_logging_out() {
    let scene = Scene::set().await;
    let owner = scene.customer().await;
    let upload = send(&owner, silent(&owner, "/upload"));
    scene.signs.wait_for_handlers(1).await;
    changes_and_logs_out(&scene, &owner).await;
    assert!(!upload.is_finished());
    upload.abort();
}

#[tokio::test]
async fn a_body_that_is_kept_and_never_comes_does_not_even_stand_in_line() {
    let scene = Scene::with_connections(1).await;
    let owner = scene.customer().await;
    let uploads = ["/upload", "/uploadtx"].map(|path| send(&owner, announced(&owner, path, 100)));
    tokio::task::yield_now().await;
    nobody_has_the_turn(&scene, &owner).await;
    assert_eq!(owner.post("/logout", "").await.status, 200);
    assert_eq!(scene.signs.entered.available_permits(), 0, "no handler was called");
    for upload in uploads {
        assert!(!upload.is_finished());
        upload.abort();
    }
}

#[tokio::test]
async fn a_handler_that_takes_its_time_keeps_nobody_from_changing_the_session() {
    let scene = Scene::set().await;
    let owner = scene.customer().await;
    let slow = send(&owner, owner.request(Method::POST, "/slow", ""));
    scene.signs.wait_for_handlers(1).await;
    changes_and_logs_out(&scene, &owner).await;
    scene.signs.gate.notify_one();
    let answer = slow.await.unwrap();
    assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, "alice"), "as it was when it asked");
}

#[tokio::test]
async fn a_request_behind_many_that_never_finish_goes_ahead() {
    let scene = Scene::set().await;
    let owner = scene.customer().await;
    let uploads: Vec<_> = (0..32).map(|_| send(&owner, silent(&owner, "/upload"))).collect();
    scene.signs.wait_for_handlers(1).await;
    changes_and_logs_out(&scene, &owner).await;
    uploads.iter().for_each(tokio::task::JoinHandle::abort);
}

#[tokio::test]
async fn a_session_is_revoked_whoever_stands_in_its_line() {
    let scene = Scene::set().await;
    let owner = scene.customer().await;
    let uploads: Vec<_> = (0..32).map(|_| send(&owner, silent(&owner, "/upload"))).collect();
    scene.signs.wait_for_handlers(1).await;
    assert_eq!(scene.ledger.end_all(&"alice".into(), EndReason::Revoked).await.unwrap(), 1);
    assert_eq!(owner.get("/show").await.body, "- 0");
    uploads.iter().for_each(tokio::task::JoinHandle::abort);
}

#[tokio::test]
async fn a_job_that_keeps_the_session_of_a_client_that_has_hung_up_keeps_no_turn() {
    let scene = Scene::set().await;
    let owner = scene.customer().await;
    let request = send(&owner, owner.request(Method::POST, "/job-then-hang", ""));
    scene.signs.wait_for_handlers(1).await;
    request.abort();
    assert!(request.await.unwrap_err().is_cancelled());
    nobody_has_the_turn(&scene, &owner).await;
}

#[tokio::test]
async fn a_job_that_keeps_the_session_of_a_handler_that_panicked_or_returned_keeps_no_turn() {
    let scene = Scene::set().await;
    let owner = scene.customer().await;
    for (path, status) in [("/job-then-panic", 500), ("/job-then-return", 200)] {
        assert_eq!(owner.post(path, "").await.status, status);
        nobody_has_the_turn(&scene, &owner).await;
    }
}
