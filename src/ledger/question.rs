//! Why a question about logins or events was not answered.

use super::Error;
use crate::plain_debug::plain_debug;
use crate::session::Unanswerable;

/// Why a question about logins or events was not answered.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum QuestionError {
    /// The question has no answer.
    #[error(transparent)]
    Unanswerable(#[from] Unanswerable),
    /// The database is away or refuses, or a user's id cannot be stored.
    #[error(transparent)]
    Ledger(#[from] Error),
}

plain_debug!(QuestionError);
