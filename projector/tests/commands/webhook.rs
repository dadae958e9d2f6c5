//! `projector relay run` to a webhook over TLS.

use std::collections::HashMap;
use std::process::Output;
use std::sync::{Arc, Mutex};

use data_encoding::BASE64;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use serde_json::Value;
use session_ledger::session::{Event, Noted};
use test_support::Database;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::{projector, stderr, stories};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A receiver with a certificate of its own.
struct Receiver {
    port: u16,
    certificate: String,
    events: Arc<Mutex<Vec<Value>>>,
}

impl Receiver {
    async fn start() -> Self {
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(signing_key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config =
            ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = config.with_no_client_auth().with_single_cert(vec![cert.der().clone()], key).unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (port, events) = (listener.local_addr().unwrap().port(), Arc::<Mutex<Vec<Value>>>::default());
        let received = events.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, received) = (acceptor.clone(), received.clone());
                tokio::spawn(async move {
                    let Ok(mut stream) = acceptor.accept(stream).await else { return };
                    while let Some(event) = read_event(&mut stream).await {
                        received.lock().unwrap().push(event);
                        stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
                    }
                });
            }
        });
        Self { port, certificate: pem(cert.der()), events }
    }
}

fn pem(certificate: &[u8]) -> String {
    let text = BASE64.encode(certificate);
    format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")
}

/// The event in the next request; none if the connection ends.
async fn read_event(stream: &mut (impl AsyncRead + Unpin)) -> Option<Value> {
    let mut request = Vec::new();
    loop {
        let end = request.windows(4).position(|bytes| bytes == b"\r\n\r\n");
        if let Some(event) = end.and_then(|end| serde_json::from_slice(&request[end + 4..]).ok()) {
            return Some(event);
        }
        if stream.read_buf(&mut request).await.ok()? == 0 {
            return None;
        }
    }
}

/// Relays all that is in the log.
async fn relay(database: &Database, to: &str, certificate: &str, secrets: Option<&str>) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let trusted = folder.path().join("trusted.pem");
    std::fs::write(&trusted, certificate).unwrap();
    let mut command = projector(&database.config());
    command.args(["relay", "run", "--subscription", "hooks", "--create", "--once", "--webhook-private"]);
    command.args(["--to", to]).env("SSL_CERT_FILE", trusted);
    command.env_remove("SSL_CERT_DIR").env_remove("SESSION_LEDGER_WEBHOOK_SECRETS");
    if let Some(secrets) = secrets {
        command.env("SESSION_LEDGER_WEBHOOK_SECRETS", secrets);
    }
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

#[tokio::test]
async fn all_events_reach_a_receiver_that_an_authority_vouches_for_each_session_in_order() {
    let database = Database::fresh().await;
    stories::tell(&database).await;
    let note = || Event::Noted(Noted::of_text("test", "more"));
    for nth in 10..20 {
        stories::session_of(&database, nth, vec![note(), note(), note()]).await;
    }
    let receiver = Receiver::start().await;
    let to = format!("https://localhost:{}/hooks", receiver.port);
    let output = relay(&database, &to, &receiver.certificate, Some(SECRET)).await;
    assert_eq!((output.status.code(), stderr(&output)), (Some(0), String::new()));
    let events = receiver.events.lock().unwrap().clone();
    let count = "select count(*) from session_ledger.event";
    let count: i64 = database.connect().await.query_one(count, &[]).await.unwrap().get(0);
    assert_eq!(events.len(), usize::try_from(count).unwrap());
    let mut links = HashMap::new();
    for event in &events {
        let before = links.insert(event["subject"].as_str().unwrap(), event["link"].clone());
        match before {
            None => assert_eq!(event["sessionversion"], 1, "{event:#}"),
            Some(link) => assert_eq!(event["prevlink"], link, "{event:#}"),
        }
    }
}

#[tokio::test]
async fn a_webhook_without_a_secret_or_that_cannot_be_trusted_is_told_and_gets_nothing() {
    let database = Database::fresh().await;
    stories::session_of(&database, 1, Vec::new()).await;
    let (receiver, other) = (Receiver::start().await, Receiver::start().await);
    let to = format!("https://localhost:{}/hooks?key=hunter2", receiver.port);
    let unsigned = relay(&database, &to, &receiver.certificate, None).await;
    let told = "error: a webhook signs what it sends: put a secret, `whsec_` and 24 to 64 bytes in base64, into the file \
                of --webhook-secrets or into SESSION_LEDGER_WEBHOOK_SECRETS\n";
    assert_eq!((unsigned.status.code(), stderr(&unsigned).as_str()), (Some(2), told));
    let wrong = relay(&database, &to, &receiver.certificate, Some("hunter2")).await;
    let told = "error: SESSION_LEDGER_WEBHOOK_SECRETS: a webhook's secret begins with `whsec_` (shared) or `whsk_` (a \
                private key of Ed25519)\n";
    assert_eq!((wrong.status.code(), stderr(&wrong).as_str()), (Some(2), told));
    let impostor = relay(&database, &to, &other.certificate, Some(SECRET)).await;
    let told = stderr(&impostor);
    let begin = format!(
        "error: webhook localhost:{} did not take an event (it cannot be trusted: invalid peer certificate: ",
        receiver.port
    );
    assert!(impostor.status.code() == Some(2) && told.starts_with(&begin), "{told}");
    assert!(!told.contains("hunter2"), "{told}");
    assert!(receiver.events.lock().unwrap().is_empty());
}
