//! Time limits as events and the session's row store them.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Timeouts;

/// The time limits of a session in the layout that events store, in whole seconds. `None` means no such
/// limit.
///
/// It has the same fields as [`Timeouts`] for now. A limit that [`Timeouts`] gets later needs a new shape of
/// the events that hold it: the conversions below name every field, so that none can be forgotten.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredTimeouts {
    /// How long the session lives without being used.
    pub idle: Option<u32>,
    /// How long it lives after the last authentication, or after its start.
    pub absolute: Option<u32>,
}

impl From<Timeouts> for StoredTimeouts {
    fn from(timeouts: Timeouts) -> Self {
        let Timeouts { idle, absolute } = timeouts;
        Self { idle, absolute }
    }
}

impl From<StoredTimeouts> for Timeouts {
    fn from(stored: StoredTimeouts) -> Self {
        let StoredTimeouts { idle, absolute } = stored;
        Self { idle, absolute }
    }
}

/// Writes a field of type [`Timeouts`] in the stored layout, for `#[serde(with)]`.
pub(super) fn serialize<S: Serializer>(timeouts: &Timeouts, serializer: S) -> Result<S::Ok, S::Error> {
    StoredTimeouts::from(*timeouts).serialize(serializer)
}

/// Reads a field of type [`Timeouts`] from the stored layout, for `#[serde(with)]`.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timeouts, D::Error> {
    StoredTimeouts::deserialize(deserializer).map(Timeouts::from)
}
