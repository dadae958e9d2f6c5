//! Failures of commands.

use std::{fmt, io};

use session_ledger::ledger::{
    self, AddressError, DropError, FeedError, QuestionError, RebuildError, RestoreError, SchemaError,
    StartError, SubscriptionError,
};
use session_ledger::session::Unanswerable;
use session_ledger::token::RandomnessError;
use tokio_postgres::error::SqlState;

use crate::archive::ArchiveError;
use crate::cli::Duty;
use crate::key_file::KeyFileError;
use crate::relay::RelayError;
use crate::relay::sink::webhook::WebhookError;
use crate::relay::target::TargetError;
use crate::serve::ServeError;
use crate::ssf::{ReceiversError, SigningKeyError};

/// A command failed: exit code 2. No message holds a password or a key.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No database was named.
    #[error(
        "no database is named: give --database or set DATABASE_URL, to a URL such as \
         postgresql://shop@localhost/shop or to keys and values such as \"host=localhost user=shop dbname=shop\", or set \
         PGHOST, PGUSER and PGDATABASE"
    )]
    NoDatabase,
    /// The database's address cannot be followed. It may hold a password, so the message does not repeat it.
    #[error(transparent)]
    Address(AddressError),
    /// The database cannot be reached, or refuses us.
    #[error("{address}: {error}")]
    Connect {
        /// The database's address, without a password.
        address: String,
        /// The database's answer.
        error: Box<ledger::Error>,
    },
    /// The role lacks the rights that the command needs.
    #[error("{refusal}; `projector {}` needs {}", .duty.command, .duty.role)]
    Forbidden {
        /// The database's refusal.
        refusal: Box<Error>,
        /// The command, and the role that it needs.
        duty: Duty,
    },
    /// The role may not read a table of the application.
    #[error(
        "{0}; the table's owner may grant it: `grant select on` the table and `grant usage on schema` its schema, to the \
         user of this command"
    )]
    Rows(Box<Error>),
    /// The database's schema does not fit.
    #[error(transparent)]
    Schema(SchemaError),
    /// The ledger cannot be opened for another reason.
    #[error(transparent)]
    Start(StartError),
    /// A statement failed.
    #[error(transparent)]
    Store(ledger::Error),
    /// The tables lack something that this version reads.
    #[error(
        "this version reads what these tables do not have ({}): run it on a restored copy, after `projector migrate` there",
        .0.as_db_error().map_or_else(|| .0.to_string(), |refusal| refusal.message().to_owned())
    )]
    TablesLack(tokio_postgres::Error),
    /// The projection was not rebuilt.
    #[error(transparent)]
    Rebuild(RebuildError),
    /// A rebuild was interrupted.
    #[error("the rebuild was stopped: nothing was changed, the projection is as it was")]
    Stopped,
    /// A rebuild beside the running application was interrupted while rows were replaced.
    #[error(
        "the rebuild was stopped while rebuilt rows took their places: each row is as it was or as the log says. Rebuild \
         again for the rest"
    )]
    StoppedHalfway,
    /// The relay cannot go on.
    #[error(transparent)]
    Relay(#[from] RelayError),
    /// Security events cannot be signed.
    #[error(transparent)]
    SigningKey(#[from] SigningKeyError),
    /// The receivers of security events cannot be read, or one cannot be named so.
    #[error(transparent)]
    Receivers(#[from] ReceiversError),
    /// Events cannot be posted to a webhook.
    #[error(transparent)]
    Webhook(#[from] WebhookError),
    /// A relay's target cannot be used.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// There is no such subscription, or somebody holds it.
    #[error("{}", crate::subscriptions::told(.0))]
    Subscription(SubscriptionError),
    /// The key ring's file cannot be read or written, or the step cannot be taken.
    #[error(transparent)]
    KeyFile(#[from] KeyFileError),
    /// The question has no answer.
    #[error(transparent)]
    Question(Unanswerable),
    /// An event cannot be read, so that the state after it is not known.
    #[error("{error}: event {version} cannot be read, so the state is known up to version {known}")]
    UnreadableEvent {
        /// The event's version.
        version: i64,
        /// The last version of which the state is known.
        known: i64,
        /// Why it cannot be read.
        error: Box<ledger::Error>,
    },
    /// Somebody was asked whether sessions are to end, and did not say yes.
    #[error("nothing was ended: only the answer yes ends sessions")]
    Unconfirmed,
    /// Ending sessions was interrupted.
    #[error("it was stopped: the other sessions go on; run it again to end them")]
    EndsStopped,
    /// An archive cannot be written, read or restored.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// Archiving was interrupted.
    #[error("it was stopped: what was archived stays so; run it again to go on")]
    ArchiveStopped,
    /// The arguments contradict each other.
    #[error("{0}")]
    Arguments(String),
    /// The console cannot be served.
    #[error(transparent)]
    Serve(#[from] ServeError),
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

/// As its `Display`: `main` of a program of somebody's own prints it.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Error {
    /// Whether the reader of the output has gone, as `head` does: no reason to complain.
    pub fn is_reader_gone(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }

    /// The error of a command: if the database has refused it to this role, it also says which role may.
    #[must_use]
    pub fn of(self, duty: Duty) -> Self {
        if self.is_refusal() { Self::Forbidden { refusal: Box::new(self), duty } } else { self }
    }

    /// The error of reading the application's tables: if the database has refused it, it says who may help.
    pub(crate) fn of_rows(self) -> Self {
        if self.is_refusal() { Self::Rows(Box::new(self)) } else { self }
    }

    /// Whether the role lacks a right.
    fn is_refusal(&self) -> bool {
        let error = match self {
            Self::Connect { error, .. } => error,
            Self::Store(error)
            | Self::Archive(
                ArchiveError::Store(error)
                | ArchiveError::Drop(DropError::Store(error))
                | ArchiveError::Restore(RestoreError::Store(error)),
            )
            | Self::Rebuild(RebuildError::Store(error))
            | Self::Subscription(SubscriptionError::Feed(FeedError::Store(error)))
            | Self::Relay(RelayError::Subscription(SubscriptionError::Feed(FeedError::Store(error)))) => {
                error
            }
            _ => return false,
        };
        matches!(error, ledger::Error::Database(error) if error.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE))
    }
}

impl From<ledger::Error> for Error {
    fn from(error: ledger::Error) -> Self {
        Self::Store(error)
    }
}

impl From<QuestionError> for Error {
    fn from(error: QuestionError) -> Self {
        match error {
            QuestionError::Ledger(error) => error.into(),
            QuestionError::Unanswerable(error) => Self::Question(error),
            other => Self::Arguments(other.to_string()),
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
