//! Pages for errors, and the way to the login page.

use std::sync::Arc;

use askama::Template;
use poem::error::ParsePathError;
use poem::http::{HeaderMap, Method, StatusCode, header};
use poem::web::{Html, Redirect};
use poem::{Endpoint, Error, FromRequest, IntoResponse, Request, Response, Result};
use session_ledger::web::{NotSignedIn, Session, SessionError, StepUpRequired};

use crate::frame::Frame;
use crate::pages::login;

#[derive(Template)]
#[template(path = "problem.html")]
struct Problem<'a> {
    frame: Frame,
    title: &'a str,
    advice: &'a str,
}

/// Answers errors with pages. It stands outside of the sessions, so that they see the error and roll back.
pub(crate) async fn answer<E: Endpoint>(endpoint: Arc<E>, request: Request) -> Result<Response> {
    let next = (*request.method() == Method::GET).then(|| login::destination(request.uri().path()));
    match endpoint.call(request).await {
        Ok(answer) => Ok(answer.into_response()),
        Err(error) if error.is::<NotSignedIn>() || error.is::<StepUpRequired>() => {
            Ok(to_login(next.unwrap_or("/cart")))
        }
        Err(error) => Ok(answer_of(error)),
    }
}

/// Gives the pages for refusals what all pages have: the navigation and the visitor's name. It stands inside
/// of the sessions, and asks for the session only when there is such a page to make.
pub(crate) async fn keep_frame<E: Endpoint>(endpoint: Arc<E>, request: Request) -> Result<Response> {
    let mut visit = Request::default();
    visit.headers_mut().clone_from(request.headers());
    visit.extensions_mut().clone_from(request.extensions());
    let error = match endpoint.call(request).await {
        Ok(answer) => return Ok(answer.into_response()),
        Err(error) if is_refusal(&error) => error,
        Err(error) => return Err(error),
    };
    let Ok(session) = Session::from_request_without_body(&visit).await else { return Err(error) };
    let frame = Frame::without_notices(&session, "")?;
    Err(Error::from_response(page(frame, status(&error))))
}

/// A refusal of the shop's own. The other errors are for the sessions to see, or have an answer already.
fn is_refusal(error: &Error) -> bool {
    let is_of_sessions =
        error.is::<NotSignedIn>() || error.is::<StepUpRequired>() || error.is::<SessionError>();
    status(error).is_client_error() && !is_of_sessions && !error.is_from_response()
}

fn to_login(next: &str) -> Response {
    Redirect::see_other(format!("/login?next={next}")).into_response()
}

/// A malformed id leads nowhere.
fn status(error: &Error) -> StatusCode {
    if error.is::<ParsePathError>() { StatusCode::NOT_FOUND } else { error.status() }
}

fn answer_of(error: Error) -> Response {
    let status = status(&error);
    if status.is_server_error() {
        tracing::error!(%status, %error, "a request failed");
    }
    let answer = error.into_response();
    if is_page(answer.headers()) {
        return answer;
    }
    let mut page = page(Frame::of_stranger(), status);
    if let Some(seconds) = answer.headers().get(header::RETRY_AFTER) {
        page.headers_mut().insert(header::RETRY_AFTER, seconds.clone());
    }
    page
}

fn page(frame: Frame, status: StatusCode) -> Response {
    let (title, advice) = words(status);
    let page = Problem { frame, title, advice }.render();
    let mut page = page.map_or_else(|_| advice.into_response(), |page| Html(page).into_response());
    page.set_status(status);
    page
}

/// Whether a handler has made a page of its error itself.
fn is_page(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"))
}

fn words(status: StatusCode) -> (&'static str, &'static str) {
    match status {
        StatusCode::FORBIDDEN => (
            "That came from another site",
            "A form was sent to the shop from somewhere else, so nothing was done.",
        ),
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => {
            ("There is nothing here", "The page is gone, or never was, or is somebody else's.")
        }
        StatusCode::SERVICE_UNAVAILABLE => (
            "The shop needs a moment",
            "Nothing is lost and nothing was changed. Please try again in a few seconds.",
        ),
        status if status.is_server_error() => (
            "Something broke on our side",
            "Nothing was changed. If it happens again, please tell us what you were doing.",
        ),
        _ => ("The shop did not understand that", "Nothing was changed. Please go back and try again."),
    }
}
