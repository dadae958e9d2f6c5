//! session-ledger
pub mod ledger;
pub mod session;
#[allow(dead_code)]
mod store;

pub use ledger::Ledger;
pub use session::Key;
