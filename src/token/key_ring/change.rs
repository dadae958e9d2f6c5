//! Whether a key ring may take the place of another while requests are under way.

use time::OffsetDateTime;

use super::state::KeyState;
use super::{KeyId, KeyRing, NotAfter, RingKey};
use crate::plain_debug::plain_debug;

/// Why a new key ring does not take the place of the present one, which stays.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyRingRefused {
    /// Tokens were sealed with a key until this moment, and would not open from now on.
    #[error(
        "The new key ring lacks the key {key_id}, which seals tokens now, so everybody would be signed out; \
         keep it as accept-old, or as retired if that is what you want."
    )]
    SealingKeyMissing {
        /// The present primary key.
        key_id: KeyId,
    },
    /// A key of the present ring would not open what it has sealed.
    #[error(
        "The new key ring has another master for the key {key_id}, which would not open what it has sealed; \
         give a new master an id of its own, as `projector keys generate` does."
    )]
    OtherMaster {
        /// The key.
        key_id: KeyId,
    },
    /// The key that is to seal would open nothing.
    #[error(
        "The primary key {key_id} of the key ring opens nothing after {not_after}, which is past, so nobody could sign \
         in; make another key primary, or set not-after anew."
    )]
    PrimaryIsOver {
        /// The primary key.
        key_id: KeyId,
        /// Its last moment.
        not_after: NotAfter,
    },
}

plain_debug!(KeyRingRefused);

/// What an operator should know of a key ring that has been taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyRingConcern {
    /// The key seals, though this process did not know it before. Other processes may not know it yet.
    NotDistributed {
        /// The new primary key.
        key_id: KeyId,
    },
    /// The key has sealed until now, and opens nothing from now on.
    Withdrawn {
        /// The former primary key.
        key_id: KeyId,
    },
}

impl std::fmt::Display for KeyRingConcern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotDistributed { key_id } => write!(
                f,
                "the key {key_id} is primary and was not accept-only before: processes that do not have it yet \
                 refuse its tokens"
            ),
            Self::Withdrawn { key_id } => {
                write!(
                    f,
                    "the key {key_id} was primary and is retired: whoever it has signed in signs in again"
                )
            }
        }
    }
}

impl KeyRing {
    /// Makes sure that the primary key seals at the time `now`.
    ///
    /// # Errors
    ///
    /// [`KeyRingRefused::PrimaryIsOver`]: its time is over.
    pub fn check(&self, now: OffsetDateTime) -> Result<(), KeyRingRefused> {
        match self.primary.not_after.filter(|not_after| not_after.is_past(now)) {
            Some(not_after) => Err(KeyRingRefused::PrimaryIsOver { key_id: self.primary.id, not_after }),
            None => Ok(()),
        }
    }
}

/// Whether `next` may take the place of a ring whose primary key is `sealing`. `known` says of a key whether
/// it was live, and if so, whether it has the same master.
pub(in crate::token) fn judge(
    next: &KeyRing,
    sealing: KeyId,
    known: impl Fn(&RingKey) -> Option<bool>,
) -> Result<Vec<KeyRingConcern>, KeyRingRefused> {
    if let Some(key) = next.keys().find(|key| known(key) == Some(false)) {
        return Err(KeyRingRefused::OtherMaster { key_id: key.id });
    }
    let Some(former) = next.keys().find(|key| key.id == sealing) else {
        return Err(KeyRingRefused::SealingKeyMissing { key_id: sealing });
    };
    let withdrawn =
        (former.state == KeyState::Retired).then_some(KeyRingConcern::Withdrawn { key_id: sealing });
    let primary = &next.primary;
    let is_new = known(primary).is_none();
    let undistributed = is_new.then_some(KeyRingConcern::NotDistributed { key_id: primary.id });
    Ok(withdrawn.into_iter().chain(undistributed).collect())
}
