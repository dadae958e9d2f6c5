//! A transmitter of Shared Signals: what receivers are told, and that they can verify it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod command;
mod keys;
mod managed;
mod polled;
mod pushed;
mod pushed_streams;
#[path = "../webhook/receiver.rs"]
mod receiver;
mod served;
mod tokens;

use std::path::PathBuf;

use data_encoding::BASE64URL_NOPAD;
use projector::envelope::{Envelope, Telling};
use projector::ssf::{SigningKey, Transmitter};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use serde_json::Value;
use session_ledger::session::{ChainHash, Entry, Event, EventId, Recorded, SessionId, UserId};
use time::OffsetDateTime;
use time::macros::datetime;

const NOW: OffsetDateTime = datetime!(2026-03-01 12:30 UTC);

/// When the events happened: a minute before.
const THEN: OffsetDateTime = datetime!(2026-03-01 12:29 UTC);

/// A key for tests alone.
fn key_file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/ssf").join(name)
}

fn transmitter() -> Transmitter {
    Transmitter {
        issuer: "https://shop.example".to_owned(),
        audiences: vec!["https://forum.example/caep".to_owned()],
        key: SigningKey::from_file(&key_file("pkcs8.pem")).unwrap(),
    }
}

/// An event of alice's session, or of nobody's.
fn envelope(event: &Event, user: Option<&str>) -> Envelope {
    let session = SessionId::from_bytes([2; 16]);
    let mut entry = Entry::new(1, EventId::from_random([1; 16]), event.encode(), THEN);
    entry.user = user.map(UserId::from);
    envelope_of(session, entry)
}

fn envelope_of(session: SessionId, entry: Entry) -> Envelope {
    let telling = Telling { source: "/shop/sessions".to_owned(), ..Telling::default() };
    Envelope::new(&Recorded::new(session, entry, THEN), Some(ChainHash::genesis(session)), &telling)
}

/// A token's header and claims, as a receiver reads them once it has verified them by the key that it was
/// published.
fn verified(token: &str, jwk: &Value) -> (Value, Value) {
    let decode = |text: &str| BASE64URL_NOPAD.decode(text.as_bytes()).unwrap();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let text = |name: &str| decode(jwk[name].as_str().unwrap());
    let key = RsaPublicKeyComponents { n: text("n"), e: text("e") };
    key.verify(&RSA_PKCS1_2048_8192_SHA256, signed.as_bytes(), &decode(signature))
        .expect("the signature holds");
    let (header, claims) = signed.split_once('.').unwrap();
    let read = |part: &str| serde_json::from_slice(&decode(part)).unwrap();
    (read(header), read(claims))
}
