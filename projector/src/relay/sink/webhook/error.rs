//! Why events cannot be posted.

use std::path::PathBuf;
use std::{fmt, io};

use super::{EndpointError, SecretError};

/// Events cannot be posted at all. No message holds a secret.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum WebhookError {
    /// The address is none of a webhook.
    #[error(transparent)]
    Endpoint(EndpointError),
    /// The file of the secrets cannot be read.
    #[error("{}: {error}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The operating system's answer.
        error: io::Error,
    },
    /// A secret is none.
    #[error("{place}: {error}")]
    Secret {
        /// The file or the variable that holds it.
        place: String,
        /// What is wrong with it.
        error: SecretError,
    },
    /// Nobody could tell that the events are ours.
    #[error(
        "a webhook signs what it sends: put a secret, `whsec_` and 24 to 64 bytes in base64, into the file of \
         --webhook-secrets or into SESSION_LEDGER_WEBHOOK_SECRETS"
    )]
    Unsigned,
    /// TLS cannot be set up.
    #[error("TLS cannot be set up: {0}")]
    Tls(String),
}

/// As its `Display`.
impl fmt::Debug for WebhookError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
