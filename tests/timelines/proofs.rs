//! What the model knows of a user's proofs, and of what they may do once.

use std::collections::BTreeMap;

use crate::deed::Method;

#[derive(Clone, Debug, Default)]
pub(crate) struct Proofs {
    /// The method of the latest proof, unless it is no more, and when that was.
    latest: Option<Method>,
    at: i64,
    pub(crate) level: u8,
    /// When the other methods were proved last.
    earlier: BTreeMap<Method, i64>,
    /// Until when something may be done once.
    granted_until: Option<i64>,
}

impl Proofs {
    pub(crate) fn prove(&mut self, by: Method, now: i64) {
        if let Some(before) = self.latest {
            self.earlier.insert(before, self.at);
        }
        self.earlier.remove(&by);
        (self.latest, self.at, self.level) = (Some(by), now, by.level());
    }

    pub(crate) fn proved_at(&self, method: Method) -> Option<i64> {
        if self.latest == Some(method) { Some(self.at) } else { self.earlier.get(&method).copied() }
    }

    /// A factor proves nothing any more, and what was granted is void.
    pub(crate) fn forget(&mut self, factor: Method) {
        self.latest = self.latest.filter(|latest| *latest != factor);
        self.earlier.remove(&factor);
        self.void_grants();
    }

    pub(crate) fn grant(&mut self, seconds: i64, at: i64) {
        self.granted_until = Some(at + seconds);
    }

    pub(crate) fn is_granted(&self, now: i64) -> bool {
        self.granted_until.is_some_and(|until| now < until)
    }

    /// The grant is taken, or is no longer for who the user is.
    pub(crate) fn void_grants(&mut self) {
        self.granted_until = None;
    }
}
