//! Reading postcard bytes strictly: to their end, up to a size, and in the one encoding that a value has.
//!
//! Postcard alone would accept trailing bytes, and a number in more bytes than it needs.

use crate::plain_debug::plain_debug;
use postcard::ser_flavors::Flavor;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The most bytes that a session may hold, encoded: 64 KiB.
pub const STATE_BYTES_MAX: usize = 64 * 1024;

/// The most bytes of one event's payload: a whole session and some room for names.
const PAYLOAD_BYTES_MAX: usize = STATE_BYTES_MAX + 8 * 1024;

/// Stored bytes that cannot be read.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The bytes do not fit their kind and shape.
    #[error("{what} of shape {shape} does not decode: the stored bytes are damaged")]
    Malformed {
        /// The kind of the event, or `session state`.
        what: String,
        /// The layout number that stands beside the bytes.
        shape: i16,
    },
    /// More bytes than any version writes.
    #[error("{what} has {bytes} bytes, more than the {max} that a session may hold")]
    TooLarge {
        /// The kind of the event, or `session state`.
        what: String,
        /// How many bytes there are.
        bytes: usize,
        /// How many there may be.
        max: usize,
    },
    /// A session state of a layout that this version does not know.
    #[error(
        "session state has shape {shape}, which this version does not know: run the version that wrote it, or \
         `projector rebuild` to derive the state again from the log"
    )]
    UnknownStateShape {
        /// The layout number found.
        shape: u8,
    },
}

plain_debug!(DecodeError);

/// Reads `bytes`, which must be of exactly one value and have a size that some version writes.
pub(super) fn strict<T: DeserializeOwned>(what: &str, shape: i16, bytes: &[u8]) -> Result<T, DecodeError> {
    if bytes.len() > PAYLOAD_BYTES_MAX {
        return Err(DecodeError::TooLarge {
            what: what.to_owned(),
            bytes: bytes.len(),
            max: PAYLOAD_BYTES_MAX,
        });
    }
    whole(bytes).ok_or_else(|| DecodeError::Malformed { what: what.to_owned(), shape })
}

/// Reads `bytes` as [`strict`] does, and refuses a second encoding of the same value. So an event that was
/// edited into other bytes of the same meaning does not read as if nothing had happened.
pub(super) fn canonical<T: Serialize + DeserializeOwned>(
    what: &str,
    shape: i16,
    bytes: &[u8],
) -> Result<T, DecodeError> {
    let value = strict(what, shape, bytes)?;
    if encodes_to(&value, bytes) {
        Ok(value)
    } else {
        Err(DecodeError::Malformed { what: what.to_owned(), shape })
    }
}

/// Reads `bytes` to their end, or not at all.
pub(super) fn whole<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    match postcard::take_from_bytes(bytes) {
        Ok((value, [])) => Some(value),
        _ => None,
    }
}

/// Whether postcard writes exactly `bytes` for `value`.
pub(super) fn encodes_to(value: &impl Serialize, bytes: &[u8]) -> bool {
    postcard::serialize_with_flavor(value, Comparison { rest: bytes }).unwrap_or(false)
}

/// Takes the place of a buffer: compares each byte that is written with the stored one, and keeps no copy.
struct Comparison<'a> {
    /// The bytes that are yet to be written.
    rest: &'a [u8],
}

impl Flavor for Comparison<'_> {
    /// Whether all bytes were written.
    type Output = bool;

    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.try_extend(&[byte])
    }

    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        self.rest = self.rest.strip_prefix(bytes).ok_or(postcard::Error::SerializeBufferFull)?;
        Ok(())
    }

    fn finalize(self) -> postcard::Result<bool> {
        Ok(self.rest.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::encodes_to;

    #[test]
    fn bytes_are_compared_to_their_end() {
        let value = (300_u16, "größe");
        let bytes = postcard::to_allocvec(&value).unwrap();
        assert!(encodes_to(&value, &bytes));
        assert!(!encodes_to(&value, &bytes[..bytes.len() - 1]));
        assert!(!encodes_to(&value, &[&bytes[..], &[0]].concat()));
        assert!(!encodes_to(&(301_u16, "größe"), &bytes));
    }
}
