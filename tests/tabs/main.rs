//! One browser with several tabs: whatever its requests and their answers do to each other, it keeps its
//! login and its changes, and no honest browser is taken for a thief.
//!
//! `cases` holds the stories that went wrong once. `interleavings` tries random ones: `TABS=1000000` for the
//! full count, `SEED=` for those of a run that failed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod application;
mod browser;
mod cases;
mod interleavings;
