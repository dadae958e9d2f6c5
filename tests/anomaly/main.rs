//! Serializability, checked from outside in the manner of Jepsen's Elle (FAULTS F21).
//!
//! Clients append unique elements to lists, some of them in sessions and some in the application's rows, and
//! read them. The order of the elements tells the order of the transactions. A history that no serial
//! execution can have has a cycle. Adya's names: G0, G1a, G1b, G1c, G-single, G2.
//!
//! - `history`, `checker`, `cycle`: the observations, and the anomalies in them.
//! - `handwritten`: histories with a known fault, for the checker.
//! - `application`, `clients`, `trouble`: those who make the history, and those who make it hard.
//! - `lowered`: the same statements at a lower isolation level, where the checker must find anomalies.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod application;
mod checker;
mod clients;
mod cycle;
mod handwritten;
mod history;
mod lowered;
mod trouble;
