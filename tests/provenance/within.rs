//! What a request does to its session changes what the rest of its transaction knows.

use crate::shop::Scene;

#[tokio::test]
async fn a_login_in_the_request_is_known_from_then_on() {
    let scene = Scene::set().await;
    // A visitor whose session starts with the login, and one who has a session.
    let new = scene.session_of(&scene.visitor(), "/login-between/alice").await;
    let visitor = scene.visitor();
    let kept = scene.session_of(&visitor, "/keep").await;
    assert_eq!(scene.session_of(&visitor, "/login-between/bob").await, kept);
    // The login comes before the transaction begins.
    let first = scene.session_of(&scene.visitor(), "/login-first/carol").await;
    assert_eq!(
        scene.deeds().await,
        [
            "before - - -".to_owned(),
            format!("after {new} alice -"),
            format!("before {kept} - -"),
            format!("after {kept} bob -"),
            format!("after {first} carol -"),
        ]
    );
    for session in [new, kept, first] {
        assert!(!scene.ledger.history(session).await.unwrap().is_empty(), "there is such a session");
    }
}

#[tokio::test]
async fn a_session_that_ends_in_the_request_is_unknown_from_then_on() {
    let scene = Scene::set().await;
    for path in ["/logout-between", "/end-between"] {
        let alice = scene.visitor();
        let session = scene.session_of(&alice, "/login/alice").await;
        assert_eq!(alice.post(path, "").await.status, 200, "{path}");
        let deeds = scene.deeds().await;
        assert_eq!(deeds[deeds.len() - 2..], [format!("before {session} alice -"), "after - - -".to_owned()]);
    }
}

#[tokio::test]
async fn a_user_who_takes_the_place_of_another_has_a_session_of_their_own() {
    let scene = Scene::set().await;
    let visitor = scene.visitor();
    let alice = scene.session_of(&visitor, "/login/alice").await;
    let bob = scene.session_of(&visitor, "/login-between/bob").await;
    assert_ne!(alice, bob);
    assert_eq!(scene.deeds().await, [format!("before {alice} alice -"), format!("after {bob} bob -")]);
}

/// PostgreSQL undoes a setting when it goes back to a savepoint.
#[tokio::test]
async fn going_back_to_a_savepoint_keeps_the_login() {
    let scene = Scene::set().await;
    let alice = scene.visitor();
    assert_eq!(alice.post("/behind-savepoint/alice", "").await.status, 200);
    let session = scene.ledger.sessions(&"alice".into()).await.unwrap()[0].id;
    assert_eq!(scene.deeds().await, [format!("kept {session} alice -")]);
}

#[tokio::test]
async fn each_part_of_a_request_knows() {
    let scene = Scene::set().await;
    let alice = scene.visitor();
    let session = scene.session_of(&alice, "/login/alice").await;
    assert_eq!(alice.post("/in-parts", "").await.status, 200);
    assert_eq!(
        scene.deeds().await,
        [format!("first {session} alice -"), format!("second {session} alice -")]
    );
}
