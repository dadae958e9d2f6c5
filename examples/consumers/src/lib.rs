//! Two small consumers of a ledger's events. Each handles every event once, whatever is delivered twice,
//! swapped or lost on the way.
//!
//! - [`mail`] reads the relay's lines and writes a mail about each new device.
//! - [`everywhere`] follows one ledger and ends a user's sessions in another.
#![forbid(unsafe_code)]

pub mod everywhere;
pub mod mail;
