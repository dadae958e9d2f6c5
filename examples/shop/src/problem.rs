//! Pages for errors, and the way to the login page.

use std::sync::Arc;

use askama::Template;
use poem::error::ParsePathError;
use poem::http::{HeaderMap, Method, StatusCode, header};
use poem::web::{Html, Redirect};
use poem::{Endpoint, Error, IntoResponse, Request, Response, Result};
use session_ledger::web::NotSignedIn;

use crate::pages::login;

#[derive(Template)]
#[template(path = "problem.html")]
struct Problem<'a> {
    title: &'a str,
    advice: &'a str,
}

/// Answers errors with pages. It stands outside of the sessions, so that they see the error and roll back.
pub(crate) async fn answer<E: Endpoint>(endpoint: Arc<E>, request: Request) -> Result<Response> {
    let next = (*request.method() == Method::GET).then(|| login::destination(request.uri().path()));
    match endpoint.call(request).await {
        Ok(answer) => Ok(answer.into_response()),
        Err(error) if error.is::<NotSignedIn>() => Ok(to_login(next.unwrap_or("/cart"))),
        Err(error) => Ok(page(error)),
    }
}

fn to_login(next: &str) -> Response {
    Redirect::see_other(format!("/login?next={next}")).into_response()
}

fn page(error: Error) -> Response {
    // A malformed id leads nowhere.
    let status = if error.is::<ParsePathError>() { StatusCode::NOT_FOUND } else { error.status() };
    if status.is_server_error() {
        tracing::error!(%status, %error, "a request failed");
    }
    let answer = error.into_response();
    if is_page(answer.headers()) {
        return answer;
    }
    let (title, advice) = words(status);
    let mut page = Problem { title, advice }
        .render()
        .map_or_else(|_| advice.into_response(), |page| Html(page).into_response());
    page.set_status(status);
    if let Some(seconds) = answer.headers().get(header::RETRY_AFTER) {
        page.headers_mut().insert(header::RETRY_AFTER, seconds.clone());
    }
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
