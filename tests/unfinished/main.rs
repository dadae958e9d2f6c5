//! Requests that never finish: a body that does not come, a handler that does not return, a server that does
//! not answer. They hold nobody else up.
//!
//! - `scene`: an application, and requests that hang on purpose.
//! - `line`: the line of those who write to one session is a courtesy, never a lock.
//! - `slots`: the pool's connections while handlers hang.
//! - `sockets`: the same over real connections.
//! - `silence`: every wait for the database ends.
//! - `stopping`: a server that stops on purpose.
//! - `stopped`: work outside of requests, and a request as a whole, on a server that has stopped.
//! - `bodies`: what is kept of bodies, and when.
//! - `starts`: sessions that visitors start and nobody ends.
//! - `share`: one session's part of the pool.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod bodies;
mod line;
mod scene;
mod share;
mod silence;
mod slots;
mod sockets;
mod starts;
mod stopped;
mod stopping;
