//! What must hold when a request's changes are committed.

use super::SessionId;

/// A condition that the database checks in the transaction itself, just before COMMIT.
///
/// An append needs no guard: it changes the session's row at the version that the request has seen, or fails.
/// Limits will add variants whose statements go before the append.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard {
    /// The session is still live, and at the version that the request has seen.
    Fence {
        /// The session.
        session: SessionId,
        /// Its version when it was loaded.
        version: i64,
    },
    /// The request has no session: no statement of its transaction has failed.
    Unfailed,
}
