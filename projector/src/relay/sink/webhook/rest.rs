//! When a receiver is left alone.

use std::time::Duration;

use tokio::time::Instant;

/// Whether a receiver is left alone, and why.
#[derive(Debug)]
pub(super) struct Rest {
    /// The first pause, and the longest.
    pauses: [Duration; 2],
    /// How many failures have come in a row.
    failures: u32,
    until: Option<(Instant, String)>,
}

impl Rest {
    pub(super) fn new(pauses: [Duration; 2]) -> Self {
        Self { pauses, failures: 0, until: None }
    }

    /// Why the receiver is left alone. `None`: it is not.
    pub(super) fn reason(&self, now: Instant) -> Option<&str> {
        let (until, reason) = self.until.as_ref()?;
        (now < *until).then_some(reason)
    }

    /// Leaves the receiver alone: as long as it wants, or else longer after each failure in a row. Half of
    /// our own pause is random (`jitter`, 0 to 1), so that relays that failed together do not come again
    /// together. Of events that were on their way together the first failure counts.
    /// Returns the pause that begins.
    pub(super) fn begin(
        &mut self,
        now: Instant,
        reason: String,
        wanted: Option<Duration>,
        jitter: f64,
    ) -> Option<Duration> {
        if self.reason(now).is_some() {
            return None;
        }
        let [first, longest] = self.pauses;
        let full = first.saturating_mul(2_u32.saturating_pow(self.failures)).min(longest);
        let pause = wanted.unwrap_or_else(|| full.mul_f64(0.5 + jitter / 2.0));
        self.failures = self.failures.saturating_add(1);
        self.until = Some((now + pause, reason));
        Some(pause)
    }

    /// The receiver has taken an event. If it has asked for a pause meanwhile, the event was on its way
    /// before.
    pub(super) fn end(&mut self, now: Instant) {
        if self.reason(now).is_none() {
            (self.failures, self.until) = (0, None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const MOMENT: Duration = Duration::from_nanos(1);

    fn begin(rest: &mut Rest, now: Instant, wanted: Option<Duration>, jitter: f64) {
        rest.begin(now, "it answered 503".to_owned(), wanted, jitter);
    }

    #[test]
    fn each_failure_in_a_row_makes_the_pause_longer_up_to_the_longest() {
        let mut rest = Rest::new([SECOND, 900 * SECOND]);
        let mut now = Instant::now();
        for full in [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900].map(|seconds| seconds * SECOND) {
            begin(&mut rest, now, None, 1.0);
            assert_eq!(rest.reason(now + full - MOMENT), Some("it answered 503"));
            now += full;
            assert_eq!(rest.reason(now), None);
        }
    }

    #[test]
    fn half_of_a_pause_is_random() {
        let now = Instant::now();
        for (jitter, pause) in [(0.0, SECOND / 2), (0.5, SECOND * 3 / 4), (1.0, SECOND)] {
            let mut rest = Rest::new([SECOND, 900 * SECOND]);
            begin(&mut rest, now, None, jitter);
            assert!(rest.reason(now + pause - MOMENT).is_some());
            assert_eq!(rest.reason(now + pause), None);
        }
    }

    #[test]
    fn a_receiver_is_left_alone_as_long_as_it_wants() {
        let mut rest = Rest::new([SECOND, 2 * SECOND]);
        let now = Instant::now();
        begin(&mut rest, now, Some(120 * SECOND), 0.0);
        // This one was on its way at the same time.
        begin(&mut rest, now, Some(SECOND), 0.0);
        assert!(rest.reason(now + 120 * SECOND - MOMENT).is_some());
        assert_eq!(rest.reason(now + 120 * SECOND), None);
        begin(&mut rest, now + 120 * SECOND, Some(Duration::ZERO), 0.0);
        assert_eq!(rest.reason(now + 120 * SECOND), None);
    }

    #[test]
    fn a_receiver_that_takes_an_event_begins_anew() {
        let mut rest = Rest::new([SECOND, 900 * SECOND]);
        let mut now = Instant::now();
        for full in [1, 2, 4].map(|seconds| seconds * SECOND) {
            begin(&mut rest, now, None, 1.0);
            now += full;
        }
        rest.end(now);
        begin(&mut rest, now, None, 1.0);
        assert!(rest.reason(now + SECOND - MOMENT).is_some());
        assert_eq!(rest.reason(now + SECOND), None);
    }

    #[test]
    fn an_event_that_was_on_its_way_does_not_end_the_pause() {
        let mut rest = Rest::new([SECOND, 900 * SECOND]);
        let now = Instant::now();
        begin(&mut rest, now, Some(120 * SECOND), 1.0);
        rest.end(now);
        assert!(rest.reason(now + 120 * SECOND - MOMENT).is_some());
    }
}
