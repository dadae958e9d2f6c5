//! What an encrypted address sends to somebody who does not encrypt.

use projector::relay::sink::Sink;
use projector::relay::sink::nats::Nats;
use projector::relay::sink::rabbitmq::RabbitMq;
use projector::relay::sink::redis::Redis;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::{events, failure};

/// The first byte of a handshake record, RFC 8446 section 5.1.
const HANDSHAKE: u8 = 22;

/// The first bytes that somebody gets who greets like this.
async fn first_bytes(greeting: &'static str, listener: TcpListener) -> Vec<u8> {
    let (mut stream, _) = listener.accept().await.unwrap();
    stream.write_all(greeting.as_bytes()).await.unwrap();
    let mut bytes = vec![0; 4096];
    let length = stream.read(&mut bytes).await.unwrap();
    bytes.truncate(length);
    bytes
}

async fn assert_encrypted(greeting: &'static str, sink: impl FnOnce(u16) -> Box<dyn Sink>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut sink = sink(listener.local_addr().unwrap().port());
    let listening = tokio::spawn(first_bytes(greeting, listener));
    let deliveries = sink.publish(&events(1, 1).await).await.unwrap();
    assert!(failure(&deliveries).starts_with(&sink.name()), "{deliveries:?}");
    assert_eq!(listening.await.unwrap()[0], HANDSHAKE, "{}", sink.name());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_encrypted_address_sends_nothing_in_the_clear() {
    let password = || Some("hunter2".to_owned());
    let info = "INFO {\"server_id\":\"x\",\"version\":\"2.9.10\",\"proto\":1,\"max_payload\":1048576,\"headers\":true,\
                \"tls_available\":true}\r\n";
    assert_encrypted(info, |port| {
        Box::new(Nats::at(&format!("tls://relay@localhost:{port}/sessions"), password()).unwrap())
    })
    .await;
    #[cfg(feature = "kafka-tls")]
    assert_encrypted("", |port| {
        let url = format!("kafka+ssl://relay@localhost:{port}/sessions?timeout-ms=1000");
        Box::new(projector::relay::sink::kafka::Kafka::at(&url, password()).unwrap())
    })
    .await;
    assert_encrypted("", |port| {
        Box::new(RabbitMq::at(&format!("amqps://relay@localhost:{port}/?queue=audit"), password()).unwrap())
    })
    .await;
    assert_encrypted("", |port| {
        Box::new(Redis::at(&format!("rediss://relay@localhost:{port}/?stream=sessions"), password()).unwrap())
    })
    .await;
}
