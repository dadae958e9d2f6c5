//! One session's part of the pool.
//!
//! One client with many connections could take the whole pool with requests of its own session.

use poem::http::Method;
use test_support::Visitor;

use crate::scene::{Scene, send};

const AT_THE_GATE: &str = "wait_event_type = 'Lock' and wait_event = 'advisory'";

/// Sends many requests of one session, each of which holds a connection at the gate.
async fn storm(scene: &Scene, method: Method) {
    let client = scene.customer().await;
    let gate = scene.close_gate().await;
    let requests: Vec<_> =
        (0..32).map(|_| send(&client, client.request(method.clone(), "/hold", ""))).collect();
    scene.signs.wait_for_handlers(4).await;
    scene.wait_for_connections(4, AT_THE_GATE).await;
    let stranger = Visitor::new(&scene.app);
    for nth in 1..=3 {
        assert_eq!(stranger.post("/add", "").await.status, 200);
        assert_eq!(stranger.get("/show").await.body, format!("- {nth}"));
    }
    assert_eq!(client.get("/show").await.body, "alice 0", "reading takes no part of it");
    assert_eq!(scene.connections(AT_THE_GATE).await, 4, "a quarter of the pool");
    drop(gate);
    for request in requests {
        let status = request.await.unwrap().status.as_u16();
        assert!(status == 200 || status == 503, "{status}");
    }
    assert_eq!(client.get("/show").await.body, "alice 0");
    assert_eq!(client.post("/hold", "").await.status, 200, "all is as before");
}

#[tokio::test]
async fn a_session_with_thirty_two_readers_in_transactions_holds_a_quarter_of_the_pool() {
    storm(&Scene::set().await, Method::GET).await;
}

#[tokio::test]
async fn so_does_one_with_thirty_two_writers() {
    storm(&Scene::set().await, Method::POST).await;
}

#[tokio::test]
async fn its_transactions_take_nothing_from_its_other_changes() {
    let scene = Scene::set().await;
    let client = scene.customer().await;
    let gate = scene.close_gate().await;
    let requests: Vec<_> = (0..32).map(|_| send(&client, client.request(Method::GET, "/hold", ""))).collect();
    scene.signs.wait_for_handlers(4).await;
    scene.wait_for_connections(4, AT_THE_GATE).await;
    assert_eq!(client.post("/add", "").await.status, 200);
    assert_eq!(client.get("/show").await.body, "alice 1");
    drop(gate);
    for request in requests {
        let status = request.await.unwrap().status.as_u16();
        assert!(status == 200 || status == 503, "{status}");
    }
}

#[tokio::test]
async fn a_logout_needs_no_part_of_it() {
    let scene = Scene::set().await;
    let owner = scene.customer().await;
    let gate = scene.close_gate().await;
    let requests: Vec<_> = (0..8).map(|_| send(&owner, owner.request(Method::GET, "/hold", ""))).collect();
    scene.signs.wait_for_handlers(4).await;
    scene.wait_for_connections(4, AT_THE_GATE).await;
    let thief = owner.copy();
    assert_eq!(owner.post("/logout", "").await.status, 200);
    assert_eq!(thief.get("/show").await.body, "- 0");
    drop(gate);
    for request in requests {
        let status = request.await.unwrap().status.as_u16();
        assert!(status == 200 || status == 503, "{status}");
    }
}
