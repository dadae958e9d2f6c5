//! A token's witness of the moment at which it was minted.

use super::{ChainHash, SessionState};

/// The state of database and session when a token was minted. It is sealed in the token, so a browser carries
/// it past a restore of the database, and shows that the database went back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Witness {
    /// The database's epoch. `projector epoch raise` counts it up after a restore.
    epoch: u16,
    /// The session's version.
    version: u64,
    /// The first bytes of the chain hash up to that version.
    head: [u8; HEAD],
}

/// How many bytes of the chain hash a witness has. Nobody chooses both histories, so 128 bits tell any two
/// apart.
const HEAD: usize = 16;

/// The greatest version that a witness can name: 48 bits. A later one is named by it.
const VERSION_MAX: u64 = (1 << 48) - 1;

/// What a witness says of a session as it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Testimony {
    /// The session has reached the witness's version. Whether it took the same way is in the log.
    Fits,
    /// The database has gone back to a time before the token was minted.
    Ahead,
    /// The epoch was raised after the token was minted.
    OfEarlierEpoch,
}

impl Witness {
    /// The length of a witness in bytes.
    pub const BYTES: usize = 2 + 6 + HEAD;

    /// The witness of `state` in this epoch.
    pub fn of(state: &SessionState, epoch: u16) -> Self {
        let version = u64::try_from(state.version).unwrap_or_default().min(VERSION_MAX);
        Self { epoch, version, head: first_bytes(&state.head) }
    }

    /// Epoch (2 bytes), version (6), both big-endian, and the start of the chain hash (16).
    pub fn to_bytes(self) -> [u8; Self::BYTES] {
        let numbers = u64::from(self.epoch) << 48 | self.version;
        let mut bytes = [0; Self::BYTES];
        let (first, rest) = bytes.split_at_mut(8);
        first.copy_from_slice(&numbers.to_be_bytes());
        rest.copy_from_slice(&self.head);
        bytes
    }

    /// Reads what [`to_bytes`](Self::to_bytes) has made.
    pub fn from_bytes(bytes: [u8; Self::BYTES]) -> Self {
        let [e0, e1, v0, v1, v2, v3, v4, v5, head @ ..] = bytes;
        let version = u64::from_be_bytes([0, 0, v0, v1, v2, v3, v4, v5]);
        Self { epoch: u16::from_be_bytes([e0, e1]), version, head }
    }

    /// The version at which the log can tell whether it ever knew the moment of the witness.
    pub(crate) fn version(&self) -> i64 {
        i64::try_from(self.version).unwrap_or(i64::MAX)
    }

    /// Whether the event of that version has this hash.
    pub(crate) fn is_of(&self, hash: &ChainHash) -> bool {
        self.head == first_bytes(hash)
    }

    /// Compares the witness with the session as it is stored, in the present epoch.
    pub(crate) fn testify(&self, state: &SessionState, epoch: u16) -> Testimony {
        let version = self.version();
        let is_other = version == state.version && !self.is_of(&state.head);
        if self.epoch > epoch || version > state.version || is_other {
            Testimony::Ahead
        } else if self.epoch < epoch {
            Testimony::OfEarlierEpoch
        } else {
            Testimony::Fits
        }
    }
}

fn first_bytes(hash: &ChainHash) -> [u8; HEAD] {
    let mut head = [0; HEAD];
    head.copy_from_slice(&hash.as_bytes()[..HEAD]);
    head
}
