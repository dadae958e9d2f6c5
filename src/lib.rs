//! session-ledger
pub mod session;

pub use session::Key;
