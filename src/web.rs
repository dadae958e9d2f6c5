//! Floor 3: sessions in poem.
//!
//! The [`Sessions`] middleware gives each request a visit to the ledger. A handler asks for what it needs:
//! [`Session`], [`SignedIn`], or [`Tx`] for a transaction that its own statements and the session share.
//! Nothing is loaded before a handler asks, and nothing is written before it has returned.
//!
//! # When a request is committed
//!
//! | the handler returns | its changes |
//! |---|---|
//! | `Ok` with a status below 500 | are committed |
//! | `Ok` with a status of 500 and more | are rolled back |
//! | `Err` made from a redirect (3xx) | are committed |
//! | any other `Err` | are rolled back |
//!
//! Rolled back means: no event, no row, no cookie, no flash message. Another rule can be set with
//! [`SessionsBuilder::commit_when`]. A request that loses a race against another of the same session runs again,
//! body included, so handlers should do nothing outside the database that must not be done twice.

mod attempt;
mod builder;
mod commit_policy;
mod error;
mod extract;
mod face;
mod kept_request;
mod middleware;
mod outcome;
mod session_transaction;

pub use crate::ledger::Savepoint;
pub use crate::request::{Incident, NotSignedIn, Session, SessionError, SignedIn, Tx};
pub use builder::SessionsBuilder;
pub use middleware::{Sessions, SessionsEndpoint};
