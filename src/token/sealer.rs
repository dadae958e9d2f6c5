//! The sealer, which seals session id, secret and witness into a token and opens tokens again.

use std::fmt;
use std::sync::Arc;

use arc_swap::{ArcSwap, Guard};
use rand::TryRng;
use subtle::{Choice, ConstantTimeEq};
use time::OffsetDateTime;
use zeroize::{ZeroizeOnDrop, Zeroizing};

use super::body::{self, Contents};
use super::budget::SealBudget;
use super::error::{SealError, TokenRejected};
use super::form_token::{FormToken, unmasked};
use super::frame::{Frame, RESEND};
use super::key_ring::{KeyId, KeyRing, KeyRingConcern, KeyRingRefused, KeyState, judge};
use super::live_keys::LiveKeys;
use super::randomness::RandomnessError;
use super::sealing_key::Binding;
use super::secret::Secret;
use crate::session::{Device, SessionId, TokenHash, Witness};

/// Session id, secret and witness, sealed: the cookie's value, 140 characters.
///
/// The token alone gives access to the session. So `Debug` shows nothing of it, it has no `Display` and no
/// `Serialize`, and it is overwritten when dropped.
pub struct Token(Zeroizing<String>);

impl Token {
    /// The cookie's value. Only a `Set-Cookie` header may hold it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl ZeroizeOnDrop for Token {}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

/// Mints tokens with the primary key of a ring, and opens a token with the key that it names.
///
/// A token is bound to the cookie's name and to the audience (the application or the tenant). It is
/// authenticated before anything in it is used, so a forged token costs no database query.
///
/// ```
/// use rand::rngs::SysRng;
/// use session_ledger::session::{SessionId, SessionState};
/// use session_ledger::internals::{Sealer, Secret, Witness};
/// use session_ledger::token::{KeyRing, KeyState};
///
/// let ring = KeyRing::generate_entry(KeyState::Primary, &mut SysRng)?;
/// let sealer = Sealer::new(KeyRing::parse(&ring)?, "__Host-session", "shop.example");
///
/// let id = SessionId::from_bytes([7; 16]);
/// let secret = Secret::generate(&mut SysRng)?;
/// let witness = Witness::of(&SessionState::default(), 1);
/// let token = sealer.mint(id, &secret, witness, &mut SysRng)?;
///
/// let shown = sealer.open(token.expose().as_bytes())?;
/// assert_eq!((shown.session, shown.witness), (id, witness));
/// assert!(shown.secret.hash().matches(&secret.hash()));
///
/// let elsewhere = Sealer::new(KeyRing::parse(&ring)?, "__Host-session", "blog.example");
/// assert!(elsewhere.open(token.expose().as_bytes()).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Sealer {
    binding: Binding,
    budget: SealBudget,
    keys: ArcSwap<LiveKeys>,
}

/// What became of a key ring that was to take the place of another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reloaded {
    /// It has the same keys in the same states.
    Unchanged,
    /// It seals and opens from now on.
    Taken(Vec<KeyRingConcern>),
}

/// Seals of a key that are to be recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SealsToRecord {
    /// The key.
    pub key_id: KeyId,
    /// How many.
    pub seals: u64,
}

impl Sealer {
    /// A sealer for tokens in the cookie `cookie_name`, meant for `audience`.
    pub fn new(ring: KeyRing, cookie_name: &str, audience: &str) -> Self {
        Self::with_budget(ring, cookie_name, audience, SealBudget::ALONE)
    }

    /// The same sealer, whose seals the caller records: see [`to_record`](Self::to_record).
    #[must_use]
    pub fn recorded(self) -> Self {
        Self { budget: SealBudget::RECORDED, ..self }
    }

    fn with_budget(ring: KeyRing, cookie_name: &str, audience: &str, budget: SealBudget) -> Self {
        let binding = Binding { cookie_name: cookie_name.to_owned(), audience: audience.to_owned() };
        let keys = ArcSwap::from_pointee(LiveKeys::new(&ring, &binding, None));
        Self { binding, budget, keys }
    }

