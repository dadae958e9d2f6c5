//! One attempt at a request: run the handler, settle what it did, and say whether to try again.

use std::sync::Arc;

use poem::{Request, Response, Result};

use super::SessionError;
use super::middleware::Shared;
use super::settle::settle;
use super::visit::Visit;
use crate::ledger::Error;
use crate::store::error::{Prospect, cause};
use crate::store::transaction::RolledBack;

/// How an attempt ended.
pub(super) enum Outcome {
    /// With an answer.
    Done(Result<Response>),
    /// Nothing happened, and the same request may run again.
    Again(Again),
}

/// A failed attempt.
pub(super) struct Again {
    /// The answer if it was the last.
    pub(super) error: poem::Error,
    /// What another may bring.
    pub(super) prospect: Prospect,
}

/// Runs `handler` for `request` and settles what it did.
pub(super) async fn attempt(
    shared: &Arc<Shared>,
    mut request: Request,
    number: u32,
    handler: impl AsyncFnOnce(Request) -> Result<Response>,
) -> Outcome {
    let visit = Arc::new(Visit::new(Arc::clone(shared), &request, number));
    request.set_data(Arc::clone(&visit));
    let result = handler(request).await;
    // In a task of its own: a client that hangs up must not stop a commit halfway.
    match tokio::spawn(settle(visit, result)).await {
        Ok(outcome) => outcome,
        Err(error) => Outcome::Done(Err(poem::error::InternalServerError(error))),
    }
}

impl Outcome {
    /// Of a handler that answered with an error, and whose transaction, if any, was `found` in this state when it was
    /// rolled back.
    pub(super) fn of_error(error: poem::Error, found: RolledBack) -> Self {
        let known = std::error::Error::source(&error).and_then(cause).map(|cause| cause.prospect());
        let prospect = match (known, found) {
            (Some(Prospect::Fair), RolledBack::Lost) => Prospect::Reconnected,
            (Some(known), _) => known,
            (None, RolledBack::Sound) => Prospect::None,
            // The handler calls it its own mistake, or the browser's; it is the database's.
            (None, RolledBack::Lost) if error.status().is_server_error() => Prospect::Reconnected,
            (None, RolledBack::Lost | RolledBack::Failed) => Prospect::Fair,
        };
        match prospect {
            Prospect::None => Self::Done(Err(error)),
            prospect => Self::Again(Again { error, prospect }),
        }
    }
}

impl From<Error> for Outcome {
    fn from(error: Error) -> Self {
        let prospect = error.prospect();
        match prospect {
            Prospect::None => Self::Done(Err(error.into())),
            prospect => Self::Again(Again { error: error.into(), prospect }),
        }
    }
}

impl From<SessionError> for Outcome {
    fn from(error: SessionError) -> Self {
        Self::Done(Err(error.into()))
    }
}
