//! The size of a run.

use std::time::Duration;

/// The sizes of all series. Those of one series rise.
pub(crate) struct Scale {
    pub(crate) sessions: Vec<i64>,
    /// Larger sizes that are only reckoned.
    pub(crate) sessions_beyond: Vec<i64>,
    pub(crate) log: Vec<i64>,
    pub(crate) log_beyond: Vec<i64>,
    /// Live sessions beside the growing log.
    pub(crate) log_sessions: i64,
    pub(crate) events: Vec<i64>,
    /// The most events of one series of sessions; fewer sessions keep within it as they grow long. See
    /// [`Self::crowd`].
    pub(crate) events_in_all: i64,
    pub(crate) parallel: Vec<i64>,
    /// Events of the log that questions are asked of.
    pub(crate) questions: i64,
    /// Events of the log that is rebuilt, ten of each session.
    pub(crate) rebuild: i64,
    pub(crate) rounds: usize,
    pub(crate) slice: Duration,
    /// The gigabytes that must be free on the disk: twice the size of the tables, and the WAL.
    pub(crate) disk_gb: u64,
}

impl Scale {
    /// A run of seconds, which shows that the program works.
    pub(crate) fn tiny() -> Self {
        Self {
            sessions: vec![100, 1_000],
            sessions_beyond: vec![10_000],
            log: vec![1_000, 4_000],
            log_beyond: vec![10_000],
            log_sessions: 100,
            events: vec![1, 10],
            events_in_all: 1_000,
            parallel: vec![1, 2],
            questions: 2_000,
            rebuild: 2_000,
            rounds: 1,
            slice: Duration::from_millis(50),
            disk_gb: 1,
        }
    }

    /// A run of minutes.
    pub(crate) fn medium() -> Self {
        Self {
            sessions: vec![1_000, 10_000, 100_000],
            sessions_beyond: vec![1_000_000, 10_000_000],
            log: vec![100_000, 300_000, 1_000_000],
            log_beyond: vec![10_000_000, 30_000_000],
            log_sessions: 10_000,
            events: vec![1, 10, 100, 1_000],
            events_in_all: 50_000,
            parallel: vec![1, 2, 4, 8, 16, 32, 64],
            questions: 1_000_000,
            rebuild: 1_000_000,
            rounds: 5,
            slice: Duration::from_millis(500),
            disk_gb: 5,
        }
    }

    /// A run of half an hour.
    pub(crate) fn full() -> Self {
        Self {
            sessions: vec![1_000, 10_000, 100_000, 1_000_000, 10_000_000],
            sessions_beyond: vec![100_000_000],
            log: vec![1_000_000, 3_000_000, 10_000_000, 30_000_000],
            log_beyond: vec![300_000_000],
            log_sessions: 100_000,
            events: vec![1, 10, 100, 1_000, 10_000],
            events_in_all: 100_000,
            questions: 10_000_000,
            rebuild: 10_000_000,
            slice: Duration::from_secs(1),
            disk_gb: 35,
            ..Self::medium()
        }
    }

    /// The number of sessions with `events` events each: enough that the writes of the measurement add few to
    /// each.
    pub(crate) fn crowd(&self, events: i64) -> i64 {
        (self.events_in_all / events).clamp(200, 20_000)
    }
}
