//! NATS JetStream.

use std::time::Instant;

use async_nats::{Client, ConnectOptions, HeaderMap};
use projector::relay::sink::Delivery;
use projector::relay::sink::nats::Nats;
use serde_json::{Value, json};
use test_support::CapturedLog;
use tracing::Level;

use crate::server::{Server, free_port};
use crate::{
    BOUND, assert_delivered, assert_whole_and_in_order, deliver_in_the_end, delivered, events, failure,
    long_event, refusal, started, wave,
};

/// A server with these lines in its configuration.
pub(crate) async fn server(lines: &str) -> Server {
    let server = started::nats(lines).await;
    until_ready(&server).await;
    server
}

/// It listens before JetStream has read its data.
pub(crate) async fn until_ready(server: &Server) {
    let client = client(server).await;
    let deadline = Instant::now() + BOUND;
    while client.request("$JS.API.INFO", "".into()).await.is_err() {
        assert!(Instant::now() < deadline, "no JetStream");
    }
}

async fn client(server: &Server) -> Client {
    let options = ConnectOptions::with_user_and_password("admin".into(), "admin".into());
    options.connect(format!("127.0.0.1:{}", server.port)).await.unwrap()
}

pub(crate) fn sink(server: &Server, parameters: &str) -> Nats {
    let url = format!("nats://admin@127.0.0.1:{}/shop.sessions{parameters}", server.port);
    Nats::at(&url, Some("admin".to_owned())).unwrap()
}

async fn api(client: &Client, deed: &str, what: Value) -> Value {
    let answer = client.request(format!("$JS.API.STREAM.{deed}"), what.to_string().into()).await.unwrap();
    serde_json::from_slice(&answer.payload).unwrap()
}

/// The stream's messages: subject, headers as text, and data.
async fn messages(server: &Server) -> Vec<(String, String, Vec<u8>)> {
    let client = client(server).await;
    let state = api(&client, "INFO.shop_sessions", json!({})).await["state"].clone();
    let mut messages = Vec::new();
    for seq in 1..=state["last_seq"].as_u64().unwrap() {
        let message = api(&client, "MSG.GET.shop_sessions", json!({ "seq": seq })).await["message"].clone();
        let bytes = |name: &str| base64(message[name].as_str().unwrap_or_default());
        let headers = String::from_utf8(bytes("hdrs")).unwrap();
        messages.push((message["subject"].as_str().unwrap().to_owned(), headers, bytes("data")));
    }
    messages
}

fn base64(text: &str) -> Vec<u8> {
    data_encoding::BASE64.decode(text.as_bytes()).unwrap()
}

/// The events' ids in the stream.
pub(crate) async fn found(server: &Server) -> Vec<String> {
    let id = |headers: &str| {
        headers.lines().find_map(|line| line.strip_prefix("Nats-Msg-Id: ")).unwrap().to_owned()
    };
    messages(server).await.iter().map(|(_, headers, _)| id(headers)).collect()
}

#[tokio::test]
async fn nats_holds_an_event_once_however_often_it_is_delivered() {
    let server = server("").await;
    let events = events(3, 2).await;
    for mut sink in [sink(&server, ""), sink(&server, "")] {
        for nth in [1, 2] {
            assert_delivered(&mut sink, &wave(&events, nth)).await;
        }
    }
    let messages = messages(&server).await;
    assert_eq!(messages.len(), events.len());
    let event = &wave(&events, 1)[0];
    let (subject, headers, data) = messages
        .iter()
        .find(|(_, headers, _)| headers.contains(&format!("ce-id: {}\r\n", event.id())))
        .unwrap();
    assert_eq!(*subject, format!("shop.sessions.noted.{}", event.subject()));
    assert_eq!(*data, event.data().unwrap());
    for (name, value) in event.attributes() {
        assert!(headers.contains(&format!("\r\nce-{name}: {value}\r\n")), "{name} in {headers}");
    }
    assert_whole_and_in_order(&events, &found(&server).await);
}

