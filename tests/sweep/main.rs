//! Sessions whose time is over end, though nobody comes back to them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod beside;
mod over;
mod scene;
