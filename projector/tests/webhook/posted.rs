//! What is posted: a signed CloudEvent.

use data_encoding::BASE64;
use projector::relay::sink::webhook::{Receiver as Settings, Webhook, WebhookError};
use projector::relay::sink::{Delivery, Sink};
use ring::hmac;
use ring::signature::{ED25519, UnparsedPublicKey};
use serde_json::Value;

use super::receiver::{Post, Receiver};
use super::{NOW, envelope, post, settings, webhook};

/// The public key of the first test of RFC 8032, section 7.1.
const PUBLIC: &str = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";

/// As a receiver verifies, apart from the comparison's time: the number of signatures that are right.
fn verified(post: &Post) -> usize {
    let text = |name: &str| post.headers[name].to_str().unwrap();
    let head = format!("{}.{}.", text("webhook-id"), text("webhook-timestamp"));
    let signed = [head.as_bytes(), &post.body].concat();
    let shared = BASE64.decode(b"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
    let shared = hmac::Key::new(hmac::HMAC_SHA256, &shared);
    let public = UnparsedPublicKey::new(&ED25519, BASE64.decode(PUBLIC.as_bytes()).unwrap());
    let is_right = |signature: &&str| match signature.split_once(',').unwrap() {
        ("v1", tag) => hmac::verify(&shared, &signed, &BASE64.decode(tag.as_bytes()).unwrap()).is_ok(),
        ("v1a", tag) => public.verify(&signed, &BASE64.decode(tag.as_bytes()).unwrap()).is_ok(),
        (other, _) => panic!("no such scheme: {other}"),
    };
    text("webhook-signature").split(' ').filter(is_right).count()
}

#[tokio::test]
async fn an_event_is_posted_as_a_structured_cloud_event_signed_by_each_secret() {
    let (receiver, address) = Receiver::start().await;
    let mut webhook = webhook(settings(&format!("http://{address}/hooks/1?of=shop")));
    assert_eq!(webhook.name(), format!("webhook {address}"));
    assert_eq!(post(&mut webhook).await, Ok(Delivery::Acknowledged));
    let [posted] = &receiver.posts()[..] else { panic!("one post") };
    assert_eq!(posted.uri.path_and_query().unwrap(), "/hooks/1?of=shop");
    assert_eq!(posted.headers["content-type"], "application/cloudevents+json; charset=utf-8");
    assert_eq!(posted.headers["host"], address);
    assert_eq!(posted.headers["webhook-id"], envelope(1).id());
    assert_eq!(posted.headers["webhook-timestamp"], NOW.unix_timestamp().to_string());
    assert_eq!(verified(posted), 2);
    assert_eq!(posted.body, envelope(1).structured().unwrap());
    let event: Value = serde_json::from_slice(&posted.body).unwrap();
    assert_eq!(event["id"], envelope(1).id());
}

#[tokio::test]
async fn a_changed_body_or_id_or_time_is_not_signed() {
    let (receiver, address) = Receiver::start().await;
    post(&mut webhook(settings(&format!("http://{address}/")))).await.unwrap();
    let posted = receiver.posts().remove(0);
    let mut changed = posted.clone();
    changed.body.push(b' ');
    assert_eq!(verified(&changed), 0);
    for name in ["webhook-id", "webhook-timestamp"] {
        let mut changed = posted.clone();
        changed.headers.insert(name, "1".parse().unwrap());
        assert_eq!(verified(&changed), 0);
    }
}

#[tokio::test]
async fn an_event_that_is_posted_again_has_the_same_id() {
    let (receiver, address) = Receiver::start().await;
    let mut webhook = webhook(settings(&format!("http://{address}/")));
    for _ in 0..2 {
        assert_eq!(post(&mut webhook).await, Ok(Delivery::Acknowledged));
    }
    let posts = receiver.posts();
    assert_eq!(posts[0].headers["webhook-id"], posts[1].headers["webhook-id"]);
}

#[test]
fn nothing_is_posted_unsigned() {
    let unsigned = Settings { secrets: Vec::new(), ..settings("https://hooks.example/") };
    let refused = Webhook::new(unsigned, || NOW).unwrap_err();
    assert!(matches!(refused, WebhookError::Unsigned));
    assert_eq!(
        refused.to_string(),
        "a webhook signs what it sends: put a secret, `whsec_` and 24 to 64 bytes in base64, into the file of \
         --webhook-secrets or into SESSION_LEDGER_WEBHOOK_SECRETS"
    );
}

#[test]
fn a_webhook_tells_none_of_its_secrets() {
    let shown = format!("{:?}", webhook(settings("https://hooks.example/secret?key=secret")));
    assert!(shown.contains("hooks.example") && !shown.contains("secret?"), "{shown}");
    assert!(!shown.contains("key") && !shown.contains("MfKQ"), "{shown}");
}
