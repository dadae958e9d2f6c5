//! Conditions that a transaction must meet to be committed.

use super::SessionId;

/// A condition that the last statement before COMMIT checks. If it does not hold, nothing is committed.
///
/// A transaction that appends to a session needs no guard for it: the append has locked the session's row at
/// the expected version. Limits (of the sessions of a user, say) will be further variants. Their statements
/// will go before the append.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard {
    /// The session must be live and at this version when COMMIT comes. For a transaction that has read the
    /// session but does not change it.
    Fence {
        /// The session.
        session: SessionId,
        /// The version at which it was loaded.
        version: i64,
    },
    /// No statement of the transaction may have failed. For a transaction without a session: PostgreSQL
    /// answers the COMMIT of a failed transaction without an error.
    Unfailed,
}
