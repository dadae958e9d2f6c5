//! The parts that all peers share, so that they differ in nothing but their sessions: the environment, start
//! and stop, the questions of the clients, and the orders in PostgreSQL.
#![forbid(unsafe_code)]

mod environment;
mod life;
mod listener;
mod orders;
mod question;

pub use environment::{Environment, Failure, redis_url};
pub use life::{over, ready};
pub use listener::listen;
pub use orders::{INSERT_PURCHASE, Orders, PURCHASE_TABLE, SERIALIZABLE};
pub use question::{Login, Pace};

/// The connections that a peer's pool may open.
pub const CONNECTIONS_MAX: usize = 16;

/// How long a session lives without being used, in days.
pub const IDLE_DAYS: u16 = 14;

/// The session's key for the signed-in user.
pub const USER: &str = "user";
/// The session's key for the number of changes and orders.
pub const COUNT: &str = "count";
