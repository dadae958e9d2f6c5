//! What a request does with its session: loads it, appends to it, and commits.

pub(crate) mod append;
mod append_group;
mod claim;
pub(crate) mod commit;
pub(crate) mod group_commit;
pub(crate) mod group_load;
pub(crate) mod grouping;
pub(crate) mod load;
mod outcome;
pub(crate) mod savepoint;
pub(crate) mod transaction;
