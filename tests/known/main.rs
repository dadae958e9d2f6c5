//! Known sessions: a process that has seen a session a moment ago does not load it, and COMMIT decides
//! whether what its handler saw was current. Two ledgers on one database stand for two processes that know
//! nothing of each other.
//!
//! The suites of finality, anomalies, cancellation, commit truth, failover, tabs and timelines hold with the
//! memory, which is on there, and without it: `KNOWN_SESSIONS=off` runs them so.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod beginning;
mod costs;
mod current;
mod ends;
mod scene;
mod stale_reads;
