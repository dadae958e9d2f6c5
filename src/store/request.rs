//! A request's session: its load, its append, its transaction.

pub(crate) mod append;
mod append_group;
mod claim;
pub(crate) mod commit;
pub(crate) mod end_group;
pub(crate) mod end_held;
pub(crate) mod gate;
pub(crate) mod group_commit;
pub(crate) mod group_load;
pub(crate) mod grouping;
pub(crate) mod live_page;
pub(crate) mod load;
mod mark;
mod outcome;
pub(crate) mod overdue_page;
pub(crate) mod savepoint;
pub(crate) mod transaction;
