//! A WebSocket that writes to its session and closes with it.

use test_support::WebSocket;

use crate::scene::{NEVER, SAID, Scene, cookie};

#[tokio::test]
async fn a_websocket_writes_to_its_session_and_closes_at_the_logout() {
    let scene = Scene::set(NEVER).await;
    let (visitor, id) = scene.alice().await;
    let mut socket = WebSocket::open(scene.served().await, "/chat", &[("Cookie", &cookie(&visitor))]).await;
    for said in ["1", "2"] {
        socket.send("hello").await;
        assert_eq!(socket.next().await.as_deref(), Some(said));
    }
    // Requests and the socket write to the same session.
    assert_eq!(visitor.get("/add").await.body, "1");
    socket.send("hello").await;
    assert_eq!(socket.next().await.as_deref(), Some("3"));
    let state = scene.ledger.state_at(id, i64::MAX).await.unwrap();
    assert_eq!(state.content.values.keys().collect::<Vec<_>>(), ["count", SAID.name()]);
    assert_eq!(visitor.get("/logout").await.status, 200);
    assert_eq!(socket.next().await.as_deref(), Some("over: logged_out"));
    assert_eq!(socket.next().await, None);
}
