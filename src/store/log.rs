//! Reading the log of events.

pub(crate) mod columns;
pub(crate) mod counters;
pub(crate) mod feed;
pub(crate) mod guards;
pub(crate) mod history;
pub(crate) mod questions;
mod snapshot;
pub(crate) mod streams;
pub(crate) mod subscriptions;
