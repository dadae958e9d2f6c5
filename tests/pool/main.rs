//! Connections: how they are opened, shared, refused and given up.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod address;
mod certificates;
mod exhaustion;
mod foreign;
mod read_only;
mod tls;
