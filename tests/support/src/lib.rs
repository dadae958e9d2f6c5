//! The kit that the tests of session-ledger share. It panics where a test would.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![forbid(unsafe_code)]

mod database;
mod log;

pub use database::Database;
pub use log::append;
