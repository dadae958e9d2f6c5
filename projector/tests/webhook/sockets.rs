//! Receivers that do with their sockets what they should not.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use projector::relay::sink::Delivery;
use projector::relay::sink::webhook::Receiver as Settings;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::{away, failed, post, settings, webhook};

const TAKEN: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";

/// A server that does `work` with each connection; its address, and how many connections it has had.
async fn serve<F>(work: impl Fn(TcpStream) -> F + Send + 'static) -> (String, Arc<AtomicUsize>)
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = connections.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::Relaxed);
            tokio::spawn(work(stream));
        }
    });
    (address, connections)
}

/// Reads one request: its body is the last thing that comes, and ends the JSON object.
async fn read_request(stream: &mut TcpStream) -> bool {
    let mut request = Vec::new();
    let mut bytes = [0; 4_096];
    while !request.ends_with(b"}}") {
        match stream.read(&mut bytes).await {
            Ok(count @ 1..) => request.extend(&bytes[..count]),
            _ => return false,
        }
    }
    true
}

#[tokio::test]
async fn a_connection_is_used_again() {
    let answering = |mut stream: TcpStream| async move {
        while read_request(&mut stream).await {
            stream.write_all(TAKEN).await.unwrap();
        }
    };
    let (address, connections) = serve(answering).await;
    let mut webhook = webhook(settings(&format!("http://{address}/")));
    for _ in 0..5 {
        assert_eq!(post(&mut webhook).await, Ok(Delivery::Acknowledged));
    }
    assert_eq!(connections.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_connection_that_the_receiver_has_closed_is_replaced() {
    let closing = |mut stream: TcpStream| async move {
        read_request(&mut stream).await;
        stream.write_all(TAKEN).await.unwrap();
    };
    let (address, connections) = serve(closing).await;
    let mut webhook = webhook(settings(&format!("http://{address}/")));
    for _ in 0..5 {
        assert_eq!(post(&mut webhook).await, Ok(Delivery::Acknowledged));
    }
    assert_eq!(connections.load(Ordering::Relaxed), 5);
}

#[tokio::test]
async fn an_answer_without_an_end_is_not_read_to_its_end() {
    let endless = |mut stream: TcpStream| async move {
        read_request(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        while stream.write_all(&[b'x'; 65_536]).await.is_ok() {}
    };
    let (address, _) = serve(endless).await;
    assert_eq!(post(&mut webhook(settings(&format!("http://{address}/")))).await, Ok(Delivery::Acknowledged));
}

#[tokio::test]
async fn a_receiver_that_does_not_answer_is_given_up() {
    let silent = |mut stream: TcpStream| async move {
        read_request(&mut stream).await;
        read_request(&mut stream).await;
    };
    let (address, _) = serve(silent).await;
    let timeout = Duration::from_millis(50);
    let impatient = Settings { timeout, ..settings(&format!("http://{address}/")) };
    let told = "it has not answered within 50ms";
    assert_eq!(post(&mut webhook(impatient)).await, failed(told));
}

#[tokio::test]
async fn an_answer_that_is_no_http_is_a_failure() {
    let babbling = |mut stream: TcpStream| async move {
        read_request(&mut stream).await;
        stream.write_all(b"220 smtp.example ready\r\n").await.unwrap();
    };
    let (address, _) = serve(babbling).await;
    let told = post(&mut webhook(settings(&format!("http://{address}/")))).await;
    assert_eq!(told, failed("the connection broke: invalid HTTP version parsed"));
}

#[tokio::test]
async fn a_receiver_that_nobody_vouches_for_gets_nothing() {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_no_client_auth().with_single_cert(vec![cert.der().clone()], key).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let (address, _) = serve(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            assert!(acceptor.accept(stream).await.is_err(), "nobody speaks to an impostor");
        }
    })
    .await;
    let address = address.replace("127.0.0.1", "localhost");
    let told = post(&mut webhook(settings(&format!("https://{address}/")))).await;
    let reason = "it cannot be trusted: invalid peer certificate: UnknownIssuer";
    assert_eq!(told, away(reason));
}
