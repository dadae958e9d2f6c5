//! Connections to PostgreSQL, and how statements are sent over them.

pub(crate) mod address;
pub(crate) mod connector;
pub(crate) mod deadline;
pub(crate) mod idle_ends;
pub(crate) mod lending;
pub(crate) mod pipeline;
pub(crate) mod pool;
mod prepared;
pub(crate) mod reader;
pub(crate) mod reading;
pub(crate) mod statement;
pub(crate) mod tls;
pub(crate) mod watched;
