//! No token is ever stored or logged: a dump of the whole database and all logs yield nothing that opens a
//! session (invariant 2; ASVS 16.2.5, CWE-532, CWE-312).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::process::Command;

use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER};
use private_postgres::{Options, Server};
use session_ledger::Ledger;
use session_ledger::internals::Sealer;
use session_ledger::token::KeyRing;
use session_ledger::web::Sessions;
use test_support::{CapturedLog, Visitor, application, key_ring};

const NAME: &str = "__Host-session";
const MASTER: &str = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA";

/// All tokens that the browser of this walk ever held.
async fn walk(ledger: Ledger) -> Vec<String> {
    let visitor = Visitor::new(&application(Sessions::new(ledger, key_ring())));
    let mut tokens = Vec::new();
    let paths = [
        "/add",
        "/login/alice",
        "/keep/something",
        "/renew",
        "/show",
        "/order/x/then/200",
        "/swallow",
        "/flash/hi",
        "/flashes",
        "/then/500",
        "/large/70000",
        "/login/bob",
        "/renew",
        "/logout",
        "/add",
    ];
    for path in paths {
        let before = visitor.copy();
        visitor.get(path).await;
        // A latecomer makes the library send the token again.
        before.get("/show").await;
        tokens.extend(visitor.cookie(NAME));
        tokens.extend(before.cookie(NAME));
    }
    visitor.put_cookie(NAME, format!("{}x", tokens[0]));
    visitor.get("/show").await;
    tokens.sort();
    tokens.dedup();
    tokens
}

/// The forms in which a token or its secret could be found.
fn needles(tokens: &[String]) -> Vec<(String, Vec<u8>)> {
    let sealer = Sealer::new(KeyRing::parse(&format!("primary 0a0b0c0d {MASTER}")).unwrap(), NAME, "");
    let mut needles = vec![("the master key".to_owned(), MASTER.as_bytes().to_vec())];
    for (nth, token) in tokens.iter().enumerate() {
        let raw = BASE64URL_NOPAD.decode(token.as_bytes()).unwrap();
        let hash = sealer.open(token.as_bytes()).ok().unwrap().secret.hash();
        needles.push((format!("token {nth}"), token.as_bytes().to_vec()));
        needles.push((format!("most of token {nth}"), token.as_bytes()[30..100].to_vec()));
        needles.push((format!("token {nth} in hexadecimal"), HEXLOWER.encode(&raw[20..]).into_bytes()));
        needles.push((format!("token {nth} in base64"), BASE64.encode(&raw).into_bytes()));
        needles.push((
            format!("the hash of secret {nth} in a log"),
            HEXLOWER.encode(hash.as_bytes()).into_bytes(),
        ));
    }
    needles
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

#[tokio::test]
async fn a_dump_of_the_database_and_all_logs_hold_no_token() {
    let (log, _guard) = CapturedLog::listen(tracing::Level::TRACE);

    let options =
        Options::default().setting("log_statement", "all").setting("log_min_duration_statement", "0");
    let server = Server::start(options).unwrap();
    let config: tokio_postgres::Config = server.connection_string("postgres").parse().unwrap();
    Ledger::migrate(&config).await.unwrap();
    let tokens = walk(Ledger::builder(config).connect().await.unwrap()).await;
    assert!(tokens.len() >= 6, "logins and renewals made tokens: {}", tokens.len());

    let dump = Command::new(server.bin_dir().join("pg_dump"))
        .args(["--dbname", &server.connection_string("postgres"), "--inserts"])
        .output()
        .unwrap();
    assert!(dump.status.success(), "{}", String::from_utf8_lossy(&dump.stderr));
    assert!(contains(&dump.stdout, b"token_hash"), "the dump has the tables");
    let logged = log.bytes();
    assert!(contains(&logged, b"crypt_decrypt_fail"), "the log has the incident");
    let server_log = std::fs::read(server.log_path()).unwrap();
    assert!(contains(&server_log, b"session_ledger.event"), "the server logged its statements");

    for (what, needle) in needles(&tokens) {
        // The hashes are in the database's own rows and in its log of statements; they open nothing.
        if !what.starts_with("the hash") {
            assert!(!contains(&dump.stdout, &needle), "{what} is in the dump");
            assert!(!contains(&server_log, &needle), "{what} is in the server's log");
        }
        assert!(!contains(&logged, &needle), "{what} is in the application's log");
    }
}
