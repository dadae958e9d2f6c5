//! Streams that receivers make themselves (SSF 1.0, section 8).

use serde_json::{Value, json};

use super::served::{Caller, Scene, told};

const ALL: [&str; 4] =
    ["session-established", "assurance-level-change", "credential-change", "session-revoked"];

fn uris(words: &[&str]) -> Value {
    words.iter().map(|word| format!("https://schemas.openid.net/secevent/caep/event-type/{word}")).collect()
}

#[tokio::test]
async fn the_documents_are_for_all_and_name_the_endpoints() {
    let scene = Scene::start(&[]).await;
    let stranger = scene.caller("forum").stranger();
    let configuration = stranger.ask("GET", "/.well-known/ssf-configuration", None).await;
    assert!(configuration.head.contains("\r\ncontent-type: application/json"), "{}", configuration.head);
    assert_eq!(
        configuration.body,
        json!({
            "spec_version": "1_0",
            "issuer": "https://shop.example",
            "jwks_uri": "https://shop.example/ssf/jwks.json",
            "delivery_methods_supported": ["urn:ietf:rfc:8935", "urn:ietf:rfc:8936"],
            "configuration_endpoint": "https://shop.example/ssf/streams",
            "status_endpoint": "https://shop.example/ssf/status",
            "verification_endpoint": "https://shop.example/ssf/verify",
            "authorization_schemes": [{ "spec_urn": "urn:ietf:rfc:6750" }],
            "default_subjects": "ALL",
        })
    );
    let keys = stranger.ask("GET", "/ssf/jwks.json", None).await;
    assert_eq!(keys.body["keys"][0]["kty"], "RSA");
    assert!(keys.head.contains("\r\ncache-control: public, max-age=300"), "{}", keys.head);
    assert!(keys.head.contains("\r\nx-content-type-options: nosniff"), "{}", keys.head);
}

