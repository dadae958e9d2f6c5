//! Why a question about logins or events was not answered.

use super::Error;
use crate::plain_debug::plain_debug;
use crate::session::{SessionId, Unanswerable};

/// Why a question about logins or events was not answered.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum QuestionError {
    /// The question has no answer.
    #[error(transparent)]
    Unanswerable(#[from] Unanswerable),
    /// There never was a session of this id. If it was asked for in the name of a user, it may also be
    /// somebody else's: the two are told the same, so that nobody learns by asking which sessions there are.
    #[error("there is no such session: {session}")]
    NoSuchSession {
        /// The id that was asked for.
        session: SessionId,
    },
    /// The database is away or refuses, or a user's id cannot be stored.
    #[error(transparent)]
    Ledger(#[from] Error),
}

plain_debug!(QuestionError);
