//! One attempt at a request: run the handler, settle what it did, and say whether to try again.

use std::mem;
use std::pin::pin;
use std::sync::Arc;

use poem::{Endpoint, IntoResponse, Request, Response, Result};
use tracing::Instrument;

use super::SessionError;
use super::middleware::Shared;
use super::settle::{settle, settle_at_once};
use super::visit::Visit;
use crate::ledger::Error;
use crate::store::error::{Prospect, cause};
use crate::store::request::transaction::RolledBack;
use crate::telemetry;

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
    /// Why it failed, for the metrics.
    pub(super) reason: String,
}

/// Runs the endpoint for a request, which it takes, and settles what it did.
pub(super) async fn attempt(visit: &Arc<Visit>, request: &mut Request, endpoint: &impl Endpoint) -> Outcome {
    request.set_data(Arc::clone(visit));
    let mut unsettled = Unsettled(Some(visit));
    let number = visit.attempt();
    telemetry::attempt(number);
    let span = tracing::debug_span!("session_ledger.attempt", number);
    let result = pin!(endpoint.call(mem::take(request))).instrument(span).await;
    let result = result.map(IntoResponse::into_response);
    unsettled.0 = None;
    if let Some(idle) = visit.take_idle() {
        return settle_at_once(visit, idle, result);
    }
    // In a task of its own: a client that hangs up must not stop a commit halfway. On the heap: it is many kilobytes,
    // and would be moved from place to place on its way into the task.
    match tokio::spawn(Box::pin(settle(Arc::clone(visit), result)).in_current_span()).await {
        Ok(outcome) => outcome,
        Err(error) => Outcome::Done(Err(poem::error::InternalServerError(error))),
    }
}

/// A request whose handler has not returned. Dropped as such, it lets go of its transaction, even if somebody keeps
/// that.
struct Unsettled<'a>(Option<&'a Visit>);

impl Drop for Unsettled<'_> {
    fn drop(&mut self) {
        if let Some(visit) = self.0.take() {
            visit.abandon();
        }
    }
}

impl Again {
    /// Makes sure that another attempt does not fail for the same reason.
    pub(super) fn prepare(&self, shared: &Shared) {
        if self.prospect == Prospect::Outdated {
            shared.ledger.pool().forget_statements();
        }
    }

    /// The answer of a request that does not run again: 503 if it was the database's or another request's doing,
    /// else what the handler made of it.
    pub(super) fn last_answer(self) -> Result<Response> {
        match self.prospect {
            Prospect::Good | Prospect::Outdated | Prospect::Reconnected => {
                Err(Error::Unavailable(self.error.to_string()).into())
            }
            Prospect::Fair | Prospect::None if self.error.is_from_response() => {
                Ok(self.error.into_response())
            }
            Prospect::Fair | Prospect::None => Err(self.error),
        }
    }
}

impl Outcome {
    /// Of a handler that answered with an error, and whose transaction, if any, was `found` in this state when it was
    /// rolled back.
    pub(super) fn of_error(shared: &Shared, error: poem::Error, found: RolledBack) -> Self {
        if (shared.retries)(&error) {
            return Self::Again(Again { error, prospect: Prospect::Good, reason: "marked".to_owned() });
        }
        let known = std::error::Error::source(&error).and_then(cause);
        let reason = known.as_ref().map_or_else(|| "aborted".to_owned(), |cause| cause.reason());
        let prospect = match (known.map(|cause| cause.prospect()), found) {
            (Some(Prospect::Fair), RolledBack::Lost) => Prospect::Reconnected,
            (Some(known), _) => known,
            (None, RolledBack::Sound) => Prospect::None,
            // The handler calls it its own mistake, or the browser's; it is the database's.
            (None, RolledBack::Lost) if error.status().is_server_error() => Prospect::Reconnected,
            (None, RolledBack::Lost | RolledBack::Failed) => Prospect::Fair,
        };
        match prospect {
            Prospect::None => Self::Done(Err(error)),
            prospect => Self::Again(Again { error, prospect, reason }),
        }
    }
}

impl From<Error> for Outcome {
    fn from(error: Error) -> Self {
        let (prospect, reason) = (error.prospect(), error.reason());
        match prospect {
            Prospect::None => Self::Done(Err(error.into())),
            prospect => Self::Again(Again { error: error.into(), prospect, reason }),
        }
    }
}

impl From<SessionError> for Outcome {
    fn from(error: SessionError) -> Self {
        Self::Done(Err(error.into()))
    }
}