#[tokio::test]
async fn a_receiver_makes_reads_changes_replaces_and_deletes_its_streams() {
    let scene = Scene::start(&[]).await;
    let forum = scene.caller("forum");
    assert_eq!(forum.ask("GET", "/ssf/streams", None).await.body, json!([]));
    let asked = json!({
        "events_requested": ["urn:example:other", uris(&["session-revoked"])[0]],
        "description": "ends",
    });
    let made = forum.ask("POST", "/ssf/streams", Some(&asked)).await;
    assert_eq!(made.status, 201, "{made:?}");
    assert!(made.head.contains("\r\ncache-control: no-store"), "{}", made.head);
    let id = made.body["stream_id"].as_str().unwrap();
    let mut wanted = json!({
        "stream_id": id,
        "iss": "https://shop.example",
        "aud": "https://forum.example/caep",
        "events_supported": uris(&ALL),
        "events_requested": asked["events_requested"],
        "events_delivered": uris(&["session-revoked"]),
        "delivery": {
            "method": "urn:ietf:rfc:8936",
            "endpoint_url": format!("https://shop.example/ssf/poll/{id}"),
        },
        "description": "ends",
        "min_verification_interval": 10,
    });
    assert_eq!(made.body, wanted);
    let one = format!("/ssf/streams?stream_id={id}");
    assert_eq!(forum.ask("GET", &one, None).await.body, wanted);
    assert_eq!(forum.ask("GET", "/ssf/streams", None).await.body, json!([wanted]));
    drop(scene.log_in("alice").await.post("/logout", "").await);
    let got = forum.drain(id).await;
    assert_eq!(
        got.iter().map(told).collect::<Vec<_>>(),
        [("session-revoked".to_owned(), "alice".to_owned())]
    );

    // What a change does not name stays; what it says as it was read is no change.
    let mut change = wanted.clone();
    change["events_requested"] = uris(&["session-established"]);
    let changed = forum.ask("PATCH", "/ssf/streams", Some(&change)).await;
    (wanted["events_requested"], wanted["events_delivered"]) =
        (change["events_requested"].clone(), change["events_requested"].clone());
    assert_eq!((changed.status, &changed.body), (200, &wanted));
    scene.log_in("bob").await;
    assert_eq!(forum.drain(id).await.len(), 1);
    // What a replacement does not name is taken away.
    let replaced = forum.ask("PUT", "/ssf/streams", Some(&json!({ "stream_id": id }))).await;
    let rest = wanted.as_object_mut().unwrap();
    rest.remove("events_requested");
    rest.remove("description");
    wanted["events_delivered"] = uris(&ALL);
    assert_eq!((replaced.status, &replaced.body), (200, &wanted));
    assert_eq!(forum.ask("DELETE", &one, None).await.status, 204);
    assert_eq!(forum.ask("DELETE", &one, None).await.status, 404);
    assert!(scene.ledger.subscriptions().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_stream_of_nothing_that_is_known_is_told_nothing() {
    let scene = Scene::start(&[]).await;
    let forum = scene.caller("forum");
    let asked = json!({ "events_requested": ["urn:example:other"] });
    let made = forum.ask("POST", "/ssf/streams", Some(&asked)).await;
    assert_eq!(made.body["events_delivered"], json!([]));
    let id = made.body["stream_id"].as_str().unwrap();
    scene.log_in("alice").await;
    assert!(forum.drain(id).await.is_empty());
    let asked = json!({ "stream_id": id, "events_requested": uris(&ALL) });
    assert_eq!(forum.ask("PATCH", "/ssf/streams", Some(&asked)).await.status, 200);
    scene.log_in("bob").await;
    let got = forum.drain(id).await;
    assert_eq!(
        got.iter().map(told).collect::<Vec<_>>(),
        [("session-established".to_owned(), "bob".to_owned())]
    );
}

#[tokio::test]
async fn a_receiver_sees_its_own_streams_alone() {
    let scene = Scene::start(&[]).await;
    let (forum, shop) = (scene.caller("forum"), scene.caller("shop"));
    let (of_forum, of_shop) = (forum.make().await, shop.make().await);
    scene.log_in("alice").await;
    let named = json!({ "stream_id": of_forum });
    let paused = json!({ "stream_id": of_forum, "status": "paused" });
    let (query, poll) = (format!("?stream_id={of_forum}"), format!("/ssf/poll/{of_forum}"));
    for (method, path, body) in [
        ("GET", format!("/ssf/streams{query}"), None),
        ("DELETE", format!("/ssf/streams{query}"), None),
        ("PATCH", "/ssf/streams".to_owned(), Some(&named)),
        ("PUT", "/ssf/streams".to_owned(), Some(&named)),
        ("GET", format!("/ssf/status{query}"), None),
        ("POST", "/ssf/status".to_owned(), Some(&paused)),
        ("POST", "/ssf/verify".to_owned(), Some(&named)),
        ("POST", poll.clone(), Some(&named)),
    ] {
        let foreign = shop.ask(method, &path, body).await;
        assert_eq!(foreign.status, 404, "{method} {path}");
        assert_eq!(foreign.body["description"], "there is no such stream of this receiver");
        let strange = shop.stranger().ask(method, &path, body).await;
        assert_eq!(strange.status, 401, "{method} {path}");
        assert!(strange.head.contains("\r\nwww-authenticate: bearer"), "{}", strange.head);
    }
    let list = shop.ask("GET", "/ssf/streams", None).await.body;
    assert_eq!(
        list.as_array().unwrap().iter().map(|one| &one["stream_id"]).collect::<Vec<_>>(),
        [&json!(of_shop)]
    );
    // Each is told for itself, and what one acknowledges is nothing to the other.
    let (one, other) = (forum.drain(&of_forum).await, shop.poll(&of_shop, &[]).await);
    assert_eq!(
        (&one[0]["aud"], &other[0]["aud"]),
        (&json!("https://forum.example/caep"), &json!("https://shop.example/caep"))
    );
    assert_eq!(one[0]["jti"], other[0]["jti"]);
}

/// A request, the status that it is refused with, and what its description begins with.
type Refused = (&'static str, String, String, u16, &'static str);

async fn assert_refused(forum: &Caller, requests: Vec<Refused>) {
    for (method, path, body, status, words) in requests {
        let refused = forum.ask_with(method, &path, "application/json", &body).await;
        let told = refused.body["description"].as_str().unwrap_or_default();
        assert!(
            refused.status == status && told.starts_with(words),
            "{method} {path} {body:.80}: {refused:?}"
        );
        assert!(!refused.body.to_string().contains("hunter2"));
    }
}

fn refused(method: &'static str, path: &str, body: &str, status: u16, words: &'static str) -> Refused {
    (method, path.to_owned(), body.to_owned(), status, words)
}

#[tokio::test]
async fn what_cannot_be_followed_is_refused_with_what_to_do() {
    let scene = Scene::start(&[]).await;
    let forum = scene.caller("forum");
    let id = forum.make().await;
    let streams = "/ssf/streams";
    let of = |more: &str| format!(r#"{{"stream_id":"{id}",{more}}}"#);
    let push =
        |url: &str| format!(r#"{{"delivery":{{"method":"urn:ietf:rfc:8935","endpoint_url":"{url}"}}}}"#);
    let long = format!(r#"{{"description":"{}"}}"#, "x".repeat(5_000));
    let post = |body: &str, words| refused("POST", streams, body, 400, words);
    let patch = |body: &str, words| refused("PATCH", streams, body, 400, words);
    let evil = r#""delivery":{"method":"urn:ietf:rfc:8936","endpoint_url":"https://evil.example/"}"#;
    let requests = vec![
        post("{", "the body is no JSON: "),
        post("[]", "the body must be a JSON object"),
        post(r#"{"events_requested":[]}"#, "`events_requested` must be a list"),
        post(r#"{"delivery":{"method":"urn:x"}}"#, "`delivery.method` must be urn:ietf:rfc:8935"),
        post(r#"{"delivery":{}}"#, "`method` is missing"),
        post(&push("http://forum.example/"), "`delivery.endpoint_url`: it must begin with https://"),
        post(&push("nowhere"), "`delivery.endpoint_url`: a webhook's address"),
        post(&push("https://a:hunter2@b/"), "`delivery.endpoint_url`: a webhook's address has no user"),
        post(&long, "`description` must be a text"),
        post("{\"description\":\"\\u0000\"}", "`description` must be a text"),
        patch("{}", "`stream_id` is missing"),
        patch(&of(r#""iss":"https://evil.example""#), "`iss` is the transmitter's to say"),
        patch(&of(r#""aud":"https://evil.example""#), "`aud` is the transmitter's to say"),
        patch(&of(r#""events_delivered":[]"#), "`events_delivered` is the transmitter's to say"),
        patch(&of(evil), "`delivery.endpoint_url` of a polled stream"),
        refused("PUT", streams, &of(r#""iss":1"#), 400, "`iss` is the transmitter's to say"),
        refused("DELETE", streams, "", 400, "`stream_id` is missing in the query"),
    ];
    assert_refused(&forum, requests).await;
    let plain = forum.ask_with("POST", streams, "text/plain", "{}").await;
    assert_eq!((plain.status, &plain.body["err"]), (415, &json!("invalid_request")));
    assert_eq!(forum.ask_with("POST", streams, "Application/JSON; charset=utf-8", "{}").await.status, 201);
}

#[tokio::test]
async fn a_request_to_a_stream_that_cannot_be_followed_is_refused() {
    let scene = Scene::start(&[]).await;
    let forum = scene.caller("forum");
    let id = forum.make().await;
    let poll = format!("/ssf/poll/{id}");
    let of = |more: &str| format!(r#"{{"stream_id":"{id}",{more}}}"#);
    let state = format!(r#""state":"{}""#, "x".repeat(1_001));
    let requests = vec![
        refused("HEAD", "/ssf/verify", "", 405, ""),
        refused("GET", "/ssf/verify", "", 405, "this endpoint does not take that method"),
        refused("GET", "/ssf/status", "", 400, "`stream_id` is missing in the query"),
        refused(
            "POST",
            "/ssf/status",
            &of(r#""status":"off""#),
            400,
            "`status` must be enabled, paused or disabled",
        ),
        refused(
            "POST",
            "/ssf/status",
            r#"{"stream_id":"none","status":"paused"}"#,
            404,
            "there is no such stream",
        ),
        refused("POST", "/ssf/verify", &of(&state), 400, "`state` has at most 1000 bytes"),
        refused("POST", "/ssf/verify", &of(r#""state":1"#), 400, "`state` must be a text"),
        refused("POST", &poll, r#"{"ack":[1]}"#, 400, "`ack` must be a list of texts"),
        refused("POST", &poll, "", 400, "the body is no JSON: "),
        refused("POST", "/ssf/poll/none", "{}", 404, "there is no such stream"),
        refused("GET", "/ssf/", "", 404, "there is nothing here"),
        refused("POST", &poll, &" ".repeat(70_000), 413, "a request has at most 65536 bytes"),
    ];
    assert_refused(&forum, requests).await;
}

#[tokio::test]
async fn a_receiver_has_so_many_streams_and_no_more() {
    let scene = Scene::start(&[]).await;
    let (forum, shop) = (scene.caller("forum"), scene.caller("shop"));
    for _ in 0..8 {
        forum.make().await;
    }
    let refused = forum.ask("POST", "/ssf/streams", Some(&json!({}))).await;
    let told = "a receiver has at most 8 streams: delete one, or change one";
    assert_eq!((refused.status, &refused.body["description"]), (409, &json!(told)));
    shop.make().await;
}

#[tokio::test]
async fn a_verification_comes_with_its_state_and_not_too_often() {
    let scene = Scene::start(&[]).await;
    let forum = scene.caller("forum");
    let id = forum.make().await;
    let asked = json!({ "stream_id": id, "state": "VGhpcyBpcyBh" });
    let verified = forum.ask("POST", "/ssf/verify", Some(&asked)).await;
    assert_eq!((verified.status, &verified.body), (204, &Value::Null));
    let again = forum.ask("POST", "/ssf/verify", Some(&asked)).await;
    assert_eq!(again.status, 429);
    assert!(again.head.contains("\r\nretry-after: "), "{}", again.head);
    let got = forum.poll(&id, &[]).await;
    assert_eq!(got.iter().map(told).collect::<Vec<_>>(), [("verification".to_owned(), id.clone())]);
    assert_eq!(got[0]["sub_id"], json!({ "format": "opaque", "id": id }));
    assert_eq!(got[0]["aud"], "https://forum.example/caep");
    let event = got[0]["events"].as_object().unwrap().values().next().unwrap();
    assert_eq!(event, &json!({ "state": "VGhpcyBpcyBh" }));
    assert_eq!(forum.poll(&id, &[]).await[0]["jti"], got[0]["jti"], "until it is acknowledged");
    assert!(forum.drain(&id).await.len() == 1 && forum.poll(&id, &[]).await.is_empty());
}
