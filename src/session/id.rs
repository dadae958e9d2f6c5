//! Names of things: a session, an event, and what the database knows of a token.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use time::OffsetDateTime;
use uuid::Uuid;

/// The public name of a session: a UUIDv7, so that ids sort by the time their sessions started.
///
/// Safe to log, to show and to keep in the application's own tables. It stays the same when the token is
/// renewed. It is no secret and grants nothing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SessionId(Uuid);

impl SessionId {
    /// The id of a session that starts at `started`, made unique by `random` (RFC 9562, section 5.7).
    pub fn new(started: OffsetDateTime, random: [u8; 10]) -> Self {
        let milliseconds = started.unix_timestamp_nanos().max(0) / 1_000_000;
        let milliseconds = u64::try_from(milliseconds).unwrap_or(u64::MAX);
        Self(uuid::Builder::from_unix_timestamp_millis(milliseconds, &random).into_uuid())
    }

    /// When the session started, by the clock of the process that named it, in milliseconds.
    pub(crate) fn started_at(&self) -> OffsetDateTime {
        let [a, b, c, d, e, f, ..] = *self.as_bytes();
        let milliseconds = i128::from(u64::from_be_bytes([0, 0, a, b, c, d, e, f]));
        let started = OffsetDateTime::from_unix_timestamp_nanos(milliseconds * 1_000_000);
        started.unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }

    /// The id with these 16 bytes.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }

    /// The 16 bytes of the id.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }

    /// The id as a [`Uuid`], as the database and the application's tables hold it.
    pub const fn as_uuid(&self) -> Uuid {
        self.0
    }
}

impl From<Uuid> for SessionId {
    fn from(uuid: Uuid) -> Self {
        Self(uuid)
    }
}

impl FromStr for SessionId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The name of one event, made by the client and random: the deduplication id for brokers. Unlike a
/// position it survives a failover.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct EventId(Uuid);

impl EventId {
    /// The id made of these random bytes (a UUIDv4).
    pub fn from_random(random: [u8; 16]) -> Self {
        Self(uuid::Builder::from_random_bytes(random).into_uuid())
    }

    /// The id as a [`Uuid`].
    pub const fn as_uuid(&self) -> Uuid {
        self.0
    }
}

impl From<Uuid> for EventId {
    fn from(uuid: Uuid) -> Self {
        Self(uuid)
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// SHA-256 of a session's secret: all that the database knows of a token. The secret has 256 random bits,
/// so a plain hash suffices (OWASP ASVS 6.5.2).
#[derive(Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    /// The hash with these 32 bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes of the hash.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Whether both hashes are the same, found out in constant time (ASVS 11.2.4).
    pub fn matches(&self, other: &Self) -> bool {
        // By words: that takes a tenth of the instructions that it takes by bytes.
        let words = self.words().zip(other.words());
        words.fold(0, |differing, (own, others)| differing | (own ^ others)).ct_eq(&0).into()
    }

    fn words(&self) -> impl Iterator<Item = u64> {
        self.0.as_chunks().0.iter().map(|word| u64::from_ne_bytes(*word))
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&data_encoding::HEXLOWER.encode(&self.0))
    }
}
