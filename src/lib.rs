//! session-ledger
pub mod session;
