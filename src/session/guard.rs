//! Conditions that a transaction must meet to be committed.

use super::{ChainHash, SessionId, UserId};

/// A condition that a statement before COMMIT checks. If it does not hold, nothing is committed.
///
/// A transaction that appends to a session needs no guard for it: the append has locked the session's row at
/// the expected version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Guard {
    /// The user's account must not be disabled, and no other transaction may disable it before COMMIT. For a
    /// login. Its statement goes before the append.
    Login {
        /// The user.
        user: UserId,
    },
    /// The session must be live and at this version when COMMIT comes. For a transaction that has read the
    /// session but does not change it.
    Fence {
        /// The session.
        session: SessionId,
        /// The version at which it was loaded.
        version: i64,
        /// The chain up to that version.
        head: ChainHash,
        /// The database's epoch then.
        epoch: Option<u16>,
    },
    /// No statement of the transaction may have failed. For a transaction without a session: PostgreSQL
    /// answers the COMMIT of a failed transaction without an error.
    Unfailed,
}
