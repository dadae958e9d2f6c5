//! Superseded tokens and the time of a renewal as the session's row stores them, for `#[serde(with)]`.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::OffsetDateTime;

use super::microseconds::{from_microseconds, microseconds};
use super::{Superseded, TokenHash};

/// A superseded token in the stored layout.
#[derive(Serialize, Deserialize)]
struct Stored {
    token_hash: TokenHash,
    /// In microseconds since 1970.
    until: i64,
    accepted: bool,
}

/// Writes a field of superseded tokens.
pub(super) fn serialize<S: Serializer>(tokens: &[Superseded], serializer: S) -> Result<S::Ok, S::Error> {
    let stored = |old: &Superseded| {
        let Superseded { token_hash, until, accepted } = *old;
        Stored { token_hash, until: microseconds(until), accepted }
    };
    tokens.iter().map(stored).collect::<Vec<_>>().serialize(serializer)
}

/// Reads a field of superseded tokens.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Superseded>, D::Error> {
    let read = |Stored { token_hash, until, accepted }| {
        let until = from_microseconds(until);
        Superseded { token_hash, until, accepted }
    };
    Ok(Vec::<Stored>::deserialize(deserializer)?.into_iter().map(read).collect())
}

/// A time that may be missing.
pub(super) mod moment {
    use super::*;

    /// Writes a field of a time.
    pub(in crate::session) fn serialize<S: Serializer>(
        at: &Option<OffsetDateTime>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        at.map(microseconds).serialize(serializer)
    }

    /// Reads a field of a time.
    pub(in crate::session) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<OffsetDateTime>, D::Error> {
        Ok(Option::<i64>::deserialize(deserializer)?.map(from_microseconds))
    }
}
