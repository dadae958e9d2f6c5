//! An event-sourced HTTP session store for poem web applications on PostgreSQL.
//!
//! Session stores overwrite a row and forget. This one appends what happened to a log, in the application's
//! own SERIALIZABLE transaction, and keeps a row beside it for fast reads. So a cart and its order commit
//! together or not at all, two tabs never lose each other's change, a logout is final, and the question "who
//! was signed in, from where, and why did it end?" has an answer.
//!
//! ```no_run
#![doc = include_str!("../examples/hello.rs")]
//! ```
//!
//! The README in the repository says how to run this program, what the log then tells, how to test it, and
//! what works beside sqlx and diesel.
//!
//! # Contents
//!
//! | module | floor | what it knows |
//! |---|---|---|
//! | [`web`] | 3 | poem: the middleware, the extractors, the session a handler holds |
//! | [`ledger`] | front desk | what applications, administrators and the projector ask outside a request |
//! | [`inbox`] | front desk | what consumers of the relay have handled |
//! | `store` | 2 | PostgreSQL |
//! | [`environment`] | – | what an application may read of its process's environment |
//! | `test` | – | with the feature `test`: a kit for tests of applications |
//! | [`telemetry`] | – | metrics and spans, by name |
//! | [`token`] | 1 | what the browser holds; pure |
//! | [`session`] | 1 | what a session is; pure |
#![forbid(unsafe_code)]

pub mod environment;
pub mod inbox;
#[doc(hidden)]
pub mod internals;
pub mod ledger;
mod plain_debug;
mod request;
pub mod session;
mod store;
pub mod telemetry;
#[cfg(feature = "test")]
pub mod test;
pub mod token;
pub mod web;

pub use ledger::{Error, Ledger};
pub use session::{Key, Note, SessionId, UserId};
pub use token::KeyRing;
pub use web::{Session, Sessions, SignedIn, Tx};
