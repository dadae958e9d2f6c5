//! The keys of a ring that may open tokens, ready for use.

use std::sync::Arc;

use super::key_ring::{KeyId, KeyRing, KeyState, RingKey};
use super::purpose::Purpose;
use super::sealing_key::{Binding, SealingKey};

/// The keys that may open tokens. The primary one also seals.
pub(super) struct LiveKeys {
    primary: LiveKey,
    others: Vec<LiveKey>,
}

impl LiveKeys {
    /// The keys of `ring`. A key that was live `before` keeps its count of seals.
    pub(super) fn new(ring: &KeyRing, binding: &Binding, before: Option<&Self>) -> Self {
        let live = |key: &RingKey| LiveKey::new(key, binding, before.and_then(|keys| keys.find(key.id)));
        let others = ring.others.iter().filter(|key| key.state != KeyState::Retired).map(live).collect();
        Self { primary: live(&ring.primary), others }
    }

    pub(super) fn primary(&self) -> &LiveKey {
        &self.primary
    }

    /// The key named `id`: the only one that is tried for a token.
    pub(super) fn find(&self, id: KeyId) -> Option<&LiveKey> {
        self.iter().find(|key| key.id == id)
    }

    /// The ids and states of the keys, the primary one first.
    pub(super) fn states(&self) -> impl Iterator<Item = (KeyId, KeyState)> {
        self.iter().map(|key| (key.id, key.state))
    }

    fn iter(&self) -> impl Iterator<Item = &LiveKey> {
        std::iter::once(&self.primary).chain(&self.others)
    }
}

/// One key of the ring, as a sealing key for each purpose.
pub(super) struct LiveKey {
    id: KeyId,
    state: KeyState,
    cookie: SealingKey,
    resend: SealingKey,
}

impl LiveKey {
    fn new(key: &RingKey, binding: &Binding, before: Option<&Self>) -> Self {
        let for_purpose = |purpose| {
            let count = before.map_or_else(Arc::default, |live| live.for_purpose(purpose).count());
            SealingKey::new(key.id, purpose, key.for_purpose(purpose), binding, count)
        };
        let (cookie, resend) = (for_purpose(Purpose::Cookie), for_purpose(Purpose::Resend));
        Self { id: key.id, state: key.state, cookie, resend }
    }

    pub(super) fn for_purpose(&self, purpose: Purpose) -> &SealingKey {
        match purpose {
            Purpose::Cookie => &self.cookie,
            Purpose::Resend => &self.resend,
        }
    }
}
