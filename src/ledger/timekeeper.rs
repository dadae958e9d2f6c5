//! Whether the database's clock goes on as it should.
//!
//! Sessions are judged by the database's clock alone. If it is wrong for a moment, sessions seem to be over
//! that are not, and an end is for good. So before a session is ended by the time, the time that has passed
//! by the database's clock is compared with the time that has passed by the process's, which nobody sets.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration as Elapsed, Instant};

use time::{Duration, OffsetDateTime};

/// The time since some moment, by a clock of the process that only goes forward.
pub(super) type Uptime = Box<dyn Fn() -> Elapsed + Send + Sync>;

/// How far the clocks may part in any case: a clock may be set right by so much.
const STEP_MAX: Duration = Duration::MINUTE;

/// How many seconds pass while the clocks may part by one more: ten times what NTP slews at the most.
const SECONDS_A_SECOND: i32 = 200;

/// For how long a clock that has jumped must go on as it should, until it is believed.
const SETTLED: Elapsed = Elapsed::from_secs(60);

/// Compares the clock of the database with that of the process.
pub(super) struct Timekeeper {
    uptime: Uptime,
    marks: Mutex<Marks>,
}

impl Timekeeper {
    /// Believes the time `now`, by the database's clock.
    pub(super) fn new(uptime: Uptime, now: OffsetDateTime) -> Self {
        let trusted = Mark { at: now, uptime: uptime() };
        Self { uptime, marks: Mutex::new(Marks { trusted, doubted: None }) }
    }

    /// The time since some moment, by the process's clock.
    pub(super) fn uptime(&self) -> Elapsed {
        (self.uptime)()
    }

    /// Whether the time `now`, by the database's clock, follows from the times before.
    ///
    /// # Errors
    ///
    /// How far the clock has jumped.
    pub(super) fn check(&self, now: OffsetDateTime) -> Result<(), Duration> {
        let now = Mark { at: now, uptime: (self.uptime)() };
        self.marks.lock().unwrap_or_else(PoisonError::into_inner).check(now)
    }
}

/// The clock of this process.
pub(super) fn of_process() -> Uptime {
    let start = Instant::now();
    Box::new(move || start.elapsed())
}

/// A moment by both clocks.
#[derive(Clone, Copy, Debug)]
struct Mark {
    at: OffsetDateTime,
    uptime: Elapsed,
}

/// The moments that others are compared with.
#[derive(Debug)]
struct Marks {
    /// The last one that was believed.
    trusted: Mark,
    /// The first one of a clock that has jumped since.
    doubted: Option<Mark>,
}

impl Marks {
    fn check(&mut self, now: Mark) -> Result<(), Duration> {
        let jump = self.trusted.jump(now);
        let settled = |doubted: Mark| now.uptime.saturating_sub(doubted.uptime) >= SETTLED;
        match self.doubted.filter(|doubted| doubted.jump(now).is_none()) {
            _ if jump.is_none() => {}
            Some(doubted) if settled(doubted) => {}
            Some(_) => return jump.map_or(Ok(()), Err),
            None => {
                self.doubted = Some(now);
                return jump.map_or(Ok(()), Err);
            }
        }
        *self = Self { trusted: now, doubted: None };
        Ok(())
    }
}

impl Mark {
    /// How far the database's clock has jumped from here to `later`, if it has.
    fn jump(self, later: Self) -> Option<Duration> {
        let passed = Duration::try_from(later.uptime.saturating_sub(self.uptime)).unwrap_or(Duration::MAX);
        let jump = (later.at - self.at).saturating_sub(passed);
        let allowed = STEP_MAX.saturating_add(passed / SECONDS_A_SECOND);
        (jump.abs() > allowed).then_some(jump)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A moment so many seconds after the first, by the clock of the database and by that of the process.
    fn mark(database: i64, process: u64) -> Mark {
        let at = OffsetDateTime::UNIX_EPOCH + Duration::seconds(database);
        Mark { at, uptime: Elapsed::from_secs(process) }
    }

    /// Each step: the time by both clocks, and the jump in seconds that is found, 0 for none.
    #[test]
    fn a_clock_that_jumps_is_believed_once_it_has_gone_on_for_a_minute() {
        const MONTH: i64 = 31 * 86_400;
        let tables: &[&[(i64, u64, i64)]] = &[
            // A clock that goes on, and parts a little.
            &[(10, 10, 0), (70, 10, 0), (3_600, 3_590, 0), (86_400 * 3 + 200, 86_400 * 3, 0)],
            // Wrong for one request.
            &[(MONTH, 10, MONTH - 10), (11, 11, 0), (MONTH, 12, MONTH - 12)],
            // Wrong for a while, each time by another amount.
            &[(MONTH, 10, MONTH - 10), (2 * MONTH, 80, 2 * MONTH - 80), (2 * MONTH, 139, 2 * MONTH - 139)],
            // Set right after it was wrong: believed after a minute, and not before.
            &[
                (MONTH, 10, MONTH - 10),
                (MONTH + 59, 69, MONTH - 10),
                (MONTH + 60, 70, 0),
                (MONTH + 61, 71, 0),
            ],
            // Back.
            &[(-MONTH, 10, -MONTH - 10), (-MONTH + 60, 70, 0)],
            // At the edge of what may be.
            &[(61, 0, 61)],
            &[(60, 0, 0)],
        ];
        for table in tables {
            let mut marks = Marks { trusted: mark(0, 0), doubted: None };
            for &(database, process, jump) in *table {
                let expected = if jump == 0 { Ok(()) } else { Err(Duration::seconds(jump)) };
                assert_eq!(
                    marks.check(mark(database, process)),
                    expected,
                    "{database} {process} of {table:?}"
                );
            }
        }
    }
}
