//! Errors as a browser sees them: a status, and a sentence that gives nothing away (ASVS 16.5.1).

use poem::Response;
use poem::error::ResponseError;
use poem::http::{StatusCode, header};

use crate::ledger::{Error, LoginRefused, QuestionError};
use crate::request::failure::CommitFailed;
use crate::request::part::Lost;
use crate::request::signed_in::Refused;
use crate::request::{NotSignedIn, SessionError, StepUpRequired};
use crate::session::{Assurance, WishError};

impl ResponseError for SessionError {
    fn status(&self) -> StatusCode {
        match self {
            Self::Ended { .. } | Self::Superseded => StatusCode::CONFLICT,
            Self::TooManyStarts => StatusCode::TOO_MANY_REQUESTS,
            Self::RunPanicked => StatusCode::SERVICE_UNAVAILABLE,
            Self::Wish(wish) => status_of_wish(wish),
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn as_response(&self) -> Response {
        let text = match self {
            Self::Ended { .. } => "Your session has ended. Please load the page again.",
            Self::Superseded => "You have just signed in. Please send this again.",
            Self::Wish(WishError::StaleCookie) => "Please load the page again.",
            Self::Wish(WishError::NotGranted) => "Please confirm once more that you want this.",
            Self::TooManyStarts => {
                return plain_for_later(self.status(), "60", "Please try again in a minute.");
            }
            Self::RunPanicked => {
                return plain_for_later(self.status(), "1", "Please try again in a moment.");
            }
            _ => return told(self.status()),
        };
        plain(self.status(), text)
    }
}

/// A name or a user id that cannot be stored is most often one that the browser has sent.
fn status_of_wish(wish: &WishError) -> StatusCode {
    match wish {
        WishError::UserId | WishError::Name => StatusCode::BAD_REQUEST,
        WishError::StaleCookie => StatusCode::CONFLICT,
        WishError::NotGranted => StatusCode::FORBIDDEN,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl ResponseError for NotSignedIn {
    fn status(&self) -> StatusCode {
        StatusCode::UNAUTHORIZED
    }
}

impl ResponseError for StepUpRequired {
    fn status(&self) -> StatusCode {
        StatusCode::UNAUTHORIZED
    }

    fn as_response(&self) -> Response {
        let mut response = plain(self.status(), "Please prove again who you are.");
        // Digits and fixed words always make a header.
        if let Ok(challenge) = header::HeaderValue::try_from(challenge(self)) {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

/// The challenge in the words of RFC 9470. The scheme is the library's own: the proof is no token of OAuth.
fn challenge(StepUpRequired { demanded, .. }: &StepUpRequired) -> String {
    let mut challenge = r#"Session error="insufficient_user_authentication""#.to_owned();
    if let Some(level) = demanded.assurance {
        let level = match level {
            Assurance::Aal1 => "aal1",
            Assurance::Aal2 => "aal2",
            Assurance::Aal3 => "aal3",
        };
        challenge += &format!(r#", acr_values="{level}""#);
    }
    if let Some(seconds) = demanded.max_age {
        challenge += &format!(r#", max_age="{seconds}""#);
    }
    challenge
}

impl ResponseError for LoginRefused {
    fn status(&self) -> StatusCode {
        match self {
            Self::TooManySessions { .. } => StatusCode::CONFLICT,
            _ => StatusCode::FORBIDDEN,
        }
    }

    fn as_response(&self) -> Response {
        let text = match self {
            Self::TooManySessions { .. } => "You are signed in on too many devices. Please sign out on one.",
            _ => "You cannot sign in.",
        };
        plain(self.status(), text)
    }
}

impl From<Refused> for poem::Error {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::NotSignedIn(error) => error.into(),
            Refused::StepUp(error) => error.into(),
        }
    }
}

impl ResponseError for Error {
    fn status(&self) -> StatusCode {
        match self {
            Self::Wish(wish) => status_of_wish(wish),
            _ if self.is_unavailable() || self.is_retryable() => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn as_response(&self) -> Response {
        match self.status() {
            status @ StatusCode::SERVICE_UNAVAILABLE => {
                plain_for_later(status, "1", "Please try again in a moment.")
            }
            status => told(status),
        }
    }
}

impl ResponseError for QuestionError {
    fn status(&self) -> StatusCode {
        match self {
            Self::Unanswerable(_) => StatusCode::BAD_REQUEST,
            Self::NoSuchSession { .. } => StatusCode::NOT_FOUND,
            Self::Ledger(error) => error.status(),
        }
    }

    fn as_response(&self) -> Response {
        match self {
            Self::Unanswerable(_) => plain(self.status(), "What was asked for has no answer."),
            Self::NoSuchSession { .. } => plain(self.status(), "There is no such session."),
            Self::Ledger(error) => error.as_response(),
        }
    }
}

impl From<CommitFailed> for poem::Error {
    fn from(failed: CommitFailed) -> Self {
        match failed {
            CommitFailed::Ledger(Error::AccountDisabled { user }) => {
                LoginRefused::AccountDisabled { user }.into()
            }
            CommitFailed::Ledger(error) => error.into(),
            CommitFailed::Login(refused) => refused.into(),
            CommitFailed::Session(error) => error.into(),
            CommitFailed::Task(error) => poem::error::InternalServerError(error),
        }
    }
}

impl From<Lost> for poem::Error {
    fn from(lost: Lost) -> Self {
        match lost {
            Lost::SignedIn(error) => error.into(),
            Lost::Anonymous(error) => error.into(),
        }
    }
}

/// An answer that says after how many seconds another attempt may succeed.
fn plain_for_later(status: StatusCode, seconds: &'static str, text: &'static str) -> Response {
    let mut response = plain(status, text);
    response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static(seconds));
    response
}

/// An answer that says no more than its status.
fn told(status: StatusCode) -> Response {
    if status.is_client_error() {
        plain(status, "The request holds something that cannot be kept.")
    } else {
        plain(status, "Something went wrong on our side.")
    }
}

fn plain(status: StatusCode, text: &'static str) -> Response {
    Response::builder().status(status).content_type("text/plain; charset=utf-8").body(text)
}
