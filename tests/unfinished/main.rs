//! Requests that never finish: a body that does not come, a handler that does not return, a server that does
//! not answer. They hold nobody else up.
//!
//! - `scene`: an application, and requests that hang on purpose.
//! - `silence`: every wait for the database ends.
//! - `bodies`: what is kept of bodies, and when.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod bodies;
mod scene;
mod silence;
