//! A kit for tests of applications: the application behind its own sessions, browsers that visit it, and a
//! database on a PostgreSQL that starts by itself. With the feature `test`, for `[dev-dependencies]`.
//!
//! ```
//! use poem::{EndpointExt, Result, Route, get, handler};
//! use session_ledger::session::Policy;
//! use session_ledger::test::{Application, Database, key_ring};
//! use session_ledger::web::{Sessions, SignedIn};
//!
//! #[handler]
//! fn account(session: SignedIn) -> String {
//!     format!("the account of {}", session.user())
//! }
//!
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! let database = Database::fresh().await;
//! let sessions = Sessions::new(database.ledger(Policy::default()).await, key_ring());
//! let site = Route::new().at("/account", get(account)).with(sessions.clone());
//! let site = Application::new(site, &sessions);
//!
//! assert_eq!(site.visitor().get("/account").await.status, 401);
//! let alice = site.signed_in_as("alice").await;
//! assert_eq!(alice.get("/account").await.body, "the account of alice");
//!
//! // Three weeks later the session has been idle for too long.
//! database.set_clock_ahead(std::time::Duration::from_secs(21 * 24 * 3600)).await;
//! assert_eq!(alice.get("/account").await.status, 401);
//! # });
//! ```
//!
//! No socket is opened: a request goes straight to the application, over https as far as it can tell. So it
//! passes all of the application's own layers, and what the log says of it is what production would say.
//!
//! # Panics
//!
//! The kit panics where a test would: when no PostgreSQL is installed, when a request cannot be made of what
//! it was given, when the database refuses.
#![allow(clippy::expect_used, clippy::panic)]

mod application;
mod clock;
mod database;
mod keys;
mod uptime;
mod visitor;

pub use application::Application;
pub use database::Database;
pub use keys::key_ring;
/// The server on which [`Database::fresh`] makes databases, for tests that want one of their own.
pub use private_postgres;
pub use visitor::{Answer, Visitor};
