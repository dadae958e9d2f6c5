//! An event-sourced HTTP session store for poem and PostgreSQL.

pub mod session;
pub mod token;
