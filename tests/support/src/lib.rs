//! What the tests of session-ledger share beyond `session_ledger::test`, the kit that applications have too.
//! It panics where a test would.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![forbid(unsafe_code)]

mod app;
mod application;
mod captured;
mod log;
mod pooler;
mod served;
mod wire;

pub use app::{App, app};
pub use application::{COUNT, TEXT, application};
pub use captured::CapturedLog;
pub use log::append;
pub use pooler::{Pooler, SERVERS};
pub use served::{Http1, WebSocket, http2, serve};
pub use session_ledger::test::{Answer, Database, Visitor, key_ring};
pub use wire::{Cut, Wire};
