//! The fold, the draft that gathers a request's facts, and the chain through them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../arbitrary/mod.rs"]
mod arbitrary;
mod chain;
mod client;
mod draft;
mod draft_laws;
mod proofs;
mod state;

use session_ledger::session::*;
use time::OffsetDateTime;

/// The id of all streams of these tests.
fn id() -> SessionId {
    SessionId::from_bytes([7; 16])
}

/// `seconds` after 1970.
fn at(seconds: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(seconds).unwrap()
}

/// The bytes 1, 2, 3 … instead of random ones.
fn random() -> impl FnMut() -> [u8; 16] {
    let mut next = 0_u128;
    move || {
        next += 1;
        next.to_be_bytes()
    }
}

/// These events as a stream of one session.
fn stream(events: &[(Event, OffsetDateTime)]) -> Vec<Entry> {
    let mut head = ChainHash::genesis(id());
    let mut next = random();
    let numbered = (1..).zip(events);
    numbered
        .map(|(version, (event, occurred_at))| {
            let mut entry = Entry::new(version, EventId::from_random(next()), event.encode(), *occurred_at);
            head = head.then(&entry);
            entry.hash = head;
            entry
        })
        .collect()
}
