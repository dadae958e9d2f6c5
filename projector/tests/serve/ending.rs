//! Ending sessions: by those who may, after a question, with reason and actor.

use poem::http::StatusCode;
use session_ledger::session::{EndReason, Event};

use crate::pages::page;
use crate::scene::Scene;

#[tokio::test]
async fn a_session_is_ended_with_its_reason_and_actor() {
    let scene = Scene::with_users(&[("anna", "ender")]).await;
    let (alice, id) = scene.customer_named("alice").await;
    let anna = scene.signed_in("anna").await;
    assert!(page(&anna, &format!("/sessions/{id}")).await.contains("id=\"end\""));
    let asked = page(&anna, &format!("/sessions/{id}/end")).await;
    assert!(asked.contains("of alice?") && asked.contains("This cannot be undone."), "{asked}");
    assert!(!alice.get("/id").await.body.is_empty(), "to be asked ends nothing");

    let form = "reason=credential_changed&remark=Ticket+12";
    let answer = anna.post(&format!("/sessions/{id}/end"), form).await;
    assert_eq!(answer.header("location"), format!("/sessions/{id}"), "{answer:?}");
    assert_eq!(alice.get("/id").await.body, "", "the browser is signed out");
    let last = scene.ledger.history(id).await.unwrap().pop().unwrap();
    assert_eq!(last.entry.actor, Some("console:anna".into()));
    assert!(
        matches!(last.entry.event(), Ok(Event::Ended(end)) if end.reason == EndReason::CredentialChanged)
    );
    let notes = scene.notes("console:anna").await;
    assert_eq!(
        notes.last().unwrap(),
        &format!("ended: session {id} of alice: credential_changed. Ticket 12")
    );
    let told = page(&anna, &format!("/sessions/{id}")).await;
    assert!(told.contains("The session is ended.") && told.contains("console:anna"), "{told}");

    anna.post(&format!("/sessions/{id}/end"), form).await;
    assert!(page(&anna, &format!("/sessions/{id}")).await.contains("The session had ended already."));
}

#[tokio::test]
async fn all_sessions_of_a_user_are_ended_and_no_others() {
    let scene = Scene::open().await;
    let (first, _) = scene.customer_named("alice").await;
    let (second, _) = scene.customer_named("alice").await;
    let (bob, _) = scene.customer_named("bob").await;
    let viewer = scene.viewer().await;
    assert!(page(&viewer, "/users?name=alice").await.contains("id=\"end-all\""));
    assert!(page(&viewer, "/users/end?name=alice").await.contains("End all sessions of alice?"));
    let answer = viewer.post("/users/end", "name=alice&reason=revoked").await;
    assert_eq!(answer.header("location"), "/users?name=alice", "{answer:?}");
    assert_eq!((first.get("/id").await.body, second.get("/id").await.body), (String::new(), String::new()));
    assert!(!bob.get("/id").await.body.is_empty());
    let notes = scene.notes("console:local").await;
    assert_eq!(notes.last().unwrap(), "ended: 2 sessions of user alice: revoked");
    assert!(page(&viewer, "/users?name=alice").await.contains("2 sessions are ended."));
}

#[tokio::test]
async fn a_reader_may_end_nothing() {
    let scene = Scene::with_users(&[("anna", "ender"), ("bert", "reader")]).await;
    let (alice, id) = scene.customer_named("alice").await;
    let bert = scene.signed_in("bert").await;
    for path in [format!("/sessions/{id}"), "/users?name=alice".to_owned()] {
        assert!(!page(&bert, &path).await.contains("/end"), "{path}");
    }
    for answer in [
        bert.get(&format!("/sessions/{id}/end")).await,
        bert.get("/users/end?name=alice").await,
        bert.post(&format!("/sessions/{id}/end"), "reason=revoked").await,
        bert.post("/users/end", "name=alice&reason=revoked").await,
    ] {
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
        assert!(answer.body.contains("You may read here, but not end sessions."), "{}", answer.body);
    }
    assert!(!alice.get("/id").await.body.is_empty());

    let local = Scene::with(&[]).await;
    let (_, id) = local.customer_named("alice").await;
    let answer = local.viewer().await.post(&format!("/sessions/{id}/end"), "reason=revoked").await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN, "without --may-end nobody may");
}

#[tokio::test]
async fn a_form_from_elsewhere_and_an_unknown_reason_end_nothing() {
    let scene = Scene::open().await;
    let (alice, id) = scene.customer_named("alice").await;
    let viewer = scene.viewer().await;
    let path = format!("/sessions/{id}/end");
    let forged = viewer.clone().sending("sec-fetch-site", "cross-site").post(&path, "reason=revoked").await;
    assert_eq!(forged.status, StatusCode::FORBIDDEN);
    assert!(forged.body.contains("came from another site"), "{}", forged.body);
    for form in ["reason=because", "reason=", "reason=idle_timeout"] {
        let answer = viewer.post(&path, form).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{form}");
        assert!(answer.body.contains("Choose one of the reasons."), "{}", answer.body);
    }
    assert_eq!(
        viewer.post(&path, &format!("reason=revoked&remark={}", "x".repeat(20_000))).await.status,
        StatusCode::PAYLOAD_TOO_LARGE
    );
    assert!(!alice.get("/id").await.body.is_empty());
}

#[tokio::test]
async fn nobody_ends_their_own_session_by_it() {
    let scene = Scene::open().await;
    let viewer = scene.viewer().await;
    let sessions = scene.ledger.sessions(&"console:local".into()).await.unwrap();
    let answer = viewer.post(&format!("/sessions/{}/end", sessions[0].id), "reason=revoked").await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert!(answer.body.contains("That is your own session: log out instead."), "{}", answer.body);
    viewer.post("/users/end", "name=console:local&reason=revoked").await;
    page(&viewer, "/").await;
}
