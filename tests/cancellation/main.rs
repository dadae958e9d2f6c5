//! Requests that end early: dropped after any of their polls, out of time, or panicking (invariants 7 and 10;
//! FAULTS F8). A pool of one connection shows a connection that is not given back.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod kept;
mod scene;
mod stopped;
mod sweep;
