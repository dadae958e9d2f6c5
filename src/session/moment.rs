//! A time, and whose clock it is from.

use time::OffsetDateTime;

/// The time by the database's clock, which judges sessions, and the database's epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DatabaseTime {
    /// The time.
    pub at: OffsetDateTime,
    /// The epoch: how often the database was restored, as far as it was told, counted from 1.
    pub epoch: u16,
}

/// A time, and whose clock it is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// By the database's clock, which judges sessions.
    Database(DatabaseTime),
    /// By the clock of this process, until the database has been asked.
    Process(OffsetDateTime),
}

impl Moment {
    /// The time.
    pub const fn at(self) -> OffsetDateTime {
        match self {
            Self::Database(now) => now.at,
            Self::Process(at) => at,
        }
    }

    /// The epoch, once the database has been asked.
    pub const fn epoch(self) -> Option<u16> {
        match self {
            Self::Database(now) => Some(now.epoch),
            Self::Process(_) => None,
        }
    }
}
