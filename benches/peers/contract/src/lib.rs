//! What every peer does alike, so that they differ in nothing but their sessions: the environment that they read, how
//! they come and go, the questions that they are asked, and the orders that they keep in PostgreSQL.
#![forbid(unsafe_code)]

mod environment;
mod life;
mod orders;
mod question;

pub use environment::{Environment, Failure, redis_url};
pub use life::{over, ready};
pub use orders::{INSERT_PURCHASE, Orders, PURCHASE_TABLE, SERIALIZABLE};
pub use question::{Login, Pace};

/// The connections that a peer's pool may open.
pub const CONNECTIONS_MAX: usize = 16;

/// How long a session lives without being used, in days.
pub const IDLE_DAYS: u16 = 14;

/// The keys of the session: who is signed in, and how often something was changed or ordered.
pub const USER: &str = "user";
/// See [`USER`].
pub const COUNT: &str = "count";
