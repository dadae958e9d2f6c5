//! Ending many sessions at once: of a user, of a network, all that there are.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod many;
mod meant;
mod races;
mod scene;
mod told;
mod trouble;
