//! What a rebuild is asked for, and what it has done.

use crate::session::{DecodeError, SessionId};
use crate::store::projection::row::ProjectedRow;

/// Options of [`Ledger::rebuild`](crate::Ledger::rebuild).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RebuildOptions {
    pub(super) while_connected: bool,
    pub(super) only_searches: bool,
    pub(super) skips_undecodable: bool,
}

/// The result of a rebuild.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rebuilt {
    /// How many rows of live sessions it has written.
    pub live: u64,
    /// How many rows of ended sessions it has written.
    pub ended: u64,
    /// How many steps of logins it has written.
    pub login_steps: u64,
    /// How many events it has read.
    pub events: u64,
    /// How many of these are of a kind or shape that this version does not know, and were skipped.
    pub unknown_events: u64,
    /// How many sessions have an event that cannot be read, and keep the rows that they had.
    pub undecodable_total: u64,
    /// The first [`UNDECODABLE_MAX`](Self::UNDECODABLE_MAX) of them, in the order of sessions.
    pub undecodable: Vec<Undecodable>,
}

/// A session with an event that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Undecodable {
    /// The session.
    pub session: SessionId,
    /// The event's version.
    pub version: i64,
    /// Why it cannot be read.
    pub error: DecodeError,
}

impl RebuildOptions {
    /// Rebuilds beside the running application. The log and the rows are compared at one moment; the rows
    /// that differ are put beside the live ones, and then take their places, a few sessions at a time.
    /// Whoever writes to one of these sessions just then waits a moment or runs again; nobody else notices.
    /// Nobody is logged out, and no change is lost.
    ///
    /// `resend` stays where it belongs. Rows that are right are not touched.
    #[must_use]
    pub fn while_connected(mut self) -> Self {
        self.while_connected = true;
        self
    }

    /// Only looks for what there is to rebuild, and changes nothing. The application may go on.
    #[must_use]
    pub fn dry_run(mut self) -> Self {
        self.only_searches = true;
        self
    }

    /// Goes on at an event that cannot be read, while connected: its session keeps the rows that it has, and
    /// is named in [`Rebuilt::undecodable`]. Otherwise such an event stops the rebuild. So it does in the
    /// application's downtime, when no rows are kept.
    #[must_use]
    pub fn skip_undecodable(mut self) -> Self {
        self.skips_undecodable = true;
        self
    }

    /// Whether the rows are rebuilt beside the live ones, or only looked for.
    pub(super) fn is_beside(self) -> bool {
        self.while_connected || self.only_searches
    }
}

impl Rebuilt {
    /// How many sessions are named that keep their rows. Further ones are only counted.
    pub const UNDECODABLE_MAX: usize = 100;

    /// Counts a session's row, and its steps of logins.
    pub(super) fn count(&mut self, row: &ProjectedRow, login_steps: usize) {
        match row {
            ProjectedRow::Live(_) => self.live += 1,
            ProjectedRow::Ended(_) => self.ended += 1,
        }
        self.login_steps += login_steps as u64;
    }

    pub(super) fn add_undecodable(&mut self, mut found: Vec<Undecodable>) {
        self.undecodable_total += found.len() as u64;
        self.undecodable.append(&mut found);
        self.undecodable.sort_by_key(|one| one.session);
        self.undecodable.truncate(Self::UNDECODABLE_MAX);
    }
}
