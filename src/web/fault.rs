//! The log's line about an answer with 5xx that is the library's doing: one for each answer, with its cause.

use std::error::Error as StdError;

use poem::{Response, Result};
use tokio::task::JoinError;

use crate::ledger::Error;
use crate::request::SessionError;
use crate::request::visit::Visit;
use crate::request::vocabulary::ENCRYPT_FAIL;

/// Writes the line for the last answer of a request, if it is one of ours with 5xx. `visit` is none if the
/// request has not asked for one. The cause is told in our
/// own words, which quote no row, no value and no token.
pub(super) fn log(visit: Option<&Visit>, result: &Result<Response>) {
    let (status, cause) = match result {
        Err(error) => (error.status(), ours(error)),
        // Something inside the middleware has made an answer of the error that an extractor gave.
        Ok(answer) => (answer.status(), None),
    };
    if !status.is_server_error() {
        return;
    }
    let fault = || visit.and_then(Visit::fault).map(str::to_owned);
    let Some(cause) = cause.or_else(fault) else { return };
    let session = visit.and_then(Visit::session).map(tracing::field::display);
    let (attempt, status) = (visit.map_or(1, Visit::attempt), status.as_u16());
    let owasp = result.as_ref().err().filter(|error| is_of_sealing(error)).map(|_| ENCRYPT_FAIL);
    tracing::error!(session, attempt, status, owasp, %cause, "a request could not be served");
}

/// Whether no token could be made.
fn is_of_sealing(error: &poem::Error) -> bool {
    let cause = error.downcast_ref::<SessionError>();
    matches!(cause, Some(SessionError::Seal(_) | SessionError::Randomness(_)))
}

/// The words of the library's error that an answer is made of, if it is made of one.
fn ours(error: &(dyn StdError + 'static)) -> Option<String> {
    let is_ours = error.is::<Error>() || error.is::<SessionError>() || error.is::<JoinError>();
    if is_ours { Some(error.to_string()) } else { ours(error.source()?) }
}
