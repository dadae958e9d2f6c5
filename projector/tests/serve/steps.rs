//! A session's data at each step: readable where it may be read.

use session_ledger::session::SessionId;

use crate::pages::page;
use crate::scene::Scene;

/// The page of the step at which the session's event of this kind happened last.
async fn step(scene: &Scene, id: SessionId, kind: &str) -> String {
    let history = scene.ledger.history(id).await.unwrap();
    let version = history.iter().rfind(|event| event.entry.encoded.kind() == kind).unwrap().entry.version;
    page(&scene.viewer().await, &format!("/sessions/{id}/steps/{version}")).await
}

#[tokio::test]
async fn values_are_shown_as_far_as_they_are_readable_and_no_secrets() {
    let scene = Scene::open().await;
    let (_, id) = scene.customer_named("alice").await;
    let body = step(&scene, id, "logged_in").await;
    for part in [
        "<code>cart</code>",
        "<code>card_pin</code>",
        "<code>count</code>",
        "&#34;tea&#34;: 2",
        "JSON",
        "Postcard",
        "1 byte",
    ] {
        assert!(body.contains(part), "{part} in {body}");
    }
    assert!(body.contains("&#34;token&#34;: &#34;hidden&#34;") && !body.contains("tok_4242"), "{body}");
    assert!(body.contains("<span class=\"state\">hidden</span>") && !body.contains("4711"), "{body}");
    let state = scene.ledger.state_at(id, i64::MAX).await.unwrap();
    for hash in [state.token_hash.as_bytes(), state.head.as_bytes()] {
        let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(!body.contains(&hex), "{body}");
    }
}

#[tokio::test]
async fn a_step_tells_what_it_has_changed() {
    let scene = Scene::open().await;
    let (alice, id) = scene.customer_named("alice").await;
    let body = step(&scene, id, "logged_in").await;
    let changed = body.split("id=\"differences\"").nth(1).unwrap().split("</table>").next().unwrap();
    assert!(
        changed.contains("data-label=\"Before\">nobody") && changed.contains("data-label=\"After\">alice"),
        "{changed}"
    );
    alice.get("/fill-more").await;
    let body = step(&scene, id, "value_set").await;
    let changed = body.split("id=\"differences\"").nth(1).unwrap().split("</table>").next().unwrap();
    assert!(changed.contains("&#34;tea&#34;: 2") && changed.contains("&#34;tea&#34;: 3"), "{changed}");
    assert!(!changed.contains("tok_4242"), "{changed}");
}

#[tokio::test]
async fn a_key_that_the_operator_names_is_hidden_too() {
    let scene = Scene::with(&["--hide", "cart"]).await;
    let (_, id) = scene.customer_named("alice").await;
    let body = step(&scene, id, "logged_in").await;
    assert!(body.contains("<code>cart</code>") && !body.contains("&#34;tea&#34;"), "{body}");
}
