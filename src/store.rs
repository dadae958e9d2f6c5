//! Floor 2: the only one that knows PostgreSQL.
//!
//! One statement a file in `sql/`; each module owns the statements it runs.

pub(crate) mod activity;
pub(crate) mod append;
mod append_many;
pub(crate) mod columns;
pub(crate) mod commit;
pub(crate) mod commits;
pub(crate) mod connect;
pub(crate) mod connection;
pub(crate) mod cursor;
pub(crate) mod error;
pub(crate) mod feed;
pub(crate) mod lend;
mod line;
pub(crate) mod load;
pub(crate) mod loads;
pub(crate) mod log;
pub(crate) mod outcome;
mod pipeline;
mod place;
pub(crate) mod pool;
pub(crate) mod projection;
pub(crate) mod replace;
pub(crate) mod rows;
pub(crate) mod savepoint;
pub(crate) mod schema;
pub(crate) mod sessions;
mod snapshot;
pub(crate) mod statement;
pub(crate) mod streams;
pub(crate) mod tls;
pub(crate) mod transaction;
