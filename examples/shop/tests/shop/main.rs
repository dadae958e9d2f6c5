//! The shop over HTTP, without a browser: requests that it refuses, and data that it leaves as it was.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod devices;
mod door;
mod login;
mod orders;
mod problems;
mod scene;