    /// A new token for the session `id`, proved by `secret`. Two tokens are never the same.
    ///
    /// # Errors
    /// When the generator fails, or the primary key has sealed as often as it may.
    pub fn mint(
        &self,
        id: SessionId,
        secret: &Secret,
        witness: Witness,
        rng: &mut impl TryRng,
    ) -> Result<Token, SealError> {
        let body = body::token(id, secret, witness);
        let frame = self.keys().sealing()?.cookie().seal(body, self.budget, rng)?;
        Ok(Token(frame.to_text()))
    }

    /// Opens `value`, a cookie's value as it arrived.
    ///
    /// # Errors
    /// When `value` is not a token of this sealer. The error does not tell why.
    pub fn open(&self, value: &[u8]) -> Result<Contents, TokenRejected> {
        let frame = Frame::from_text(value).ok_or(TokenRejected)?;
        let body = self.keys().opening(frame.key_id).ok_or(TokenRejected)?.cookie().open(frame)?;
        Contents::read(&body).ok_or(TokenRejected)
    }

    /// Seals the secret of an offered token for the session's row (81 bytes), so that the token can be minted
    /// again until a browser shows it. It opens with the key ring and `held`, the secret of the token that
    /// the browser holds: a copy of the row and all keys yield no cookie.
    ///
    /// # Errors
    /// When the generator fails, or the primary key has sealed as often as it may.
    pub fn seal_resend(
        &self,
        id: SessionId,
        secret: &Secret,
        held: &Secret,
        rng: &mut impl TryRng,
    ) -> Result<Vec<u8>, SealError> {
        let key = self.keys().sealing()?.resend(held).ok_or(SealError::TooLong)?;
        key.seal(body::resend(id, secret), self.budget, rng).map(|frame| frame.to_bytes())
    }

    /// The secret that [`seal_resend`](Self::seal_resend) sealed for the session `id` and the holder of
    /// `held`.
    ///
    /// # Errors
    /// When `sealed` has other bytes than were sealed, or was sealed for another session or holder.
    pub fn open_resend(&self, id: SessionId, sealed: &[u8], held: &Secret) -> Result<Secret, TokenRejected> {
        let frame = Frame::<RESEND>::from_bytes(sealed).ok_or(TokenRejected)?;
        let key = self.keys().opening(frame.key_id).and_then(|key| key.resend(held)).ok_or(TokenRejected)?;
        let (sealed_for, secret) = body::proof_of(&*key.open(frame)?).ok_or(TokenRejected)?;
        (sealed_for == id).then_some(secret).ok_or(TokenRejected)
    }

    /// A device cookie's value, 140 characters. It opens no session, and no session's token is one.
    ///
    /// # Errors
    /// When the generator fails, or the primary key has sealed as often as it may.
    pub fn mint_device(&self, device: &Device, rng: &mut impl TryRng) -> Result<Token, SealError> {
        let frame = self.keys().sealing()?.device().seal(body::device(device), self.budget, rng)?;
        Ok(Token(frame.to_text()))
    }

    /// Opens `value`, a device cookie's value as it arrived.
    ///
    /// # Errors
    /// When `value` is not a device cookie of this sealer.
    pub fn open_device(&self, value: &[u8]) -> Result<Device, TokenRejected> {
        let frame = Frame::from_text(value).ok_or(TokenRejected)?;
        let body = self.keys().opening(frame.key_id).ok_or(TokenRejected)?.device().open(frame)?;
        Device::from_bytes(&body).ok_or(TokenRejected)
    }

    /// A token for the forms of the session `id`, bound to the cookie's token of this hash. None only if no
    /// proof can be made.
    ///
    /// # Errors
    /// When the generator fails.
    pub fn form_token(
        &self,
        id: SessionId,
        hash: TokenHash,
        rng: &mut impl TryRng,
    ) -> Result<Option<FormToken>, RandomnessError> {
        let proof = self.keys().primary().form().proof(id, hash);
        proof.map(|proof| FormToken::masked(&proof, rng)).transpose()
    }

