//! One run of a request: run the handler, settle what it did, complete the answer.

use std::mem;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;

use futures_util::FutureExt;
use poem::http::uri::Scheme;
use poem::{Endpoint, IntoResponse, Request, Response, Result};
use tracing::Instrument;

use super::face::Face;
use super::fault;
use super::kept_request::Reception;
use super::outcome::Outcome;
use crate::request::SessionError;
use crate::request::attended::attended;
use crate::request::completion::Completion;
use crate::request::running::Undone;
use crate::request::settle::{Settled, settle};
use crate::request::visit::Visit;
use crate::telemetry;

/// Runs the endpoint for a request, which it takes, and settles what it did.
pub(super) async fn attempt(
    face: &Face,
    reception: &Arc<Reception>,
    request: &mut Request,
    endpoint: &impl Endpoint,
) -> Outcome {
    request.set_data(Arc::clone(reception));
    let mut unsettled = Unsettled(Some(reception));
    let number = reception.visit().map_or(1, |visit| visit.attempt());
    telemetry::attempt(number);
    let is_plain = *request.scheme() == Scheme::HTTP;
    let span = tracing::debug_span!("session_ledger.attempt", number);
    let handler = pin!(calm(number, endpoint.call(mem::take(request))));
    let result = pin!(attended(|| reception.visit(), handler)).instrument(span).await;
    let Ok(result) = result else {
        let result = Err(SessionError::RunPanicked.into());
        fault::log(reception.visit().map(|visit| &**visit), &result);
        return Outcome::Done(result);
    };
    let result = result.map(IntoResponse::into_response);
    unsettled.0 = None;
    reception.close();
    match reception.visit() {
        Some(visit) => settled(face, visit, result, is_plain).await,
        None => unvisited(face, result),
    }
}

/// Runs a handler. A panic is an error in each run but the first: the first has shown that the handler does
/// not panic by itself.
async fn calm<T>(number: u32, handler: impl Future<Output = T>) -> std::thread::Result<T> {
    if number == 1 {
        return Ok(handler.await);
    }
    // What the handler leaves is only looked at by `abandon`, and each lock of ours outlives a panic.
    AssertUnwindSafe(handler).catch_unwind().await
}

/// The outcome of a handler that has asked for neither its session nor a transaction. Nothing of its request
/// was kept, so that it cannot run again.
fn unvisited(face: &Face, result: Result<Response>) -> Outcome {
    let outcome = match result {
        Ok(answer) => Outcome::Done(Ok(answer)),
        Err(error) => Outcome::of_error(&face.shared, error, Undone::NOTHING).last(),
    };
    if let Outcome::Done(result) = &outcome {
        fault::log(None, result);
    }
    outcome
}

/// Settles what a handler did that has answered with `result`, to a request over plain http or not.
async fn settled(face: &Face, visit: &Arc<Visit>, result: Result<Response>, is_plain: bool) -> Outcome {
    visit.tell_span();
    let Settled { verdict, completion } = settle(visit, (face.commits)(&result)).await;
    let mut outcome = Outcome::of(&visit.shared, result, verdict);
    if !completion.may_run_again() {
        outcome = outcome.last();
    }
    if let Outcome::Done(result) = &mut outcome {
        visit.conclude();
        fault::log(Some(visit), result);
        if is_plain && face.shared.cookie.secure && completion.sets_cookie() {
            face.plain_http.tell(&face.shared.cookie.name, &visit.arrival.headers);
        }
        complete(face, result, completion);
    }
    outcome
}

/// Completes the answer with what it says of the session. An error stays one, for the application to catch,
/// unless the browser must be told something about its token.
fn complete(face: &Face, result: &mut Result<Response>, completion: Completion) {
    if result.is_err() && completion.changes_cookie() {
        let error = mem::replace(result, Ok(Response::default()));
        *result = Ok(error.unwrap_or_else(poem::Error::into_response));
    }
    if let Ok(answer) = result {
        completion.apply(answer.headers_mut(), &face.shared);
    }
}

/// A request whose handler has not returned. Dropped as such, it lets go of its transaction, even if somebody
/// keeps that.
struct Unsettled<'a>(Option<&'a Reception>);

impl Drop for Unsettled<'_> {
    fn drop(&mut self) {
        let Some(reception) = self.0.take() else { return };
        reception.close();
        if let Some(visit) = reception.visit() {
            visit.abandon();
        }
    }
}
