//! Bytes to facts and back: golden files, damaged bytes, unknown kinds and shapes, typed keys.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../arbitrary/mod.rs"]
mod arbitrary;
mod damage;
mod golden;
mod keys;
#[path = "../arbitrary/kinds.rs"]
mod kinds;
mod roundtrip;
mod samples;

use session_ledger::session::{DecodeError, Encoded, Event};

/// Reads an event as it was stored.
fn decode(kind: &str, shape: i16, payload: &[u8]) -> Result<Event, DecodeError> {
    Encoded::new(kind.to_owned(), shape, payload).decode()
}

/// The payload as it is stored.
fn payload(event: &Event) -> Vec<u8> {
    event.encode().payload().to_vec()
}
