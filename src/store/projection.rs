//! The tables that are derived from the log, `session` and `ended_session`, and `activity` beside them; and
//! those of applications.

pub(crate) mod activity;
mod cell;
pub(crate) mod columns;
mod copying;
pub(crate) mod difference;
pub(crate) mod inspection;
pub(crate) mod own;
pub(crate) mod replacement;
pub(crate) mod row;
pub(crate) mod staging;
pub(crate) mod stored_rows;
pub(crate) mod sums;
