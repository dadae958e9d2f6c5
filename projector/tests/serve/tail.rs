//! The live page: a stream of lines.

use std::time::Duration;

use futures_util::StreamExt;
use poem::Endpoint;
use poem::http::{Method, StatusCode};

use crate::pages::page;
use crate::scene::Scene;

#[tokio::test]
async fn logins_and_their_ends_come_by_themselves_until_the_reader_leaves() {
    let scene = Scene::open().await;
    let viewer = scene.viewer().await;
    assert!(page(&viewer, "/tail").await.contains("data-source=\"/tail/lines\""));
    let answer = scene.console.get_response(viewer.request(Method::GET, "/tail/lines", "")).await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    assert_eq!(scene.notes("console:local").await.last().unwrap(), "looked at: the latest logins, live");
    let mut lines = answer.into_body().into_bytes_stream().map(|part| part.unwrap());
    let mut heard = String::new();
    let mut wait_for = async |text: &str| {
        let hearing = async {
            while !heard.contains(text) {
                heard += std::str::from_utf8(&lines.next().await.expect("the stream goes on")).unwrap();
            }
        };
        tokio::time::timeout(Duration::from_secs(60), hearing).await.expect("it is told");
    };
    wait_for("event: lines").await;
    let (alice, _) = scene.customer_named("alice").await;
    wait_for("/users?name=alice\">alice</a>").await;
    alice.get("/logout").await;
    wait_for(">logged out</span>").await;

    viewer.post("/logout", "").await;
    let rest = tokio::time::timeout(Duration::from_secs(60), async { while lines.next().await.is_some() {} });
    rest.await.expect("the stream ends with the session");
}
