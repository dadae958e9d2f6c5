//! Irregularities around the log: of its guards, its counters and its followers.

use std::fmt;

use serde::Serialize;

/// Something that is not as the library has made it, and concerns no single session. Serialized, it has its
/// name as `kind` (`"guard_missing"`) beside its fields.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Irregularity {
    /// A table of the log lacks one of its guard triggers, or has another trigger of that name.
    GuardMissing {
        /// The table.
        table: String,
        /// The name of the trigger.
        trigger: String,
    },
    /// A function is not the one that the migrations have made.
    FunctionReplaced {
        /// Its name.
        function: &'static str,
    },
    /// The log is empty, though positions were drawn for events.
    Emptied {
        /// How many.
        positions: i64,
    },
    /// The log holds a position that its sequence has not reached.
    PositionsRestarted {
        /// The greatest position in the log.
        greatest: i64,
        /// The last that the sequence has drawn; 0 if it has drawn none.
        last: i64,
    },
    /// The log holds a transaction id that the server has not reached.
    TransactionIdsRestarted {
        /// The greatest transaction id in the log.
        greatest: u64,
        /// The id that the server gives next.
        next: u64,
    },
    /// A cursor does not lie where its checkpoints have left it, or events before it are gone.
    CursorMoved {
        /// The subscription.
        subscription: String,
        /// How many events its checkpoints have counted.
        delivered: i64,
        /// How many events of the log lie before the cursor.
        passed: i64,
    },
}

impl Irregularity {
    /// Whether the log may have lost events.
    pub fn is_of_log(&self) -> bool {
        match self {
            Self::Emptied { .. } => true,
            Self::CursorMoved { delivered, passed, .. } => passed < delivered,
            Self::GuardMissing { .. }
            | Self::FunctionReplaced { .. }
            | Self::PositionsRestarted { .. }
            | Self::TransactionIdsRestarted { .. } => false,
        }
    }
}

impl fmt::Display for Irregularity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::GuardMissing { table, trigger } => write!(
                f,
                "table `{table}` lacks its guard `{trigger}`, or has another of that name: nothing keeps its events \
                 from being changed or removed"
            ),
            Self::FunctionReplaced { function } => {
                write!(f, "function `{function}` is not the one that the migrations have made")
            }
            Self::Emptied { positions } => write!(
                f,
                "the log is empty, though {positions} positions were drawn for events: these were rolled back, or are gone"
            ),
            Self::PositionsRestarted { greatest, last } => write!(
                f,
                "the log holds position {greatest}, but its sequence is only at {last}: it was set back, or a position \
                 was changed"
            ),
            Self::TransactionIdsRestarted { greatest, next } => write!(
                f,
                "the log holds transaction id {greatest}, but the server is only at {next}: the database was restored \
                 from a dump (then run `projector epoch raise`), or a transaction id was changed"
            ),
            Self::CursorMoved { subscription, delivered, passed } if passed > delivered => write!(
                f,
                "the cursor of subscription `{subscription}` has passed {passed} events, of which its checkpoints have \
                 delivered {delivered}: it was moved ahead by hand, and {} were skipped",
                passed - delivered
            ),
            Self::CursorMoved { subscription, delivered, passed } => write!(
                f,
                "subscription `{subscription}` was delivered {delivered} events, of which the log holds {passed} before \
                 its cursor: events are gone, or the cursor was moved back by hand"
            ),
        }
    }
}
