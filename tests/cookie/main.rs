//! The cookie on its way in and out: what is accepted, and what a response sets.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod header;
mod request;
mod response;
