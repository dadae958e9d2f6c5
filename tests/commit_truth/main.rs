//! The truth about COMMIT: an acknowledged change happened exactly once. Any other change did not happen at
//! all, or is said to be unknown (invariants 5, 7 and 10; FAULTS F3 and F24).
//!
//! `FAULTS=1000` cuts that many connections before COMMIT, and as many after it; `SEED=` repeats the kinds of
//! requests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod away;
mod cuts;
mod late;
mod refused;
mod scene;
