//! A stream of events that reads its session and ends with it.

use test_support::Http1;

use crate::scene::{NEVER, Scene, cookie};

#[tokio::test]
async fn a_stream_of_events_knows_its_user_and_ends_at_the_logout() {
    let scene = Scene::set(NEVER).await;
    let (visitor, _) = scene.alice().await;
    visitor.get("/add").await;
    let address = scene.served().await;
    let mut stream = Http1::send(address, "GET", "/news", &[("Cookie", &cookie(&visitor))], "").await;
    assert_eq!(stream.status().await, 200);
    let event = stream.until("\n\n").await.unwrap();
    assert!(event.ends_with("data: hello alice, 1"), "{event}");
    assert_eq!(visitor.get("/logout").await.status, 200);
    // The last piece of a body in pieces (RFC 9112, section 7.1).
    assert!(stream.until("0\r\n\r\n").await.is_some(), "the stream has an end");
}
