//! How often, and after which pauses, work that lost a race is done again.

use std::time::{Duration, Instant};

use crate::store::error::Prospect;

/// How often work is done at the most when it loses races.
const ATTEMPTS_MAX: u32 = 8;

/// How often it is done at the most when it is not sure that another attempt can do better.
const FAIR_ATTEMPTS_MAX: u32 = 3;

/// Work that has been tried for so long is not tried again.
const PATIENCE: Duration = Duration::from_secs(2);

/// Whether the attempt with this number, of work that began at `started`, may be followed by another.
pub(crate) fn may_try_again(prospect: Prospect, attempt: u32, started: Instant) -> bool {
    let attempts_max = match prospect {
        Prospect::Good => ATTEMPTS_MAX,
        Prospect::Outdated | Prospect::Reconnected | Prospect::Fair => FAIR_ATTEMPTS_MAX,
        Prospect::Away | Prospect::None => return false,
    };
    attempt < attempts_max && started.elapsed() < PATIENCE
}

/// The pause before another attempt. Full jitter: any time up to 5 ms doubled with each attempt, 200 ms at
/// the most.
pub(crate) fn backoff(attempt: u32) -> Duration {
    let ceiling = 5_u64.saturating_mul(1 << attempt.min(6)).min(200) * 1_000;
    Duration::from_micros(rand::random_range(0..=ceiling))
}
