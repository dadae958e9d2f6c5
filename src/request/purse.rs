//! How many runs in vain the process may pay for: the sum of what known sessions cost is bounded, however
//! requests are spread over processes.

use std::sync::atomic::{AtomicI64, Ordering};

/// What a run in vain costs, in visits. So at the most one of so many requests runs in vain, beyond the first
/// few of the process, and those that known sessions have paid for.
const PRICE: i64 = 256;

/// The gain of a request that was spared a load: a run in vain costs about as much as sixteen loads.
const GAIN: i64 = 16;

/// What the purse holds at the most, and from the start.
const PURSE_MAX: i64 = 8 * PRICE;

/// See above.
#[derive(Debug)]
pub(super) struct Purse(AtomicI64);

impl Default for Purse {
    fn default() -> Self {
        Self(AtomicI64::new(PURSE_MAX))
    }
}

impl Purse {
    /// A request comes with a session. Says whether a run in vain can be paid for.
    pub(super) fn visit(&self) -> bool {
        self.add(1) >= PRICE
    }

    /// A load was spared.
    pub(super) fn earn(&self) {
        self.add(GAIN);
    }

    /// A run was in vain.
    pub(super) fn spend(&self) {
        self.add(-PRICE);
    }

    /// What it holds before.
    fn add(&self, change: i64) -> i64 {
        let changed = |held: i64| Some(held.saturating_add(change).min(PURSE_MAX));
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, changed).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Plays requests, each of which would be in vain if it were served from memory.
    #[test]
    fn where_every_known_session_is_stale_one_request_of_256_runs_in_vain() {
        let purse = Purse::default();
        let mut in_vain = 0;
        for _ in 0..256_000 {
            if purse.visit() {
                purse.spend();
                in_vain += 1;
            }
        }
        assert!((1_000..=1_000 + PURSE_MAX / PRICE).contains(&in_vain), "{in_vain}");
    }

    #[test]
    fn where_one_of_sixteen_is_stale_the_memory_goes_on() {
        let purse = Purse::default();
        for nth in 0..64_000 {
            assert!(purse.visit(), "request {nth}");
            if nth % 16 == 0 { purse.spend() } else { purse.earn() }
        }
    }
}
