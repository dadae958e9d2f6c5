//! session-ledger
#![forbid(unsafe_code)]
pub mod ledger;
pub mod session;
mod store;
pub mod token;
pub mod web;

pub use ledger::Ledger;
pub use session::Key;
