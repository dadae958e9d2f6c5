//! Brokers that prove their name by a certificate.

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

use data_encoding::BASE64;
use projector::relay::sink::Sink;
use projector::relay::sink::nats::Nats;
use projector::relay::sink::rabbitmq::RabbitMq;
use projector::relay::sink::redis::Redis;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};

use crate::server::free_port;
use crate::{events, failure, started};

/// The ports of NATS, RabbitMQ and Redis, in the process that trusts their authority.
const PORTS: &str = "ENCRYPTED_BROKERS";

/// The authority is named to the process by SSL_CERT_FILE, so this test runs itself in another one.
#[tokio::test(flavor = "multi_thread")]
async fn an_encrypted_broker_that_proves_its_name_is_delivered_to() {
    if let Ok(ports) = env::var(PORTS) {
        return deliver(&ports.split(' ').map(|port| port.parse().unwrap()).collect::<Vec<_>>()).await;
    }
    let files = tempfile::tempdir().unwrap();
    certify(files.path(), &["localhost"]);
    let path = |name: &str| files.path().join(name).to_str().unwrap().to_owned();
    let (certificate, key) = (path("certificate"), path("key"));
    let nats = started::nats(&format!("tls {{ cert_file: \"{certificate}\", key_file: \"{key}\" }}")).await;
    let [of_redis, of_rabbitmq] = [free_port(), free_port()];
    let port = of_redis.to_string();
    let files = ["--tls-cert-file", &certificate, "--tls-key-file", &key, "--tls-ca-cert-file", &certificate];
    let _redis =
        started::redis(&[&["--tls-port", &port, "--tls-auth-clients", "no"][..], &files[..]].concat()).await;
    let lines = format!(
        "listeners.ssl.1 = 127.0.0.1:{of_rabbitmq}\nssl_options.certfile = {certificate}\nssl_options.keyfile = \
         {key}\nssl_options.verify = verify_none\nssl_options.fail_if_no_peer_cert = false"
    );
    let _rabbitmq = started::rabbitmq_with(&lines).await;
    let ports = [nats.port, of_rabbitmq, of_redis];

    // Here nobody knows the authority.
    for mut sink in sinks(&ports) {
        let deliveries = sink.publish(&events(1, 1).await).await.unwrap();
        let refused = failure(&deliveries);
        assert!(refused.starts_with(&sink.name()) && refused.contains("UnknownIssuer"), "{refused}");
    }

    let name = "encrypted::an_encrypted_broker_that_proves_its_name_is_delivered_to";
    let mut process = Command::new(env::current_exe().unwrap());
    process.args([name, "--exact"]).env("SSL_CERT_FILE", path("authority"));
    let process = process.env(PORTS, ports.map(|port| port.to_string()).join(" ")).output().unwrap();
    assert!(process.status.success(), "{}", String::from_utf8_lossy(&process.stdout));
}

async fn deliver(ports: &[u16]) {
    let events = events(2, 1).await;
    for mut sink in sinks(ports) {
        for delivery in sink.publish(&events).await.unwrap() {
            assert_eq!(delivery, projector::relay::sink::Delivery::Acknowledged, "{}", sink.name());
        }
    }
    // A certificate is for a name, and the address is another one.
    let other = format!("rediss://127.0.0.1:{}/?stream=sessions", ports[2]);
    let deliveries = Redis::at(&other, None).unwrap().publish(&events).await.unwrap();
    assert!(failure(&deliveries).contains("not valid for name"), "{deliveries:?}");
}

fn sinks(ports: &[u16]) -> [Box<dyn Sink>; 3] {
    let password = Some("hunter2".to_owned());
    let url = |scheme: &str, nth: usize, rest: &str| format!("{scheme}://localhost:{}/{rest}", ports[nth]);
    let rabbitmq = format!("amqps://relay@localhost:{}/?queue=encrypted&timeout-ms=30000", ports[1]);
    [
        Box::new(Nats::at(&url("tls", 0, "sessions"), None).unwrap()),
        Box::new(RabbitMq::at(&rabbitmq, password).unwrap()),
        Box::new(Redis::at(&url("rediss", 2, "?stream=sessions"), None).unwrap()),
    ]
}

/// An authority, and a certificate for these names with its key.
pub(crate) fn certify(folder: &Path, names: &[&str]) {
    let mut params = CertificateParams::new([]).unwrap();
    params.distinguished_name.push(DnType::CommonName, "the authority of a test");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
    let (params, key) = (CertificateParams::new(names).unwrap(), KeyPair::generate().unwrap());
    let certificate = params.signed_by(&key, &authority).unwrap();
    let write = |name: &str, label: &str, bytes: &[u8]| {
        let text = format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", BASE64.encode(bytes));
        fs::write(folder.join(name), text).unwrap();
    };
    write("authority", "CERTIFICATE", authority.der());
    write("certificate", "CERTIFICATE", certificate.der());
    write("key", "PRIVATE KEY", &key.serialize_der());
}
