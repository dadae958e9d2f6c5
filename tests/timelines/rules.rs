//! The policy of a timeline, drawn at random, and the seconds that matter to it.

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, RngExt};
use session_ledger::session::{Policy, SessionsExcess};

/// The policy as the model knows it, in seconds.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    pub(crate) idle: Option<i64>,
    pub(crate) absolute: Option<i64>,
    pub(crate) delay: i64,
    pub(crate) grace: i64,
    pub(crate) renewal: Option<i64>,
    pub(crate) sessions_max: Option<usize>,
}

impl Rules {
    pub(crate) fn drawn(rng: &mut StdRng) -> Self {
        let idle = sometimes(rng, 0.75, 60..600);
        let absolute = sometimes(rng, 0.75, idle.unwrap_or(60) + 1..1_500);
        let delay = rng.random_range(0..idle.unwrap_or(300));
        let grace = rng.random_range(5..40);
        let renewal = sometimes(rng, 0.6, grace + 1..500);
        let sessions_max = sometimes(rng, 0.5, 1..3).map(|max| max as usize);
        Self { idle, absolute, delay, grace, renewal, sessions_max }
    }

    pub(crate) fn policy(&self) -> Policy {
        let seconds = |seconds: i64| u32::try_from(seconds).unwrap();
        Policy::default()
            .idle_timeout(self.idle.map(seconds))
            .absolute_timeout(self.absolute.map(seconds))
            .deviation("Some timelines have no absolute limit.")
            .extension_delay(seconds(self.delay))
            .renewal_grace(seconds(self.grace))
            .renewal_timeout(self.renewal.map(seconds))
            .sessions_per_user(self.sessions_max.map(|max| max as u32), SessionsExcess::EndOldest)
    }

    /// How much time passes: often a moment, often about as much as matters to one of the rules.
    pub(crate) fn pause(&self, rng: &mut StdRng) -> i64 {
        if rng.random_bool(0.5) {
            return rng.random_range(1..8);
        }
        let half = self.idle.map(|idle| idle / 2);
        let matter: Vec<i64> =
            [self.idle, half, self.absolute, Some(self.delay), Some(self.grace), self.renewal]
                .into_iter()
                .flatten()
                .collect();
        (matter.choose(rng).unwrap() + rng.random_range(-1..=1)).max(1)
    }

    /// A span to remember a browser for.
    pub(crate) fn span(&self, rng: &mut StdRng) -> i64 {
        rng.random_range(20..self.absolute.unwrap_or(1_500).min(1_500))
    }
}

fn sometimes(rng: &mut impl Rng, chance: f64, range: std::ops::Range<i64>) -> Option<i64> {
    rng.random_bool(chance).then(|| rng.random_range(range))
}
