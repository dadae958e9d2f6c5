//! Errors as a browser sees them: a status, and a sentence that gives nothing away (ASVS 16.5.1).

use poem::Response;
use poem::error::ResponseError;
use poem::http::{StatusCode, header};

use crate::ledger::Error;
use crate::session::{ValueError, WishError};
use crate::token::{RandomnessError, SealError};

/// A handler asked something of its session that cannot be done. The session is as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// A value cannot be read or written.
    #[error(transparent)]
    Value(#[from] ValueError),
    /// A wish that cannot be granted: too large, nobody signed in …
    #[error(transparent)]
    Wish(#[from] WishError),
    /// The operating system gave no randomness for a new token.
    #[error(transparent)]
    Randomness(#[from] RandomnessError),
    /// A new token could not be sealed.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The handler is not behind the middleware.
    #[error(
        "the endpoint is not wrapped in the `Sessions` middleware: add `.with(Sessions::new(ledger, keys))`"
    )]
    NoMiddleware,
    /// A part of the request should be a transaction by itself, but the request has begun another.
    #[error(
        "`Session::transaction` needs a request that has neither a `Tx` nor changes of its session: call it first"
    )]
    TransactionOpen,
    /// The session that the request came with ended before a part of the request could be done for it.
    #[error(
        "the session ended while the request was under way, so that nothing was done: load the page again"
    )]
    Ended,
}

impl ResponseError for SessionError {
    fn status(&self) -> StatusCode {
        match self {
            Self::Ended => StatusCode::CONFLICT,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn as_response(&self) -> Response {
        let text = match self {
            Self::Ended => "Your session has ended. Please load the page again.",
            _ => "Something went wrong on our side.",
        };
        plain(self.status(), text)
    }
}

impl ResponseError for Error {
    fn status(&self) -> StatusCode {
        if self.is_unavailable() || self.is_retryable() {
            StatusCode::SERVICE_UNAVAILABLE
        } else {
            StatusCode::INTERNAL_SERVER_ERROR
        }
    }

    fn as_response(&self) -> Response {
        match self.status() {
            StatusCode::SERVICE_UNAVAILABLE => {
                let mut response = plain(self.status(), "Please try again in a moment.");
                response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static("1"));
                response
            }
            status => plain(status, "Something went wrong on our side."),
        }
    }
}

fn plain(status: StatusCode, text: &'static str) -> Response {
    Response::builder().status(status).content_type("text/plain; charset=utf-8").body(text)
}
