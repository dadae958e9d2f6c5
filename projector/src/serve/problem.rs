//! Pages for errors, and the way to the login page.

use askama::Template;
use poem::error::{MethodNotAllowedError, NotFoundError, ParsePathError, ParseQueryError};
use poem::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use poem::web::{Html, Redirect};
use poem::{Endpoint, Error, IntoResponse, Request, Response};
use session_ledger::web::{NotSignedIn, StepUpRequired};

use super::frame::Frame;
use super::refusal::Refusal;
use super::url::encoded;

#[derive(Template)]
#[template(path = "problem.html")]
struct Problem<'a> {
    frame: Frame,
    title: &'a str,
    advice: String,
}

/// Answers errors with pages. It stands outside of the sessions, so that they see the error and roll back.
pub(super) async fn answer<E: Endpoint>(endpoint: &E, request: Request) -> Response {
    let address = request.uri().path_and_query().map_or("/", |address| address.as_str()).to_owned();
    let next = if *request.method() == Method::GET { address } else { "/".to_owned() };
    match endpoint.call(request).await {
        Ok(answer) => answer.into_response(),
        Err(error) if error.is::<NotSignedIn>() || error.is::<StepUpRequired>() => {
            let next = if next == "/" { String::new() } else { format!("?next={}", encoded(&next)) };
            Redirect::see_other(format!("/login{next}")).into_response()
        }
        Err(error) => answer_of(error),
    }
}

fn answer_of(error: Error) -> Response {
    let is_nowhere =
        error.is::<ParsePathError>() || error.is::<NotFoundError>() || error.is::<MethodNotAllowedError>();
    let status = if is_nowhere { StatusCode::NOT_FOUND } else { error.status() };
    if status.is_server_error() {
        tracing::error!(%status, %error, "a request failed");
    }
    let told = error.downcast_ref::<Refusal>().and_then(|refusal| refusal.told().map(str::to_owned));
    let told = told.or_else(|| error.downcast_ref::<ParseQueryError>().map(ToString::to_string));
    let answer = error.into_response();
    if is_page(answer.headers()) {
        return answer;
    }
    page(status, told, answer.headers().get(header::RETRY_AFTER).cloned())
}

fn page(status: StatusCode, told: Option<String>, retry_after: Option<HeaderValue>) -> Response {
    let (title, advice) = words(status);
    let advice = told.unwrap_or_else(|| advice.to_owned());
    let page = Problem { frame: Frame::of_stranger(), title, advice: advice.clone() }.render();
    let mut page = page.map_or_else(|_| advice.into_response(), |page| Html(page).into_response());
    page.set_status(status);
    if let Some(seconds) = retry_after {
        page.headers_mut().insert(header::RETRY_AFTER, seconds);
    }
    page
}

/// Whether a handler has made a page of its error itself.
fn is_page(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"))
}

fn words(status: StatusCode) -> (&'static str, &'static str) {
    match status {
        StatusCode::FORBIDDEN => {
            ("That is not for you", "The request came from another site, so nothing was done.")
        }
        StatusCode::NOT_FOUND => ("There is nothing here", "The console has no such page."),
        StatusCode::PAYLOAD_TOO_LARGE => ("That was too much", "No form of the console is so large."),
        StatusCode::SERVICE_UNAVAILABLE => (
            "The console needs a moment",
            "The database or the file of users is away. Nothing is lost. Please try again in a few seconds.",
        ),
        status if status.is_server_error() => {
            ("Something broke on our side", "Nothing was changed. The log of the console says more.")
        }
        _ => ("The console did not understand that", "Nothing was changed. Please go back and try again."),
    }
}