    /// Whether `text` is a token for forms of the session `id`, bound to one of these hashes. Each key that
    /// may open tokens is tried, and all comparisons are made whatever they find.
    pub fn knows_form_token(&self, text: &[u8], id: SessionId, hashes: &[TokenHash]) -> bool {
        let Some(shown) = unmasked(text) else { return false };
        let keys = self.keys();
        let proofs = keys.all_opening().flat_map(|key| hashes.iter().map(|hash| key.form().proof(id, *hash)));
        let found = proofs.flatten().fold(Choice::from(0), |found, proof| found | proof.ct_eq(&*shown));
        found.into()
    }

    /// Uses `ring` from now on. A token that is being opened at this moment meets either the old ring or the
    /// new one.
    ///
    /// # Errors
    /// The ring may not take the place of the present one, which stays.
    pub fn reload(&self, ring: &KeyRing) -> Result<Reloaded, KeyRingRefused> {
        loop {
            let present = self.keys.load_full();
            if present.are_those_of(ring) {
                return Ok(Reloaded::Unchanged);
            }
            let concerns = judge(ring, present.primary().id(), |key| Some(present.find(key.id)?.is(key)))?;
            let next = Arc::new(LiveKeys::new(ring, &self.binding, Some(&present)));
            let before = self.keys.compare_and_swap(&present, next);
            if Arc::ptr_eq(&before, &present) {
                return Ok(Reloaded::Taken(concerns));
            }
        }
    }

    /// Whether some key has a time after which it opens nothing, so that the caller must tell the time: see
    /// [`heed`](Self::heed).
    pub fn has_ends(&self) -> bool {
        self.keys().have_ends()
    }

    /// Lets the keys whose time is over at `now` seal and open nothing. Returns those of which that is news.
    /// A clock that goes back makes them open again.
    pub fn heed(&self, now: OffsetDateTime) -> Vec<KeyId> {
        self.keys().heed(now)
    }

    /// The ids and states of the keys that open tokens, the primary one first.
    pub fn states(&self) -> Vec<(KeyId, KeyState)> {
        self.keys().states().collect()
    }

    fn keys(&self) -> Guard<Arc<LiveKeys>> {
        self.keys.load()
    }
}

/// The record of seals.
impl Sealer {
    /// The seals that the caller should record now, ahead of them, if it is time to. It must tell how that
    /// went: [`record`](Self::record). Asked after each seal, it says so rarely.
    pub fn to_record(&self) -> Option<SealsToRecord> {
        let keys = self.keys();
        let primary = keys.primary();
        let seals = primary.cookie().count().to_record()?;
        Some(SealsToRecord { key_id: primary.id(), seals })
    }

    /// How recording went: `all` is how many seals of the key are recorded in all processes, none if no more
    /// may be; an error if nobody knows, so that the next seal asks again.
    pub fn record<E>(&self, SealsToRecord { key_id, seals }: SealsToRecord, all: &Result<Option<u64>, E>) {
        let keys = self.keys();
        let Some(key) = keys.find(key_id) else { return };
        let count = key.cookie().count();
        match all {
            Ok(Some(all)) => count.record(seals, *all, self.budget, key_id),
            Ok(None) => count.spend(),
            Err(_) => count.record_failed(),
        }
    }
}

/// Whether these bytes have the form of those that [`Sealer::seal_resend`] makes. Without the key that is all
/// there is to be seen.
pub(crate) fn is_resend(sealed: &[u8]) -> bool {
    Frame::<RESEND>::from_bytes(sealed).is_some()
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Binding { cookie_name, audience } = &self.binding;
        let keys = self.states();
        let mut sealer = f.debug_struct("Sealer");
        sealer.field("cookie_name", cookie_name).field("audience", audience).field("keys", &keys).finish()
    }
}

#[cfg(test)]
mod tests;
