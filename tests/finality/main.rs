//! No effect of a request commits after its session's end has committed (invariant 6; FAULTS F22).
//!
//! PostgreSQL's SERIALIZABLE alone does not promise this: `plain` shows how a write commits after a logout
//! without the fence, and that the judge of `race` would notice.
//!
//! - `stage`: an application and its database, on a server that keeps the time of each commit.
//! - `race`: thousands of requests against the end of their session, judged by those times.
//! - `interleaving`: the same by hand, one order at a time.
//! - `busy`: ending all sessions of a user while they are in use.
//! - `touch`: what readers note about a session aborts nobody.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod busy;
mod interleaving;
mod plain;
mod race;
mod stage;
mod touch;
