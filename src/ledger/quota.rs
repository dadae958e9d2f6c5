//! How much of something may be written in a minute, and how much was left out.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The time in which as many may be written as the limit says.
const SPAN: Duration = Duration::from_secs(60);

/// What may still be written. More comes with time.
#[derive(Debug)]
pub(super) struct Quota {
    per_span: u32,
    left: Mutex<Left>,
}

#[derive(Debug)]
struct Left {
    /// How many may be written at once.
    writes: f64,
    /// As of this moment; none before the first.
    at: Option<Instant>,
    /// How many were left out since one was written.
    left_out: i64,
}

impl Quota {
    /// At most so many a minute.
    pub(super) fn per_minute(writes: u32) -> Self {
        let left = Left { writes: writes.into(), at: None, left_out: 0 };
        Self { per_span: writes, left: Mutex::new(left) }
    }

    /// Whether one may be written at `now`. If so, returns how many were left out before it.
    pub(super) fn take(&self, now: Instant) -> Option<i64> {
        let (all, mut left) = (f64::from(self.per_span), self.left());
        let since = left.at.map_or(Duration::ZERO, |at| now.saturating_duration_since(at));
        left.at = Some(now);
        left.writes = all.min(left.writes + all * since.div_duration_f64(SPAN));
        if left.writes < 1.0 {
            left.left_out = left.left_out.saturating_add(1);
            return None;
        }
        left.writes -= 1.0;
        Some(std::mem::take(&mut left.left_out))
    }

    /// Counts some that could not be written.
    pub(super) fn leave_out(&self, more: i64) {
        let mut left = self.left();
        left.left_out = left.left_out.saturating_add(more);
    }

    /// No panic leaves it half changed.
    fn left(&self) -> MutexGuard<'_, Left> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[test]
fn no_more_than_the_limit_is_written_and_the_rest_is_counted() {
    let (quota, start) = (Quota::per_minute(3), Instant::now());
    let take = |after| quota.take(start + after);
    let flood: Vec<_> = (0..10).map(|_| take(Duration::ZERO)).collect();
    assert_eq!(flood.iter().filter(|taken| **taken == Some(0)).count(), 3);
    assert_eq!(take(SPAN / 4), None, "a quarter of a minute is worth less than one");
    assert_eq!(take(SPAN / 2), Some(8), "one is there by now, and says how many were left out");
    quota.leave_out(2);
    assert_eq!(take(SPAN * 9), Some(2));
    assert_eq!([(); 3].map(|()| take(SPAN * 9)), [Some(0), Some(0), None], "no more gather than the limit");
}
