//! The answer of one run of a request, or that the request should run again.

use std::time::Duration;

use poem::{Response, Result};

use crate::ledger::Error;
use crate::request::failure::{CommitFailed, Failure};
use crate::request::running::Undone;
use crate::request::settle::Verdict;
use crate::request::shared::Shared;

/// How a run ended.
pub(super) enum Outcome {
    /// With an answer.
    Done(Result<Response>),
    /// Nothing happened, and the same request may run again.
    Again(Again),
    /// Nothing happened, and the browser should send the request again after so long.
    SendAgain(Duration),
}

/// A run that was in vain.
pub(super) struct Again {
    /// The answer if this was the last run.
    pub(super) error: poem::Error,
    /// Why it was in vain, and what another may bring.
    pub(super) failure: Failure,
}

impl Outcome {
    /// Makes the handler's `result` the outcome of the run, once its request is settled.
    pub(super) fn of(shared: &Shared, result: Result<Response>, verdict: Verdict) -> Self {
        match (verdict, result) {
            // An error that the commit policy lets through is an answer like any other.
            (Verdict::Committed, result) => Self::Done(Ok(result.unwrap_or_else(poem::Error::into_response))),
            (Verdict::RolledBack(undone), Ok(answer)) if undone.is_sound() => Self::Done(Ok(answer)),
            // The handler made an answer of an error; which error that was, only the transaction knows.
            (Verdict::RolledBack(undone), Ok(answer)) => {
                Self::of_error(shared, poem::Error::from_response(answer), undone)
            }
            (Verdict::RolledBack(undone), Err(error)) => Self::of_error(shared, error, undone),
            (Verdict::Failed(failed), _) => failed.into(),
            (Verdict::SendAgain(wait), _) => Self::SendAgain(wait),
        }
    }

    /// The outcome of a handler that answered with an error, and whose transaction, if any, was found in this
    /// state when it was rolled back.
    pub(super) fn of_error(shared: &Shared, error: poem::Error, undone: Undone) -> Self {
        let is_server_error = error.status().is_server_error();
        let failure = Failure::of_handler(shared, &error, is_server_error, &undone);
        // The handler has only seen that a statement was refused.
        let error = match undone.cause {
            Some(cause) if failure.is_final() && is_server_error => cause.into(),
            _ => error,
        };
        Self::of_failure(error, failure)
    }

    /// The outcome of a request that must not run again.
    pub(super) fn last(self) -> Self {
        match self {
            Self::Again(again) => Self::Done(again.last_answer()),
            other => other,
        }
    }

    fn of_failure(error: poem::Error, failure: Failure) -> Self {
        let is_final = failure.is_final();
        let again = Again { error, failure };
        if !is_final {
            Self::Again(again)
        } else if again.failure.is_unavailability() {
            Self::Done(again.last_answer())
        } else {
            Self::Done(Err(again.error))
        }
    }
}

impl Again {
    /// The answer of a request that does not run again: 503 if it was the database's or another request's
    /// doing, else what the handler made of it.
    pub(super) fn last_answer(self) -> Result<Response> {
        if self.failure.is_unavailability() {
            Err(unavailable(self.error, &self.failure.reason).into())
        } else if self.error.is_from_response() {
            Ok(self.error.into_response())
        } else {
            Err(self.error)
        }
    }
}

/// The error for an answer that says that the service is not available: the library's own as it is, whatever
/// status the handler has given it.
fn unavailable(error: poem::Error, reason: &str) -> Error {
    match error.downcast::<Error>() {
        Ok(ours) if ours.is_unavailable() => ours,
        Ok(ours) => Error::Unavailable(ours.to_string()),
        // An error of the application's may say anything, and a message of PostgreSQL's may quote a row.
        Err(_) => {
            Error::Unavailable(format!("a request failed ({reason}), and running it again did not help"))
        }
    }
}

impl From<CommitFailed> for Outcome {
    fn from(failed: CommitFailed) -> Self {
        let failure = Failure::of_commit(&failed);
        Self::of_failure(failed.into(), failure)
    }
}
