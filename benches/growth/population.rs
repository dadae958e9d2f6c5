//! Sessions that are known by their numbers.

use rand::RngExt;
use session_ledger::SessionId;
use sha2::{Digest, Sha256};

/// Sessions `first` to `first + count - 1`, which start at even distances. The function `growth.session_id`
/// in the database computes the same ids.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Population {
    /// When session 0 started, in microseconds since 1970.
    pub(crate) start_us: i64,
    /// The microseconds from one start to the next.
    pub(crate) step_us: i64,
    pub(crate) first: i64,
    pub(crate) count: i64,
}

impl Population {
    /// Any of the sessions, with equal chance.
    pub(crate) fn any(&self) -> SessionId {
        self.id(self.first + rand::rng().random_range(0..self.count))
    }

    /// The id of session `n`: a UUIDv7 (RFC 9562) whose random bits are the first of the SHA-256 of `n`.
    pub(crate) fn id(&self, n: i64) -> SessionId {
        let milliseconds = (self.start_us + n * self.step_us) / 1_000;
        let mut bytes = [0; 16];
        bytes[..6].copy_from_slice(&milliseconds.to_be_bytes()[2..]);
        bytes[6..].copy_from_slice(&Sha256::digest(n.to_be_bytes())[..10]);
        bytes[6] = bytes[6] & 0x0f | 0x70;
        bytes[8] = bytes[8] & 0x0f | 0x80;
        SessionId::from_bytes(bytes)
    }
}
