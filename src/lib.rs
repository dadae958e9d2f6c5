#![doc = include_str!("../README.md")]
//! # Contents
//!
//! | module | floor | what it knows |
//! |---|---|---|
//! | [`web`] | 3 | poem: the middleware, the extractors, the session a handler holds |
//! | [`ledger`] | front desk | what applications, administrators and the projector ask outside a request |
//! | `store` | 2 | PostgreSQL |
//! | [`telemetry`] | – | metrics and spans, by name |
//! | [`token`] | 1 | what the browser holds; pure |
//! | [`session`] | 1 | what a session is; pure |
#![forbid(unsafe_code)]

#[doc(hidden)]
pub mod internals;
pub mod ledger;
mod request;
pub mod session;
mod store;
pub mod telemetry;
#[cfg(feature = "test")]
pub mod test;
pub mod token;
pub mod web;

pub use ledger::{Error, Ledger};
pub use session::{Key, SessionId, UserId};
pub use token::KeyRing;
pub use web::{Session, Sessions, SignedIn, Tx};
