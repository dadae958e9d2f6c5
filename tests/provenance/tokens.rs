//! Only who holds the session's token is known by it.

use std::time::Duration;

use session_ledger::session::EndReason;

use crate::shop::Scene;

const NAME: &str = "__Host-session";

/// Longer than the policy's `renewal_grace`.
const PAST_GRACE: Duration = Duration::from_secs(31);

#[tokio::test]
async fn a_forged_token_makes_a_visitor() {
    let scene = Scene::set().await;
    let alice = scene.visitor();
    scene.session_of(&alice, "/login/alice").await;
    let token = alice.cookie(NAME).unwrap();
    let forger = scene.visitor();
    // One character of the sealed part is another.
    let last = if token.ends_with('A') { "B" } else { "A" };
    for forged in [format!("{}{last}", &token[..token.len() - 1]), "x".to_owned()] {
        forger.put_cookie(NAME, forged);
        assert_eq!(forger.get("/who").await.body, "- - -");
        assert_eq!(forger.get("/who-late").await.body, "- - -");
    }
}

#[tokio::test]
async fn a_replayed_token_makes_a_visitor() {
    let scene = Scene::set().await;
    let visitor = scene.visitor();
    let session = scene.session_of(&visitor, "/keep").await;
    let thief = visitor.copy();
    scene.session_of(&visitor, "/login/alice").await;
    // Within the grace of a login the old token opens nothing, and its request does nothing.
    assert_eq!(thief.post("/do/stolen", "").await.status, 307);
    assert_eq!(visitor.get("/who").await.body, format!("{session} alice -"));
    scene.database.set_clock_ahead(PAST_GRACE).await;
    assert_eq!(visitor.get("/who").await.body, format!("{session} alice -"));
    assert_eq!(thief.get("/who").await.body, "- - -", "afterwards it is a replay, and the session ends");
    let ended = scene.ledger.sessions(&"alice".into()).await.unwrap()[0].ended.clone();
    assert_eq!(ended.unwrap().0, EndReason::TokenReplayed);
    assert_eq!(visitor.get("/who").await.body, "- - -");
    assert_eq!(scene.deeds().await, [""; 0]);
}

#[tokio::test]
async fn a_token_of_a_session_whose_time_is_over_makes_a_visitor() {
    let scene = Scene::set().await;
    let alice = scene.visitor();
    scene.session_of(&alice, "/login/alice").await;
    scene.database.set_clock_ahead(Duration::from_secs(15 * 24 * 3_600)).await;
    assert_eq!(alice.get("/who").await.body, "- - -", "the hash still fits, and the time is over");
    assert_eq!(alice.get("/who").await.body, "- - -");
}

/// The hash of an offered token stands where SQL does not look.
#[tokio::test]
async fn renewed_tokens_and_latecomers_are_known() {
    let scene = Scene::set().await;
    let alice = scene.visitor();
    let session = scene.session_of(&alice, "/login/alice").await;
    let known = format!("{session} alice -");
    for _ in 0..3 {
        let late = alice.copy();
        assert_eq!(alice.post("/renew", "").await.status, 200);
        assert_ne!(alice.cookie(NAME), late.cookie(NAME));
        assert_eq!(late.get("/who").await.body, known, "while the new token is on offer");
        assert_eq!(alice.get("/who").await.body, known, "the new token is shown for the first time");
        assert_eq!(late.get("/who").await.body, known, "a latecomer within the grace");
        assert_eq!(alice.get("/who").await.body, known);
    }
}
