//! Requests that the console refuses, and why.

use std::fmt;

use poem::error::ResponseError;
use poem::http::StatusCode;
use session_ledger::ledger::QuestionError;

use super::users::UsersError;

/// A request that is refused, with a sentence for whoever has sent it.
#[derive(thiserror::Error)]
#[error("{told}")]
pub(super) struct Refusal {
    status: StatusCode,
    told: String,
}

impl Refusal {
    /// A question that has no answer: an impossible time, a reason that is none.
    pub(super) fn unclear(told: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, told: told.into() }
    }

    /// Something that its sender may not have.
    pub(super) fn forbidden(told: impl Into<String>) -> Self {
        Self { status: StatusCode::FORBIDDEN, told: told.into() }
    }

    /// What the page says. Faults of our own are told to the log alone.
    pub(super) fn told(&self) -> Option<&str> {
        self.status.is_client_error().then_some(&self.told)
    }
}

/// The file of users cannot be used: nobody is let in, and the log says why.
impl From<UsersError> for Refusal {
    fn from(error: UsersError) -> Self {
        Self { status: StatusCode::SERVICE_UNAVAILABLE, told: error.to_string() }
    }
}

/// As its `Display`.
impl fmt::Debug for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl ResponseError for Refusal {
    fn status(&self) -> StatusCode {
        self.status
    }
}

/// The answer to a question that was not answered.
pub(super) fn unanswered(error: QuestionError) -> poem::Error {
    match error {
        QuestionError::Ledger(error) => error.into(),
        other => Refusal::unclear(other.to_string()).into(),
    }
}
