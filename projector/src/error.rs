//! Failures of commands.

use std::io;

use session_ledger::ledger::{self, RebuildError, SchemaError, StartError};
use session_ledger::token::RandomnessError;
use tokio_postgres::error::SqlState;

use crate::relay::RelayError;

/// A command failed: exit code 2. No message holds a password or a key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No database was named.
    #[error(
        "no database is named: give --database or set DATABASE_URL, to a URL such as \
         postgresql://shop@localhost/shop or to keys and values such as \"host=localhost user=shop dbname=shop\""
    )]
    NoDatabase,
    /// The given text names no database. It may hold a password, so the message does not repeat it.
    #[error(
        "the database's address cannot be read: write a URL such as postgresql://shop@localhost/shop (special \
         characters in a password as %40 and the like), or keys and values such as \
         \"host=localhost user=shop dbname=shop\" (a value with blanks in single quotes)"
    )]
    Address,
    /// The database cannot be reached, or refuses us.
    #[error("{address}: {error}")]
    Connect {
        /// The database's address, without a password.
        address: String,
        /// The database's answer.
        error: Box<ledger::Error>,
    },
    /// The role lacks the rights that the command needs.
    #[error("{0}; use a role that is granted session_ledger_operator")]
    Forbidden(ledger::Error),
    /// The database's schema does not fit.
    #[error(transparent)]
    Schema(SchemaError),
    /// The ledger cannot be opened for another reason.
    #[error(transparent)]
    Start(StartError),
    /// A statement failed.
    #[error(transparent)]
    Store(ledger::Error),
    /// The projection was not rebuilt.
    #[error(transparent)]
    Rebuild(RebuildError),
    /// A rebuild was interrupted.
    #[error("the rebuild was stopped: nothing was changed, the projection is as it was")]
    Stopped,
    /// The relay cannot go on.
    #[error(transparent)]
    Relay(#[from] RelayError),
    /// The operating system gave no random bytes.
    #[error(transparent)]
    Randomness(#[from] RandomnessError),
    /// The operating system gave no random bytes for the name of a relay.
    #[error("the operating system gave no random bytes ({0}): name the relay with --holder")]
    Name(String),
    /// The output cannot be written.
    #[error("the output cannot be written: {0}")]
    Output(#[from] io::Error),
}

impl Error {
    /// Whether the reader of the output has gone, as `head` does: no reason to complain.
    pub fn is_reader_gone(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}

impl From<ledger::Error> for Error {
    fn from(error: ledger::Error) -> Self {
        match error {
            ledger::Error::Database(ref refusal)
                if refusal.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE) =>
            {
                Self::Forbidden(error)
            }
            other => Self::Store(other),
        }
    }
}

impl From<RebuildError> for Error {
    fn from(error: RebuildError) -> Self {
        match error {
            RebuildError::Store(error) => error.into(),
            other => Self::Rebuild(other),
        }
    }
}

impl From<csv::Error> for Error {
    fn from(error: csv::Error) -> Self {
        Self::Output(error.into())
    }
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        Self::Output(error.into())
    }
}
