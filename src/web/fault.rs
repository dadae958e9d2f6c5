//! The log's line about an answer with 5xx that is the library's doing: one for each answer, with its cause.

use std::error::Error as StdError;

use poem::{Response, Result};
use tokio::task::JoinError;

use crate::ledger::Error;
use crate::request::SessionError;
use crate::request::visit::Visit;

/// Writes the line for the last answer of a request, if it is one of ours with 5xx. The cause is told in our
/// own words, which quote no row, no value and no token.
pub(super) fn log(visit: &Visit, result: &Result<Response>) {
    let (status, cause) = match result {
        Err(error) => (error.status(), ours(error)),
        // Something inside the middleware has made an answer of the error that an extractor gave.
        Ok(answer) => (answer.status(), None),
    };
    if !status.is_server_error() {
        return;
    }
    let Some(cause) = cause.or_else(|| visit.fault().map(str::to_owned)) else { return };
    let session = visit.session().map(tracing::field::display);
    let (attempt, status) = (visit.attempt(), status.as_u16());
    tracing::error!(session, attempt, status, %cause, "a request could not be served");
}

/// The words of the library's error that an answer is made of, if it is made of one.
fn ours(error: &(dyn StdError + 'static)) -> Option<String> {
    let is_ours = error.is::<Error>() || error.is::<SessionError>() || error.is::<JoinError>();
    if is_ours { Some(error.to_string()) } else { ours(error.source()?) }
}
