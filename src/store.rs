//! Floor 2: the only one that knows PostgreSQL.
//!
//! | room | holds |
//! |---|---|
//! | `connection` | connections, and how statements are sent over them |
//! | `request` | a request's session: its load, its append, its transaction |
//! | `log` | reading the events: of one session, of all, and as a feed |
//! | `projection` | the rows of `session` and `ended_session` |
//!
//! Each statement is a file in `sql/`. The module that runs it names it.

pub(crate) mod accounts;
pub(crate) mod aging;
pub(crate) mod backends;
pub(crate) mod bare;
pub(crate) mod condition;
pub(crate) mod connection;
pub(crate) mod epoch;
pub(crate) mod error;
pub(crate) mod failed_logins;
pub(crate) mod impersonations;
pub(crate) mod inbox;
pub(crate) mod jobs;
pub(crate) mod live_count;
pub(crate) mod log;
pub(crate) mod logins;
#[cfg(test)]
mod order;
pub(crate) mod patience;
pub(crate) mod projection;
mod readiness;
pub(crate) mod request;
pub(crate) mod schema;
mod scope;
pub(crate) mod seals;
pub(crate) mod sessions;
pub(crate) mod settling;
pub(crate) mod signal_streams;
pub(crate) mod signed_in;
mod sqlstate;
mod table;
pub(crate) mod watch;
pub(crate) mod written_rows;
