//! Reading the log of events.

pub(crate) mod checkpoint;
pub(crate) mod columns;
pub(crate) mod counters;
pub(crate) mod dead_letters;
pub(crate) mod feed;
pub(crate) mod guards;
pub(crate) mod hashes;
pub(crate) mod history;
mod parked;
pub(crate) mod partitions;
pub(crate) mod questions;
pub(crate) mod restoring;
mod snapshot;
pub(crate) mod streams;
pub(crate) mod subscriptions;
