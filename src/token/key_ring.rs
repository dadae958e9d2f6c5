//! The keys that seal and open tokens, and the text in which their owner keeps them.

mod change;
mod error;
mod id;
mod line;
mod not_after;
mod place;
mod state;

use std::fmt;
use std::str::FromStr;

use data_encoding::BASE64URL_NOPAD;
use rand::TryRng;
use zeroize::Zeroizing;

use super::purpose::Purpose;
use super::randomness::{self, RandomnessError};
use super::secret_bytes::SecretBytes;
pub(in crate::token) use change::KeyRingConcern;
pub use change::KeyRingRefused;
pub(super) use change::judge;
pub use error::KeyRingError;
pub use id::KeyId;
use line::KeyLine;
pub use not_after::NotAfter;
pub use place::Place;
pub use state::{KeyState, UnknownKeyState};

/// The keys of an application: exactly one seals tokens, the others only open tokens sealed earlier or
/// elsewhere.
///
/// Written as text, one key a line (or separated by `;`, which fits an environment variable):
///
/// ```text
/// # <state> <key id: 8 hexadecimal digits> <master: 32 bytes as base64url without padding>
/// # and maybe not-after=<time>
/// primary     5f0c21aa 3q2-7wMx...
/// accept-old  19d3b004 q80Ibv1c... not-after=2027-06-30T00:00:00Z
/// ```
///
/// A line may be blank, and a comment goes from `#` to the end of its line. After the time of `not-after`, in
/// the format of RFC 3339, a key seals and opens nothing, by the process's clock and whatever its state is.
///
/// To replace the primary key: add the new key as `accept-only` in every process. Then make it `primary` and
/// the old key `accept-old`. When the tokens of the old key have ended, make it `retired`. An application
/// that follows a [`KeyProvider`](super::KeyProvider) takes each step while it runs, and `projector keys`
/// writes each of them into a [file](crate::environment::KeyFile). A key that somebody else may know is made
/// `retired` at once, beside a new primary one: then everybody whose token it has sealed signs in again.
///
/// The masters are overwritten in memory as soon as the keys for each purpose are derived from them. `Debug`
/// shows ids and states only.
#[doc(alias("CookieKey", "SECRET_KEY", "secret_key"))]
pub struct KeyRing {
    pub(super) primary: RingKey,
    pub(super) others: Vec<RingKey>,
}

impl KeyRing {
    /// Reads the text of a key ring, as [`str::parse`] does.
    ///
    /// # Errors
    /// Names the line and what is wrong with it, and never shows the text of a master.
    pub fn parse(text: &str) -> Result<Self, KeyRingError> {
        text.parse()
    }

    /// The ids and states of the keys, the primary one first.
    pub fn states(&self) -> impl Iterator<Item = (KeyId, KeyState)> {
        self.keys().map(|key| (key.id, key.state))
    }

    /// Those keys that have a time after which they open nothing, and that time.
    pub fn ends(&self) -> impl Iterator<Item = (KeyId, NotAfter)> {
        self.keys().filter_map(|key| Some((key.id, key.not_after?)))
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &RingKey> {
        std::iter::once(&self.primary).chain(&self.others)
    }

    /// A new line for the text of a key ring: `state`, a random key id and a random master.
    ///
    /// # Errors
    /// When the generator fails.
    pub fn generate_entry(state: KeyState, rng: &mut impl TryRng) -> Result<String, RandomnessError> {
        let mut id = [0; KeyId::LENGTH];
        randomness::fill(rng, &mut id)?;
        let master = SecretBytes::written_by(|bytes| randomness::fill(rng, bytes))?;
        let master = Zeroizing::new(BASE64URL_NOPAD.encode(master.expose()));
        Ok(format!("{state} {} {}", KeyId::from_bytes(id), *master))
    }
}

impl FromStr for KeyRing {
    type Err = KeyRingError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut lines: Vec<KeyLine> = Vec::new();
        for (place, text) in places(text) {
            let line = KeyLine::parse(text, place)?;
            lines.iter().try_for_each(|earlier| line.differs_from(earlier))?;
            lines.push(line);
        }
        let (primaries, others): (Vec<_>, Vec<_>) =
            lines.iter().partition(|line| line.state == KeyState::Primary);
        let primary = match primaries[..] {
            [primary] => RingKey::derive(primary)?,
            [] => return Err(KeyRingError::NoPrimary),
            [first, second, ..] => {
                return Err(KeyRingError::TwoPrimaries { first: first.place, second: second.place });
            }
        };
        Ok(Self { primary, others: others.into_iter().map(RingKey::derive).collect::<Result<_, _>>()? })
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyRing ")?;
        f.debug_map().entries(self.keys().map(|key| (key.id, key.state))).finish()
    }
}

/// One key of the ring, as the keys for each purpose that are derived from its master.
pub(super) struct RingKey {
    pub(super) id: KeyId,
    pub(super) state: KeyState,
    pub(super) not_after: Option<NotAfter>,
    cookie: SecretBytes,
    resend: SecretBytes,
    form: SecretBytes,
    device: SecretBytes,
}

impl RingKey {
    fn derive(line: &KeyLine) -> Result<Self, KeyRingError> {
        let key = |purpose: Purpose| {
            purpose.key_of(&line.master).map_err(|_| KeyRingError::Derivation { place: line.place })
        };
        let (cookie, resend, form) = (key(Purpose::Cookie)?, key(Purpose::Resend)?, key(Purpose::Form)?);
        let device = key(Purpose::Device)?;
        let KeyLine { id, state, not_after, .. } = *line;
        Ok(Self { id, state, not_after, cookie, resend, form, device })
    }

    pub(super) fn for_purpose(&self, purpose: Purpose) -> &SecretBytes {
        match purpose {
            Purpose::Cookie => &self.cookie,
            Purpose::Resend => &self.resend,
            Purpose::Form => &self.form,
            Purpose::Device => &self.device,
        }
    }
}

/// The entries in the text of a ring and their places, without comments and blanks.
fn places(text: &str) -> impl Iterator<Item = (Place, &str)> {
    text.lines().enumerate().flat_map(|(line, text)| {
        let text = text.split('#').next().unwrap_or_default();
        let entries = text.split(';').enumerate();
        let placed =
            entries.map(move |(entry, text)| (Place { line: line + 1, entry: entry + 1 }, text.trim()));
        placed.filter(|(_, text)| !text.is_empty())
    })
}