#[tokio::test]
async fn nats_that_comes_back_gets_everything_in_order() {
    let mut server = server("").await;
    let events = events(3, 4).await;
    let mut sink = sink(&server, "?timeout-ms=2000");
    assert_delivered(&mut sink, &wave(&events, 1)).await;
    server.stop();
    let deliveries = delivered(&mut sink, &wave(&events, 2)).await;
    assert!(
        failure(&deliveries).starts_with(&format!("NATS at 127.0.0.1:{}", server.port)),
        "{deliveries:?}"
    );
    server.start_again().await;
    for nth in 2..=4 {
        deliver_in_the_end(&mut sink, &wave(&events, nth)).await;
    }
    assert_whole_and_in_order(&events, &found(&server).await);
}

#[tokio::test]
async fn nats_that_is_away_is_named_with_the_reason() {
    let port = free_port();
    let mut sink = Nats::at(&format!("nats://127.0.0.1:{port}/sessions"), None).unwrap();
    let deliveries = delivered(&mut sink, &events(1, 1).await).await;
    assert_eq!(
        failure(&deliveries),
        format!("NATS at 127.0.0.1:{port} cannot be reached: IO error: Connection refused (os error 111)")
    );
}

const USERS: &str = r#"
accounts { shop { jetstream: enabled, users: [
  { user: admin, password: admin }
  { user: reader, password: hunter2, permissions: {
      publish: { allow: ["$JS.API.>", "shop.sessions.noted.>"], deny: ["shop.sessions.noted.DENIED"] } } }
] } }
"#;

#[tokio::test]
async fn what_nats_refuses_is_told_for_each_event() {
    let server = server("").await;
    let name = format!("NATS at 127.0.0.1:{}", server.port);
    let events = wave(&events(2, 1).await, 1);
    let admin = client(&server).await;

    // Only one of the two is allowed: the other does not hide it.
    let users = USERS.replace("DENIED", events[0].subject());
    let guarded = self::server(&users).await;
    let url = format!("nats://reader@127.0.0.1:{}/shop.sessions", guarded.port);
    let mut reader = Nats::at(&url, Some("hunter2".to_owned())).unwrap();
    let deliveries = delivered(&mut reader, &events).await;
    let subject = format!("shop.sessions.noted.{}", events[0].subject());
    assert_eq!(
        failure(&deliveries),
        format!("NATS at 127.0.0.1:{}: Permissions Violation for Publish to \"{subject}\"", guarded.port)
    );
    assert_eq!(deliveries[1], Delivery::Acknowledged);

    let mut stranger = Nats::at(&url, Some("wrong".to_owned())).unwrap();
    let strange = failure(&delivered(&mut stranger, &events).await).to_owned();
    assert_eq!(
        strange,
        format!(
            "NATS at 127.0.0.1:{} refuses the user `reader`: authorization violation: nats: authorization violation; \
             SESSION_LEDGER_RELAY_PASSWORD or `password-file` holds the password",
            guarded.port
        )
    );
    assert!(!format!("{reader:?} {stranger:?}").contains("hunter2"));

    let mut sink = sink(&server, "");
    assert_delivered(&mut sink, &events[..1]).await;
    let small = json!({ "name": "shop_sessions", "subjects": ["shop.sessions.>"], "num_replicas": 1,
        "storage": "file", "retention": "limits", "discard": "new", "max_msgs": 1, "max_msg_size": -1 });
    api(&admin, "UPDATE.shop_sessions", small.clone()).await;
    assert_eq!(
        failure(&delivered(&mut sink, &events[1..]).await),
        format!("{name}: maximum messages exceeded")
    );

    let mut tiny = small.clone();
    (tiny["max_msgs"], tiny["max_msg_size"]) = (json!(-1), json!(10));
    api(&admin, "UPDATE.shop_sessions", tiny).await;
    assert_eq!(
        refusal(&delivered(&mut sink, &events[1..]).await),
        format!("too large for {name}: message size exceeds maximum allowed")
    );

    api(&admin, "DELETE.shop_sessions", json!({})).await;
    assert_eq!(
        failure(&delivered(&mut sink, &events[1..]).await),
        format!("{name}: no stream takes this subject: it has been removed, or JetStream is off")
    );
}

