//! The findings of a verification, in one session or around the log.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::session::{DecodeError, SessionId};

/// One difference between the tables and the log, or one break in the log itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The session.
    pub session: SessionId,
    /// The difference.
    pub finding: Finding,
}

/// A difference in one session. It shows no hash and no value of the session. Serialized, it has its name as
/// `kind` (`"row_missing"`) beside its fields.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Finding {
    /// The log makes a row that is missing.
    RowMissing {
        /// The table that lacks it.
        table: &'static str,
    },
    /// There is a row in the other table than the one that the log makes.
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
    /// The log makes a step of a login that is missing from `login_step`.
    LoginMissing {
        /// The version of its event.
        version: i64,
    },
    /// There is a step of a login that no event makes.
    LoginTooMany {
        /// The version that it names.
        version: i64,
    },
    /// A step of a login holds values that no version of the library writes.
    LoginUnreadable {
        /// The version of its event.
        version: i64,
    },
    /// A column of a login's step does not hold the value that the log makes.
    LoginDiffers {
        /// The version of its event.
        version: i64,
        /// The column.
        column: &'static str,
        /// The stored value.
        stored: String,
        /// The value that the log makes.
        derived: String,
    },
    /// A row keeps a token to be sent again though no late request may come, or bytes that are no such token.
    ResendWrong,
    /// The session was last seen in the future, so that its time limits do not end it.
    SeenAhead {
        /// When, as the table `activity` says.
        last_seen: String,
    },
    /// There is a row of a session of which the log holds no event.
    EventsMissing {
        /// The table that holds the row.
        table: &'static str,
    },
    /// A row knows of later events than the log.
    RowAhead {
        /// The table that holds the row.
        table: &'static str,
        /// The version of the latest event that the row knows.
        row: i64,
        /// The version of the latest event in the log.
        log: i64,
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
    /// The time or the place of an event does not agree with those of its neighbours.
    OutOfPlace {
        /// The event's version.
        version: i64,
        /// The column that does not agree.
        column: &'static str,
        /// The stored value.
        stored: String,
        /// The values that its neighbours allow.
        expected: String,
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
        #[serde(serialize_with = "in_words")]
        error: DecodeError,
    },
}

impl Finding {
    /// Whether the log itself is damaged, or lacks what the tables know. Rows that are made from such a log
    /// may lose what the present ones hold.
    pub fn is_of_log(&self) -> bool {
        match self {
            Self::RowMissing { .. }
            | Self::RowTooMany { .. }
            | Self::RowUnreadable { .. }
            | Self::ColumnDiffers { .. }
            | Self::LoginMissing { .. }
            | Self::LoginTooMany { .. }
            | Self::LoginUnreadable { .. }
            | Self::LoginDiffers { .. }
            | Self::ResendWrong
            | Self::SeenAhead { .. } => false,
            Self::EventsMissing { .. }
            | Self::RowAhead { .. }
            | Self::VersionGap { .. }
            | Self::ChainBroken { .. }
            | Self::OutOfPlace { .. }
            | Self::EventAfterEnd { .. }
            | Self::Undecodable { .. } => true,
        }
    }
}

impl Finding {
    /// Whether it says that the log is read otherwise than the tables say. Damage of the log is another
    /// matter, unless an event cannot be read.
    pub(super) fn is_of_fold(&self) -> bool {
        match self {
            Self::RowMissing { .. }
            | Self::RowTooMany { .. }
            | Self::RowUnreadable { .. }
            | Self::ColumnDiffers { .. }
            | Self::LoginMissing { .. }
            | Self::LoginTooMany { .. }
            | Self::LoginUnreadable { .. }
            | Self::LoginDiffers { .. }
            | Self::RowAhead { .. }
            | Self::Undecodable { .. } => true,
            Self::ResendWrong
            | Self::SeenAhead { .. }
            | Self::EventsMissing { .. }
            | Self::VersionGap { .. }
            | Self::ChainBroken { .. }
            | Self::OutOfPlace { .. }
            | Self::EventAfterEnd { .. } => false,
        }
    }
}

fn in_words<S: Serializer>(error: &DecodeError, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(error)
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
            Self::LoginMissing { version } => {
                write!(f, "the step of a login that event {version} makes is missing from `login_step`")
            }
            Self::LoginTooMany { version } => {
                write!(f, "`login_step` holds a step of event {version}, but the log makes none")
            }
            Self::LoginUnreadable { version } => {
                write!(f, "the step of event {version} in `login_step` cannot be read")
            }
            Self::LoginDiffers { version, column, stored, derived } => {
                write!(
                    f,
                    "`login_step.{column}` of event {version} holds {stored}, the log makes it {derived}"
                )
            }
            Self::ResendWrong => {
                write!(f, "`session.resend` holds bytes that the library does not keep for this session")
            }
            Self::SeenAhead { last_seen } => {
                write!(f, "`activity.last_seen` holds {last_seen}, which is in the future")
            }
            Self::EventsMissing { table } => write!(
                f,
                "the log holds no event of it, but there is a row in `{table}`: its events are gone, or the row was \
                 made by hand"
            ),
            Self::RowAhead { table, row, log } => write!(
                f,
                "its row in `{table}` knows event {row}, but the log ends at {log}: events are gone, or the row was \
                 changed by hand"
            ),
            Self::VersionGap { expected, found } => {
                write!(f, "event {expected} should come next in the log, but {found} does")
            }
            Self::ChainBroken { version } => {
                write!(f, "the hash chain breaks at event {version}: it or one before it was changed")
            }
            Self::OutOfPlace { version, column, stored, expected } => {
                write!(f, "`{column}` of event {version} holds {stored}, but should be {expected}")
            }
            Self::EventAfterEnd { version } => write!(f, "event {version} follows the session's end"),
            Self::Undecodable { version, error } => write!(f, "event {version} cannot be read: {error}"),
        }
    }
}
