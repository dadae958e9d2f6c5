//! Serializability, checked from outside in the manner of Jepsen's Elle (FAULTS F21).
//!
//! Clients append unique elements to lists, some of which live in sessions and some in the application's rows, and
//! read them. The order of the elements in the lists tells which transaction came before which; a history that no
//! serial execution can have has a cycle. Adya's names: G0, G1a, G1b, G1c, G-single, G2.
//!
//! - `history`, `checker`, `cycle`: what was observed, and what is wrong with it.
//! - `handwritten`: histories with a known fault, for the checker.
//! - `application`, `clients`, `trouble`: who makes the history, and who makes it hard.
//! - `lowered`: the same statements at a lower isolation level, where the checker must find what it looks for.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod application;
mod checker;
mod clients;
mod cycle;
mod handwritten;
mod history;
mod lowered;
mod trouble;
