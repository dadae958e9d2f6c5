//! The policy of a timeline, drawn at random, and the seconds that matter to it.

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, RngExt};
use session_ledger::session::{Policy, SessionsExcess};

use crate::deed::Deed;

/// The policy as the model knows it, in seconds.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    pub(crate) idle: Option<i64>,
    pub(crate) absolute: Option<i64>,
    pub(crate) delay: i64,
    pub(crate) grace: i64,
    pub(crate) renewal: Option<i64>,
    /// How often an offered token is sent again; 0 for each time.
    pub(crate) try_every: i64,
    pub(crate) sessions_max: Option<usize>,
    pub(crate) excess: SessionsExcess,
}

impl Rules {
    pub(crate) fn drawn(rng: &mut StdRng) -> Self {
        let idle = sometimes(rng, 0.75, 60..600);
        let absolute = sometimes(rng, 0.75, idle.unwrap_or(60) + 1..1_500);
        let delay = rng.random_range(0..idle.unwrap_or(300));
        let grace = rng.random_range(5..40);
        let renewal = sometimes(rng, 0.6, grace + 1..500);
        let try_every = sometimes(rng, 0.5, 1..renewal.unwrap_or(60).min(60)).unwrap_or(0);
        let sessions_max = sometimes(rng, 0.6, 1..3).map(|max| max as usize);
        let excesses = [SessionsExcess::EndOldest, SessionsExcess::Deny, SessionsExcess::Ask];
        let excess = *excesses.choose(rng).unwrap();
        Self { idle, absolute, delay, grace, renewal, try_every, sessions_max, excess }
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
            .renewal_try_every(seconds(self.try_every))
            .sessions_per_user(self.sessions_max.map(|max| max as u32), self.excess)
    }

    /// How much time passes: often a moment, often about as much as matters to one of the rules.
    pub(crate) fn pause(&self, rng: &mut StdRng) -> i64 {
        if rng.random_bool(0.7) {
            return rng.random_range(1..8);
        }
        let half = self.idle.map(|idle| idle / 2);
        let tried = Some(self.try_every).filter(|every| *every > 0);
        let matter: Vec<i64> =
            [self.idle, half, self.absolute, Some(self.delay), Some(self.grace), self.renewal, tried]
                .into_iter()
                .flatten()
                .collect();
        (matter.choose(rng).unwrap() + rng.random_range(-1..=1)).max(1)
    }

    /// A span to remember a browser for.
    pub(crate) fn span(&self, rng: &mut StdRng) -> i64 {
        rng.random_range(20..self.absolute.unwrap_or(1_500).min(1_500))
    }

    /// Limits of a session's own that may stand beside those of the policy.
    pub(crate) fn limits(&self, rng: &mut StdRng) -> Deed {
        let idle = sometimes(rng, 0.7, 20..500);
        let shortest = idle.or(self.idle).unwrap_or(60) + 1;
        let absolute = sometimes(rng, 0.6, shortest..1_500);
        match (absolute, self.absolute) {
            (None, Some(absolute)) if absolute < shortest => Deed::Limit(None, None),
            _ => Deed::Limit(idle, absolute),
        }
    }

    /// A time of a session's own after which its token is renewed.
    pub(crate) fn own_renewal(&self, rng: &mut StdRng) -> Option<i64> {
        sometimes(rng, 0.7, self.grace.max(self.try_every) + 1..500)
    }
}

fn sometimes(rng: &mut impl Rng, chance: f64, range: std::ops::Range<i64>) -> Option<i64> {
    rng.random_bool(chance).then(|| rng.random_range(range))
}
