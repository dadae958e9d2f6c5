//! The kit that the tests of session-ledger share. It panics where a test would.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![forbid(unsafe_code)]

mod database;

pub use database::Database;
