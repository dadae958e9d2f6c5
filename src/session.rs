//! Floor 1: what a session is. Pure: no I/O, no clock, no SQL, no HTTP.

mod id;

pub use id::{EventId, SessionId, TokenHash};
