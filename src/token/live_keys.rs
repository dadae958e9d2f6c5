//! The keys of a ring that may open tokens, ready for use.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use subtle::ConstantTimeEq;
use time::OffsetDateTime;

use super::budget::SealCount;
use super::error::SealError;
use super::form_key::FormKey;
use super::key_ring::{KeyId, KeyRing, KeyState, NotAfter, RingKey};
use super::purpose::Purpose;
use super::sealing_key::{Binding, SealingKey};
use super::secret::Secret;
use super::secret_bytes::SecretBytes;

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

    /// Whether these are the keys of `ring`, in the same states.
    pub(super) fn are_those_of(&self, ring: &KeyRing) -> bool {
        let live = || ring.keys().filter(|key| key.state != KeyState::Retired);
        let is_same = |own: &LiveKey, key: &RingKey| {
            (own.state, own.not_after) == (key.state, key.not_after) && own.is(key)
        };
        let same = |key: &RingKey| self.find(key.id).is_some_and(|own| is_same(own, key));
        live().count() == self.iter().count() && live().all(same)
    }

    pub(super) fn primary(&self) -> &LiveKey {
        &self.primary
    }

    /// The primary key, unless its time is over.
    pub(super) fn sealing(&self) -> Result<&LiveKey, SealError> {
        let primary = &self.primary;
        match primary.not_after.filter(|_| primary.is_over()) {
            Some(not_after) => Err(SealError::KeyIsOver { key_id: primary.id, not_after }),
            None => Ok(primary),
        }
    }

    /// The key named `id`.
    pub(super) fn find(&self, id: KeyId) -> Option<&LiveKey> {
        self.iter().find(|key| key.id == id)
    }

    /// The key named `id`, unless its time is over: the only one that is tried for a token.
    pub(super) fn opening(&self, id: KeyId) -> Option<&LiveKey> {
        self.find(id).filter(|key| !key.is_over())
    }

    /// The keys whose time is not over.
    pub(super) fn all_opening(&self) -> impl Iterator<Item = &LiveKey> {
        self.iter().filter(|key| !key.is_over())
    }

    /// Whether the time of some key will be over.
    pub(super) fn have_ends(&self) -> bool {
        self.iter().any(|key| key.not_after.is_some())
    }

    /// Finds out whose time is over at `now`. Returns those whose time was not over before.
    pub(super) fn heed(&self, now: OffsetDateTime) -> Vec<KeyId> {
        let comes_to_its_end = |key: &&LiveKey| {
            let Some(not_after) = key.not_after else { return false };
            let is_over = not_after.is_past(now);
            is_over & !key.is_over.swap(is_over, Ordering::Relaxed)
        };
        self.iter().filter(comes_to_its_end).map(|key| key.id).collect()
    }

    /// The ids and states of the keys, the primary one first.
    pub(super) fn states(&self) -> impl Iterator<Item = (KeyId, KeyState)> {
        self.iter().map(|key| (key.id, key.state))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &LiveKey> {
        std::iter::once(&self.primary).chain(&self.others)
    }
}

/// One key of the ring, ready for each purpose.
pub(super) struct LiveKey {
    id: KeyId,
    state: KeyState,
    not_after: Option<NotAfter>,
    /// Whether that was past when the time was looked at last.
    is_over: AtomicBool,
    cookie: SealingKey,
    resend: HolderKeys,
    form: FormKey,
    device: SealingKey,
}

impl LiveKey {
    fn new(key: &RingKey, binding: &Binding, before: Option<&Self>) -> Self {
        let cookie_count = before.map(|live| Arc::clone(live.cookie.count())).unwrap_or_default();
        let cookie = key.for_purpose(Purpose::Cookie);
        let cookie = SealingKey::new(key.id, Purpose::Cookie, cookie, binding, cookie_count);
        let resend = HolderKeys {
            key: SecretBytes::copied_from(key.for_purpose(Purpose::Resend).expose()),
            binding: binding.clone(),
            count: before.map(|live| Arc::clone(&live.resend.count)).unwrap_or_default(),
        };
        let form =
            FormKey::new(key.for_purpose(Purpose::Form), binding.associated_data(key.id, Purpose::Form));
        let count = before.map(|live| Arc::clone(live.device.count())).unwrap_or_default();
        let device = key.for_purpose(Purpose::Device);
        let device = SealingKey::new(key.id, Purpose::Device, device, binding, count);
        let is_over = AtomicBool::new(before.is_some_and(Self::is_over) && key.not_after.is_some());
        let (id, state, not_after) = (key.id, key.state, key.not_after);
        Self { id, state, not_after, is_over, cookie, resend, form, device }
    }

    /// Whether the key's time was over when it was looked at last.
    fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }

    /// The key's name.
    pub(super) fn id(&self) -> KeyId {
        self.id
    }

    /// Whether this is made of the same master.
    pub(super) fn is(&self, key: &RingKey) -> bool {
        self.resend.key.expose().ct_eq(key.for_purpose(Purpose::Resend).expose()).into()
    }

    /// The key for cookies.
    pub(super) fn cookie(&self) -> &SealingKey {
        &self.cookie
    }

    /// The key for the secret of an offered token, which opens for the holder of `held` alone.
    pub(super) fn resend(&self, held: &Secret) -> Option<SealingKey> {
        let HolderKeys { key, binding, count } = &self.resend;
        let key = Purpose::Resend.key_for_holder(key, held).ok()?;
        Some(SealingKey::new(self.id, Purpose::Resend, &key, binding, Arc::clone(count)))
    }

    /// The key for device cookies.
    pub(super) fn device(&self) -> &SealingKey {
        &self.device
    }

    /// The key for the tokens of forms.
    pub(super) fn form(&self) -> &FormKey {
        &self.form
    }
}

/// The keys of one purpose, of which each holder of a token has their own.
struct HolderKeys {
    key: SecretBytes,
    binding: Binding,
    count: Arc<SealCount>,
}