#[tokio::test]
async fn an_event_that_is_too_large_for_nats_hides_no_other() {
    let server = server("").await;
    let event = events(1, 1).await.remove(0);
    let deliveries = delivered(&mut sink(&server, ""), &[long_event(2_000_000), event]).await;
    let limit = format!(
        "too large for NATS at 127.0.0.1:{}: max payload size exceeded: Payload size limit of 1048576 exceeded by \
         message size of 2000",
        server.port
    );
    assert!(refusal(&deliveries).starts_with(&limit), "{deliveries:?}");
    assert_eq!(deliveries[1], Delivery::Acknowledged);
}

#[tokio::test]
async fn nats_without_jetstream_is_told_so() {
    let port = free_port();
    let port_text = port.to_string();
    let command = ["nats-server", "-a", "127.0.0.1", "-p", &port_text];
    let server = Server::start(port, &[], &command, "KILL").await;
    let deliveries = delivered(&mut sink(&server, ""), &events(1, 1).await).await;
    assert_eq!(
        failure(&deliveries),
        format!(
            "NATS at 127.0.0.1:{port} has no JetStream: start it with `--jetstream`, or let this user into an \
             account that has it"
        )
    );
}

#[tokio::test]
async fn it_is_said_what_an_acknowledgement_of_nats_is_worth() {
    let server = server("").await;
    let (log, _guard) = CapturedLog::listen(Level::INFO);
    assert_delivered(&mut sink(&server, "?duplicate-window=60"), &events(1, 1).await).await;
    let name = format!("NATS at 127.0.0.1:{}", server.port);
    for words in [
        "the stream `shop_sessions` drops what comes again within 60s, and later repeats stand in it twice, with \
         the same id",
        "the stream `shop_sessions` has 1 of the 3 copies that survive the loss of a server, and NATS acknowledges \
         before the disk has an event: by default it syncs every 2 minutes (`sync_interval`, which no client can \
         read). After a crash of that machine deliver again what was recorded since, by `projector relay replay \
         --from`",
    ] {
        assert!(log.text().contains(&format!("{name}: {words}")), "{}", log.text());
    }
}

/// Why the sink does not fence by `Nats-Expected-Last-Msg-Id`: once the window has passed, a restarted server
/// does not know the last id any more, and refuses the message that rightly follows.
#[tokio::test]
async fn a_restarted_nats_has_forgotten_the_last_id() {
    let mut server = server("").await;
    let stream = json!({ "name": "fenced", "subjects": ["fenced"], "num_replicas": 1, "storage": "file",
        "retention": "limits", "discard": "old", "duplicate_window": 100_000_000 });
    api(&client(&server).await, "CREATE.fenced", stream).await;
    let send = async |server: &Server, id: &str, last: Option<&str>| -> Value {
        let mut headers = HeaderMap::new();
        headers.insert("Nats-Msg-Id", id);
        if let Some(last) = last {
            headers.insert("Nats-Expected-Last-Msg-Id", last);
        }
        let answer = client(server).await.request_with_headers("fenced", headers, "".into()).await.unwrap();
        serde_json::from_slice(&answer.payload).unwrap()
    };
    assert_eq!(send(&server, "one", None).await["seq"], 1);
    assert_eq!(send(&server, "two", Some("one")).await["seq"], 2);
    assert_eq!(send(&server, "other", Some("one")).await["error"]["description"], "wrong last msg ID: two");
    // Until the window has passed. An unknown id is refused, and the words tell which one is expected.
    let deadline = Instant::now() + BOUND;
    while send(&server, "three", Some("none")).await["error"]["description"] != "wrong last msg ID: " {
        assert!(Instant::now() < deadline, "it remembers the last id");
        server.stop();
        server.start_again().await;
        until_ready(&server).await;
    }
    let answer = send(&server, "three", Some("two")).await;
    assert_eq!(answer["error"]["description"], "wrong last msg ID: ", "{answer}");
}
