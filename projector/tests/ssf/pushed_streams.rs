//! Streams that receivers have pushed to them.

use std::time::Duration;

use projector::ssf::SigningKey;
use serde_json::{Value, json};

use super::receiver::{Post, Receiver};
use super::served::{BOUND, Caller, Scene, told};
use super::{key_file, verified};

/// Makes a stream that is pushed to an address; returns its id.
async fn make(caller: &Caller, address: &str) -> String {
    let made = caller.ask("POST", "/ssf/streams", Some(&json!({ "delivery": delivery(address) }))).await;
    assert_eq!(made.status, 201, "{made:?}");
    assert_eq!(made.body["delivery"], delivery(address));
    made.body["stream_id"].as_str().unwrap().to_owned()
}

fn delivery(address: &str) -> Value {
    json!({
        "method": "urn:ietf:rfc:8935",
        "endpoint_url": format!("http://{address}/events?key=hunter2"),
        "authorization_header": "Bearer hunter3",
    })
}

/// What has been pushed, once so much is there.
async fn pushed(receiver: &Receiver, count: usize) -> Vec<(String, String)> {
    let waiting = async {
        while receiver.posts().len() < count {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(BOUND, waiting)
        .await
        .unwrap_or_else(|_| panic!("only {} came", receiver.posts().len()));
    receiver.posts().iter().map(|post| told(&claims(post))).collect()
}

fn claims(post: &Post) -> Value {
    let jwk = SigningKey::from_file(&key_file("pkcs8.pem")).unwrap().jwk();
    verified(std::str::from_utf8(&post.body).unwrap(), &jwk).1
}

fn pair(kind: &str, who: &str) -> (String, String) {
    (kind.to_owned(), who.to_owned())
}

#[tokio::test]
async fn a_stream_is_pushed_from_its_beginning_to_its_end() {
    let scene = Scene::start(&["--private"]).await;
    let forum = scene.caller("forum");
    let (receiver, address) = Receiver::start().await;
    scene.log_in("before").await;
    let id = make(&forum, &address).await;
    scene.log_in("alice").await;
    assert_eq!(pushed(&receiver, 1).await, [pair("session-established", "alice")]);
    let [post] = &receiver.posts()[..] else { panic!("one") };
    assert_eq!(post.headers["authorization"], "Bearer hunter3");
    assert_eq!(post.uri.query(), Some("key=hunter2"));
    assert_eq!(claims(post)["aud"], "https://forum.example/caep");

    let asked = json!({ "stream_id": id, "state": "s" });
    assert_eq!(forum.ask("POST", "/ssf/verify", Some(&asked)).await.status, 204);
    assert_eq!(pushed(&receiver, 2).await[1], pair("verification", &id));
    forum.set_status(&id, "paused").await;
    assert_eq!(pushed(&receiver, 3).await[2], pair("stream-updated", &id));
    scene.log_in("bob").await;
    forum.set_status(&id, "enabled").await;
    let last = pushed(&receiver, 5).await.split_off(3);
    assert!(last.contains(&pair("stream-updated", &id)), "{last:?}");
    assert!(last.contains(&pair("session-established", "bob")), "{last:?}");

    let polled = forum.ask("POST", &format!("/ssf/poll/{id}"), Some(&json!({}))).await;
    assert_eq!((polled.status, &polled.body["err"]), (400, &json!("invalid_request")));
    let client = scene.database.connect().await;
    let kept: String = client
        .query_one("select string_agg(document::text, ' ') from session_ledger.signal_stream", &[])
        .await
        .unwrap()
        .get(0);
    assert!(kept.contains("push") && !kept.contains("hunter") && !kept.contains(&address), "{kept}");
    assert_eq!(forum.ask("DELETE", &format!("/ssf/streams?stream_id={id}"), None).await.status, 204);
    assert!(scene.ledger.subscriptions().await.unwrap().is_empty());
    // A stream that is made after it begins anew.
    let second = make(&forum, &address).await;
    scene.log_in("carol").await;
    assert_eq!(pushed(&receiver, 6).await[5], pair("session-established", "carol"));
    assert_ne!(id, second);
}

#[tokio::test]
async fn a_receiver_that_is_gone_has_its_stream_paused_and_nothing_is_lost() {
    let scene = Scene::start(&["--private"]).await;
    let forum = scene.caller("forum");
    let (receiver, address) = Receiver::start().await;
    receiver.answers([(410, None)]);
    let id = make(&forum, &address).await;
    scene.log_in("alice").await;
    let query = format!("/ssf/status?stream_id={id}");
    let paused = async {
        loop {
            let status = forum.ask("GET", &query, None).await.body;
            if status["status"] == "paused" {
                return status["reason"].as_str().unwrap().to_owned();
            }
        }
    };
    let reason = tokio::time::timeout(BOUND, paused).await.unwrap();
    let gone = format!("receiver of Shared Signals {address} answered 410 Gone: it wants no more events");
    assert_eq!(reason, format!("paused by the transmitter, as {gone}"));
    // It is told why, and goes on where it was.
    assert_eq!(pushed(&receiver, 2).await[1], pair("stream-updated", &id));
    forum.set_status(&id, "enabled").await;
    let all = pushed(&receiver, 4).await;
    assert_eq!(all.iter().filter(|one| **one == pair("session-established", "alice")).count(), 2, "{all:?}");
}

#[tokio::test]
async fn one_s_own_network_is_not_pushed_to_unless_it_may_be() {
    let scene = Scene::start(&[]).await;
    let forum = scene.caller("forum");
    let refused =
        forum.ask("POST", "/ssf/streams", Some(&json!({ "delivery": delivery("127.0.0.1:9") }))).await;
    assert_eq!((refused.status, &refused.body["err"]), (400, &json!("invalid_request")));
    // Its name is judged when it is connected to: nothing is sent, and the stream stays as it is.
    let asked =
        json!({ "delivery": { "method": "urn:ietf:rfc:8935", "endpoint_url": "https://localhost:9/" } });
    let made = forum.ask("POST", "/ssf/streams", Some(&asked)).await;
    assert_eq!(made.status, 201);
    // Instead of pushing, it may be polled from where it was.
    scene.log_in("alice").await;
    let id = made.body["stream_id"].as_str().unwrap();
    let asked = json!({ "stream_id": id, "delivery": { "method": "urn:ietf:rfc:8936" } });
    assert_eq!(forum.ask("PATCH", "/ssf/streams", Some(&asked)).await.status, 200);
    let got = async {
        loop {
            let answer = forum
                .ask("POST", &format!("/ssf/poll/{id}"), Some(&json!({ "returnImmediately": true })))
                .await;
            // The relay that pushed gives the stream back first.
            if answer.status == 200 {
                return super::served::claims(&answer);
            }
        }
    };
    let got = tokio::time::timeout(BOUND, got).await.unwrap();
    assert_eq!(got.iter().map(told).collect::<Vec<_>>(), [pair("session-established", "alice")]);
}
