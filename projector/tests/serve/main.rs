//! The console over HTTP, without a browser.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod access;
mod audit;
mod ending;
mod more;
mod pages;
mod program;
mod scene;
mod steps;
mod tail;
