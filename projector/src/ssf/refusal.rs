//! What the transmitter answers to a request that it does not do, in the form of RFC 8935 and RFC 8936.

use std::fmt;
use std::time::Duration;

use http::{HeaderValue, StatusCode, header};
use poem::{IntoResponse, Response};
use serde_json::json;
use session_ledger::ledger::{self, FeedError, SubscriptionError};

use super::receivers::ReceiversError;

/// A request is not done. What is told of it holds no secret.
#[derive(thiserror::Error)]
pub(super) enum Refusal {
    /// The body, or something in it, cannot be followed.
    #[error("{0}")]
    Invalid(String),
    #[error("say with `Authorization: Bearer …` which receiver asks; the token is unknown or missing")]
    Unauthorized,
    /// The receiver may not have it.
    #[error("{0}")]
    Forbidden(String),
    #[error("there is no such stream of this receiver")]
    NoStream,
    #[error("there is nothing here; /.well-known/ssf-configuration names the endpoints")]
    NoPage,
    #[error("this endpoint does not take that method")]
    Method,
    #[error("the body did not come in time: send it again")]
    Slow,
    #[error("a receiver has at most {0} streams: delete one, or change one")]
    TooManyStreams(u32),
    #[error("a request has at most {0} bytes")]
    TooLarge(usize),
    #[error("the body must be JSON: say `Content-Type: application/json`, or nothing")]
    NoJson,
    #[error("verifications of a stream may be asked for once in {0} seconds: come again later")]
    TooOften(u32, u64),
    #[error("somebody else is delivering this stream at the moment: come again in a few seconds")]
    Held,
    #[error("too many requests are being answered: come again in a few seconds")]
    Busy,
    /// The reason is for the log alone.
    #[error("the transmitter cannot do that at the moment: come again in a few seconds")]
    Away(String),
}

/// How soon a receiver may come again when the transmitter is busy, or its database away.
const AGAIN: Duration = Duration::from_secs(2);

impl Refusal {
    pub(super) fn invalid(told: impl Into<String>) -> Self {
        Self::Invalid(told.into())
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Invalid(_) => StatusCode::BAD_REQUEST,
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::NoStream | Self::NoPage => StatusCode::NOT_FOUND,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::Slow => StatusCode::REQUEST_TIMEOUT,
            Self::TooManyStreams(_) => StatusCode::CONFLICT,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::NoJson => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooOften(..) => StatusCode::TOO_MANY_REQUESTS,
            Self::Held | Self::Busy | Self::Away(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The error code of RFC 8935, section 2.4.
    fn code(&self) -> &'static str {
        match self {
            Self::Unauthorized => "authentication_failed",
            Self::Forbidden(_) => "access_denied",
            _ => "invalid_request",
        }
    }

    /// After how many seconds the same request may succeed.
    fn retry_after(&self) -> Option<u64> {
        match self {
            Self::TooOften(_, seconds) => Some(*seconds),
            Self::Held | Self::Busy | Self::Away(_) => Some(AGAIN.as_secs()),
            _ => None,
        }
    }

    pub(super) fn answer(&self) -> Response {
        if let Self::Away(reason) = self {
            tracing::error!("a request of a receiver failed: {reason}");
        }
        let told = json!({ "err": self.code(), "description": self.to_string() });
        let mut answer = (self.status(), poem::web::Json(told)).into_response();
        if matches!(self, Self::Unauthorized) {
            answer.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = self.retry_after() {
            answer.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        answer
    }
}

/// As its `Display`.
impl fmt::Debug for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<ledger::Error> for Refusal {
    fn from(error: ledger::Error) -> Self {
        Self::Away(error.to_string())
    }
}

impl From<FeedError> for Refusal {
    fn from(error: FeedError) -> Self {
        match error {
            FeedError::Held { .. } | FeedError::LeaseLost { .. } => Self::Held,
            other => Self::Away(other.to_string()),
        }
    }
}

impl From<SubscriptionError> for Refusal {
    fn from(error: SubscriptionError) -> Self {
        match error {
            SubscriptionError::Unknown { .. } => Self::NoStream,
            SubscriptionError::Feed(error) => error.into(),
            other => Self::Away(other.to_string()),
        }
    }
}

impl From<ReceiversError> for Refusal {
    fn from(error: ReceiversError) -> Self {
        Self::Away(error.to_string())
    }
}
