//! The command: documents for receivers, and a relay that pushes.

use std::process::{Command, Output};

use serde_json::{Value, json};
use session_ledger::session::Policy;
use session_ledger::web::Sessions;
use test_support::{Database, Visitor, application, key_ring};
use tokio_postgres::config::Host;

use super::receiver::Receiver;
use super::{key_file, verified};

/// What the projector says without a database.
async fn projector(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_projector"));
    command.env_remove("DATABASE_URL").args(arguments);
    output(command).await
}

/// The output of a command, while the receiver goes on.
async fn output(mut command: Command) -> Output {
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

fn document(output: &Output) -> Value {
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test]
async fn the_documents_that_receivers_ask_for_are_printed() {
    let key = key_file("pkcs8.pem");
    let keys = document(&projector(&["ssf", "keys", "--key", key.to_str().unwrap()]).await);
    assert_eq!(keys["keys"].as_array().unwrap().len(), 1);
    let url = ["--issuer", "https://shop.example", "--jwks-uri", "https://shop.example/jwks.json"];
    assert_eq!(
        document(&projector(&[&["ssf", "configuration"], &url[..]].concat()).await),
        json!({
            "spec_version": "1_0",
            "issuer": "https://shop.example",
            "jwks_uri": "https://shop.example/jwks.json",
            "delivery_methods_supported": ["urn:ietf:rfc:8935"],
            "default_subjects": "ALL",
        })
    );
}

#[tokio::test]
async fn a_relay_without_a_key_says_what_to_give() {
    let database = Database::fresh().await;
    let output = relay(&database, "ssf+https://forum.example/events", &[]).await;
    let words = "security events are signed: say with --ssf-issuer, --ssf-audience and --ssf-key who tells whom, and with \
                 which key\n";
    assert!(String::from_utf8_lossy(&output.stderr).ends_with(words), "{output:?}");
    assert_eq!(output.status.code(), Some(2));
}

#[tokio::test]
async fn a_relay_pushes_logins_and_ends_and_nothing_else() {
    let database = Database::fresh().await;
    let ledger = database.ledger(Policy::default()).await;
    let app = application(Sessions::new(ledger, key_ring()));
    let alice = Visitor::new(&app);
    for path in ["/login/alice", "/add", "/logout"] {
        assert!(alice.post(path, "").await.status.is_success(), "{path}");
    }
    let (receiver, address) = Receiver::start().await;
    let key = key_file("pkcs8.pem");
    let arguments = [
        "--ssf-issuer",
        "https://shop.example",
        "--ssf-audience",
        "https://forum.example/caep",
        "--ssf-key",
        key.to_str().unwrap(),
        "--ssf-private",
    ];
    let output = relay(&database, &format!("ssf+http://{address}/events"), &arguments).await;
    assert!(output.status.success(), "{output:?}");
    let jwk = document(&projector(&["ssf", "keys", "--key", key.to_str().unwrap()]).await)["keys"][0].clone();
    let told: Vec<String> = receiver
        .posts()
        .iter()
        .map(|post| {
            let (_, claims) = verified(std::str::from_utf8(&post.body).unwrap(), &jwk);
            assert_eq!(claims["sub_id"]["user"]["sub"], "alice");
            let events = claims["events"].as_object().unwrap();
            events.keys().next().unwrap().rsplit('/').next().unwrap().to_owned()
        })
        .collect();
    assert_eq!(told, ["session-established", "session-revoked"]);
    assert_eq!(receiver.posts()[0].headers["authorization"], "Bearer hunter2");
}

/// Relays the whole log of a database once.
async fn relay(database: &Database, target: &str, arguments: &[&str]) -> Output {
    let config = database.config();
    let host = match &config.get_hosts()[0] {
        Host::Tcp(name) => name.clone(),
        Host::Unix(folder) => folder.display().to_string(),
    };
    let port = config.get_ports().first().copied().unwrap_or(5432);
    let user = config.get_user().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_projector"));
    command
        .env("DATABASE_URL", format!("host={host} port={port} user={user} dbname={}", database.name()))
        .env("SESSION_LEDGER_SSF_AUTHORIZATION", "Bearer hunter2")
        .args(["relay", "run", "--subscription", "signals", "--create", "--once", "--to", target])
        .args(arguments);
    output(command).await
}
