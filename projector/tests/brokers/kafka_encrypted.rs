//! Kafka that proves its name by a certificate.

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use projector::relay::sink::kafka::Kafka;
use projector::relay::sink::{Delivery, Sink};
use rustls::ServerConfig;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use crate::encrypted::certify;
use crate::kafka_front::Front;
use crate::kafka_topic::{cluster, found};
use crate::{events, failure};

/// The port, in the process that trusts the authority.
const PORT: &str = "ENCRYPTED_KAFKA";

/// The authority is named to the process by SSL_CERT_FILE, so this test runs itself in another one.
#[tokio::test(flavor = "multi_thread")]
async fn kafka_that_proves_its_name_is_delivered_to() {
    if let Ok(port) = env::var(PORT) {
        return deliver(port.parse().unwrap()).await;
    }
    let cluster = cluster();
    let files = tempfile::tempdir().unwrap();
    certify(files.path(), &["127.0.0.1"]);
    let encrypted = Some(acceptor(files.path()));
    let port = Front { encrypted, ..Front::default() }.serve(&cluster).await;

    // Here nobody knows the authority.
    let mut sink = sink("127.0.0.1", port);
    let refused = failure(&sink.publish(&events(1, 1).await).await.unwrap()).to_owned();
    assert_eq!(
        refused,
        format!(
            "{} cannot be reached: its certificate is for another name, or not trusted here: name the file of your \
             authority's certificate in SSL_CERT_FILE, or install the package `ca-certificates`",
            sink.name()
        )
    );

    let mut process = Command::new(env::current_exe().unwrap());
    let test = "kafka_encrypted::kafka_that_proves_its_name_is_delivered_to";
    process.args([test, "--exact"]).env("SSL_CERT_FILE", files.path().join("authority"));
    let process = process.env(PORT, port.to_string()).output().unwrap();
    assert!(process.status.success(), "{}", String::from_utf8_lossy(&process.stdout));
    assert_eq!(found(&cluster).len(), 2);
}

fn sink(host: &str, port: u16) -> Kafka {
    Kafka::at(&format!("kafka+ssl://{host}:{port}/sessions?timeout-ms=20000"), None).unwrap()
}

async fn deliver(port: u16) {
    let events = events(2, 1).await;
    for delivery in sink("127.0.0.1", port).publish(&events).await.unwrap() {
        assert_eq!(delivery, Delivery::Acknowledged);
    }
    // A certificate is for a name, and the address is another one.
    let deliveries = sink("localhost", port).publish(&events).await.unwrap();
    assert!(failure(&deliveries).contains("is for another name, or not trusted"), "{deliveries:?}");
}

/// A server with this certificate and key.
fn acceptor(files: &Path) -> TlsAcceptor {
    let file = |name: &str| fs::read(files.join(name)).unwrap();
    let certificate = CertificateDer::from_pem_slice(&file("certificate")).unwrap();
    let key = PrivateKeyDer::from_pem_slice(&file("key")).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()));
    let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    TlsAcceptor::from(Arc::new(config.with_single_cert(vec![certificate], key).unwrap()))
}
