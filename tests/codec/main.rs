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
