//! What can go wrong, and what the browser is told of it.

use poem::error::ResponseError;
use poem::http::StatusCode;
use session_ledger::ledger::ChangeError;
use session_ledger::token::{KeyRingError, RandomnessError};

/// Why there is no storage.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// There is no randomness for a key.
    #[error(transparent)]
    Randomness(#[from] RandomnessError),
    /// A key that was just made is refused.
    #[error(transparent)]
    Key(#[from] KeyRingError),
}

/// Why a session was not loaded or not saved.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StorageError {
    /// The cookie's id is none that poem makes. Nothing was written.
    #[error("the session id is none of poem's: 32 bytes in base64url are expected")]
    Id,
    /// The session has ended, or it cannot be changed so.
    #[error(transparent)]
    Change(#[from] ChangeError),
    /// The database is away, or refuses.
    #[error(transparent)]
    Ledger(#[from] session_ledger::Error),
}

impl ResponseError for StorageError {
    fn status(&self) -> StatusCode {
        match self {
            Self::Id => StatusCode::BAD_REQUEST,
            Self::Change(ChangeError::Ended { .. }) => StatusCode::CONFLICT,
            Self::Change(ChangeError::Ledger(error)) | Self::Ledger(error) => error.status(),
            Self::Change(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn as_response(&self) -> poem::Response {
        match self {
            Self::Change(ChangeError::Ledger(error)) | Self::Ledger(error) => error.as_response(),
            _ => {
                let text = match self.status() {
                    StatusCode::CONFLICT => "Your session has ended. Please load the page again.",
                    StatusCode::BAD_REQUEST => "The request holds something that cannot be kept.",
                    _ => "Something went wrong on our side.",
                };
                poem::Response::builder()
                    .status(self.status())
                    .content_type("text/plain; charset=utf-8")
                    .body(text)
            }
        }
    }
}
