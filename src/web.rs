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

mod arrival;
mod attempt;
mod builder;
mod closure;
mod commit_policy;
mod error;
mod incident;
mod middleware;
mod opened;
mod queue;
mod response;
mod savepoint;
mod session;
mod settle;
mod signed_in;
mod tx;
mod visit;

pub use builder::SessionsBuilder;
pub use error::SessionError;
pub use incident::Incident;
pub use middleware::{Sessions, SessionsEndpoint};
pub use savepoint::Savepoint;
pub use session::Session;
pub use signed_in::{NotSignedIn, SignedIn};
pub use tx::Tx;
