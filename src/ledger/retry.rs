//! How often, and after which pauses, work that lost a race is done again.

use std::time::{Duration, Instant};

use crate::store::error::Prospect;

/// How often work is done at the most when it loses races.
const ATTEMPTS_MAX: u32 = 8;

/// How often it is done at the most when it is not sure that another attempt can do better.
const FAIR_ATTEMPTS_MAX: u32 = 3;

/// Work that has been tried twice, and for so long, is not tried again.
const PATIENCE: Duration = Duration::from_secs(2);

/// Whether the attempt with this number, of work that began at `started` and has waited so long for the
/// database, may be followed by another.
///
/// However long the first attempt has taken, a second one may follow: a slow handler that has lost a race
/// could not succeed otherwise. Not so where the database itself has kept it waiting.
pub(crate) fn may_try_again(prospect: Prospect, attempt: u32, started: Instant, waited: Duration) -> bool {
    may_follow(prospect, attempt, started.elapsed(), waited)
}

fn may_follow(prospect: Prospect, attempt: u32, elapsed: Duration, waited: Duration) -> bool {
    let (attempts_max, may_be_slow) = match prospect {
        Prospect::Good => (ATTEMPTS_MAX, true),
        Prospect::Outdated | Prospect::Reconnected | Prospect::Fair => (FAIR_ATTEMPTS_MAX, waited < PATIENCE),
        Prospect::Away | Prospect::None => return false,
    };
    attempt < attempts_max && (elapsed < PATIENCE || (attempt == 1 && may_be_slow))
}

/// The pause before another attempt. Full jitter: any time up to 5 ms doubled with each attempt, 200 ms at
/// the most.
pub(crate) fn backoff(attempt: u32) -> Duration {
    let ceiling = 5_u64.saturating_mul(1 << attempt.min(6)).min(200) * 1_000;
    Duration::from_micros(rand::random_range(0..=ceiling))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Prospect; 6] = [
        Prospect::Good,
        Prospect::Outdated,
        Prospect::Reconnected,
        Prospect::Fair,
        Prospect::Away,
        Prospect::None,
    ];

    fn attempts(elapsed: Duration, waited: Duration) -> [u32; 6] {
        ALL.map(|prospect| {
            let follow = |attempt: &u32| may_follow(prospect, *attempt, elapsed, waited);
            (1..).take_while(follow).count() as u32 + 1
        })
    }

    #[test]
    fn the_number_of_attempts_depends_on_the_prospect_and_the_time() {
        assert_eq!(attempts(Duration::ZERO, Duration::ZERO), [8, 3, 3, 3, 1, 1]);
        assert_eq!(attempts(PATIENCE, Duration::ZERO), [2, 2, 2, 2, 1, 1], "a slow handler runs again");
        assert_eq!(attempts(PATIENCE, PATIENCE), [2, 1, 1, 1, 1, 1], "a slow database is not asked again");
    }
}
