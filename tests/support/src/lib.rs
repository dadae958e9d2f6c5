//! The kit that the tests of session-ledger share. It panics where a test would.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![forbid(unsafe_code)]

mod application;
mod captured;
mod clock;
mod database;
mod keys;
mod log;
mod pooler;
mod served;
mod visitor;
mod wire;

pub use application::{COUNT, TEXT, application};
pub use captured::CapturedLog;
pub use database::Database;
pub use keys::key_ring;
pub use log::append;
pub use pooler::{Pooler, SERVERS};
pub use served::{Http1, WebSocket, http2, serve};
pub use visitor::{Answer, App, Visitor, app};
pub use wire::{Cut, Wire};
