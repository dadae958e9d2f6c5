//! The result of a verification.

use std::fmt;

use crate::session::{DecodeError, SessionId};

/// The result of [`Ledger::verify`](crate::Ledger::verify).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verification {
    /// How many sessions the log holds.
    pub sessions: u64,
    /// How many events the log holds.
    pub events: u64,
    /// How many of them are of a kind or shape that this version does not know: a fold skips these.
    pub unknown_events: u64,
    /// How many differences there are.
    pub differences_total: u64,
    /// The first [`DIFFERENCES_MAX`](Self::DIFFERENCES_MAX) of them, in the order of sessions.
    pub differences: Vec<Difference>,
}

/// One difference between the tables and the log, or one break in the log itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The session.
    pub session: SessionId,
    /// The difference.
    pub finding: Finding,
}

/// A difference in one session. It shows no hash and no value of the session.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Finding {
    /// The log makes a row that is missing.
    RowMissing {
        /// The table that lacks it.
        table: &'static str,
    },
    /// There is a row that the log does not make.
    RowTooMany {
        /// The table that holds it.
        table: &'static str,
    },
    /// A row holds values that no version of the library writes.
    RowUnreadable {
        /// The table that holds it.
        table: &'static str,
    },
    /// A column does not hold the value that the log makes. Of a hash or a session's content only the size is
    /// shown.
    ColumnDiffers {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// The stored value.
        stored: String,
        /// The value that the log makes.
        derived: String,
    },
    /// Events are missing, or are there twice.
    VersionGap {
        /// The version that should come next.
        expected: i64,
        /// The version that comes next.
        found: i64,
    },
    /// An event, or one before it, was changed after it had been written.
    ChainBroken {
        /// The first version at which the chain does not hold.
        version: i64,
    },
    /// An event follows the session's end.
    EventAfterEnd {
        /// The version of that event.
        version: i64,
    },
    /// A payload does not decode. The session's row is then not compared: the log cannot make it.
    Undecodable {
        /// The event's version.
        version: i64,
        /// Why it cannot be read.
        error: DecodeError,
    },
}

impl Verification {
    /// How many differences are listed. Further ones are only counted.
    pub const DIFFERENCES_MAX: usize = 1000;

    /// Whether the projection holds the rows that the log makes, and the log is whole.
    pub fn is_equal(&self) -> bool {
        self.differences_total == 0
    }

    pub(super) fn add(&mut self, session: SessionId, finding: Finding) {
        self.differences_total += 1;
        if self.differences.len() < Self::DIFFERENCES_MAX {
            self.differences.push(Difference { session, finding });
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "session {}: {}", self.session, self.finding)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RowMissing { table } => write!(f, "its row in `{table}` is missing"),
            Self::RowTooMany { table } => write!(f, "the log makes no row in `{table}`, but there is one"),
            Self::RowUnreadable { table } => write!(f, "its row in `{table}` cannot be read"),
            Self::ColumnDiffers { table, column, stored, derived } => {
                write!(f, "`{table}.{column}` holds {stored}, the log makes it {derived}")
            }
            Self::VersionGap { expected, found } => {
                write!(f, "event {expected} should come next in the log, but {found} does")
            }
            Self::ChainBroken { version } => {
                write!(f, "the hash chain breaks at event {version}: it or one before it was changed")
            }
            Self::EventAfterEnd { version } => write!(f, "event {version} follows the session's end"),
            Self::Undecodable { version, error } => write!(f, "event {version} cannot be read: {error}"),
        }
    }
}
