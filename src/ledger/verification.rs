//! The result of a verification.

use super::finding::Difference;
use super::irregularity::Irregularity;

/// The result of [`Ledger::verify`](crate::Ledger::verify).
///
/// A hash chain shows that nothing *within* a session was changed, removed or added without the chain being
/// computed anew. It has no anchor outside the database: see [`LIMITS`](Self::LIMITS).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verification {
    /// How many sessions the log holds.
    pub sessions: u64,
    /// How many events the log holds.
    pub events: u64,
    /// How many of them are of a kind or shape that this version does not know: a fold skips these.
    pub unknown_events: u64,
    /// How many rows of the tables were fetched to be compared: those of each range of sessions whose rows
    /// have another sum than those that the log makes. None if all are equal and in today's shape.
    pub rows_compared: u64,
    /// How many differences there are.
    pub differences_total: u64,
    /// How many of them are damage of the log itself: see [`Finding::is_of_log`](super::Finding::is_of_log).
    pub log_differences_total: u64,
    /// The first [`DIFFERENCES_MAX`](Self::DIFFERENCES_MAX) of them, in the order of sessions; those of
    /// `activity` come last.
    pub differences: Vec<Difference>,
    /// The irregularities around the log.
    pub irregularities: Vec<Irregularity>,
}

impl Verification {
    /// How many differences are listed. Further ones are only counted.
    pub const DIFFERENCES_MAX: usize = 1000;

    /// The limits of a verification, as long as the chain has no anchor outside the database.
    pub const LIMITS: &str = "This cannot show what left no trace: a session gone together with its row, an older copy of \
                              the database, or events that somebody who may write them has written with a chain of \
                              their own.";

    /// Whether the projection holds the rows that the log makes, nothing in the log contradicts the rest of
    /// it, and its guards, counters and cursors are as the library leaves them.
    pub fn is_equal(&self) -> bool {
        self.differences_total == 0 && self.irregularities.is_empty()
    }

    /// Whether the log is damaged, or has lost events. A rebuild from it may lose what the tables still hold.
    pub fn is_log_damaged(&self) -> bool {
        self.log_differences_total > 0 || self.irregularities.iter().any(Irregularity::is_of_log)
    }

    /// Adds what was found in other sessions.
    pub(super) fn merge(&mut self, mut other: Self) {
        self.sessions += other.sessions;
        self.events += other.events;
        self.unknown_events += other.unknown_events;
        self.rows_compared += other.rows_compared;
        self.differences_total += other.differences_total;
        self.log_differences_total += other.log_differences_total;
        self.differences.append(&mut other.differences);
        self.differences.sort_by_key(|one| one.session);
        self.differences.truncate(Self::DIFFERENCES_MAX);
    }

    pub(super) fn add(&mut self, difference: Difference) {
        self.differences_total += 1;
        self.log_differences_total += u64::from(difference.finding.is_of_log());
        if self.differences.len() < Self::DIFFERENCES_MAX {
            self.differences.push(difference);
        }
    }
}
