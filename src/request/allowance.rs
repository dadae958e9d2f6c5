//! How many incidents are written to the log. Whoever sends forged cookies, thousands a second, must not fill
//! a disk with them. Metrics and the application's hook are told of each.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// So many incidents of a kind are written within [`SPAN`].
const WRITTEN_MAX: u32 = 10;

/// See [`WRITTEN_MAX`].
const SPAN: Duration = Duration::from_secs(10);

/// The incidents that may still be written, by kind: a flood of one kind must not hide another.
#[derive(Default)]
pub(crate) struct Allowance(Mutex<BTreeMap<&'static str, Kind>>);

/// One kind of incident.
struct Kind {
    /// When the present span began.
    began: Instant,
    /// How many were written in it.
    written: u32,
    /// How many were left out since one was written.
    left_out: u64,
}

impl Allowance {
    /// Whether an incident of this kind may be written at `now`. If so, returns how many were left out before
    /// it.
    pub(super) fn take(&self, kind: &'static str, now: Instant) -> Option<u64> {
        let mut kinds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kinds.entry(kind).or_insert(Kind { began: now, written: 0, left_out: 0 }).take(now)
    }
}

impl Kind {
    fn take(&mut self, now: Instant) -> Option<u64> {
        if now.duration_since(self.began) >= SPAN {
            (self.began, self.written) = (now, 0);
        }
        if self.written >= WRITTEN_MAX {
            self.left_out += 1;
            return None;
        }
        self.written += 1;
        Some(std::mem::take(&mut self.left_out))
    }
}

#[test]
fn of_a_flood_ten_in_ten_seconds_are_written_and_the_rest_is_counted() {
    let (allowance, start) = (Allowance::default(), Instant::now());
    let take = |kind, after| allowance.take(kind, start + after);
    let flood: Vec<_> = (0..1_000).map(|_| take("forged", Duration::ZERO)).collect();
    assert_eq!(flood.iter().filter(|taken| **taken == Some(0)).count(), 10);
    assert_eq!(take("replayed", Duration::ZERO), Some(0), "another kind");
    assert_eq!(take("forged", SPAN - Duration::from_millis(1)), None);
    assert_eq!(take("forged", SPAN), Some(991));
    assert_eq!(take("forged", SPAN), Some(0));
}
