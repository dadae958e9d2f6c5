//! Bytes to facts and back: postcard, read strictly.
//!
//! Postcard is not self-describing, so the kind and the shape number stand beside the payload. Reading is
//! strict: the whole input must be consumed, an event has one encoding only, and no input over
//! [`PAYLOAD_BYTES_MAX`] is looked at.
//!
//! A kind or shape that this version does not know is read as [`Event::Unknown`], never refused: a newer
//! version of the application may run beside this one.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Content, Event, Unknown};

/// The most bytes that a session may hold, encoded: 64 KiB.
pub const STATE_BYTES_MAX: usize = 64 * 1024;

/// The most bytes of one event's payload: a whole session and some room for names.
const PAYLOAD_BYTES_MAX: usize = STATE_BYTES_MAX + 4 * 1024;

/// Room for what is encoded most of the time, so that it need not move as it grows.
const USUAL_BYTES: usize = 256;

/// The layout number of the projection's `state` column: its first byte.
const CONTENT_SHAPE: u8 = 1;

/// Stored bytes that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The bytes are not what the kind and shape promise.
    #[error("{what} of shape {shape} does not decode: the stored bytes are damaged")]
    Malformed {
        /// What was being read: an event kind, or `session state`.
        what: String,
        /// The layout number that stands beside the bytes.
        shape: i16,
    },
    /// More bytes than any version writes.
    #[error("{what} has {bytes} bytes, more than the {max} that a session may hold")]
    TooLarge {
        /// What was being read.
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

/// The one table of kinds: wire name, shape that is written, variant. Once released, a line is changed only by
/// counting its shape up, with a decoder for the old one (see CONTRIBUTING.md).
macro_rules! kinds {
    ($($kind:literal, $shape:literal => $variant:ident;)*) => {
        impl Event {
            /// The name by which the event is stored, the same for ever.
            pub fn kind(&self) -> &str {
                match self {
                    $(Self::$variant(_) => $kind,)*
                    Self::Unknown(unknown) => &unknown.kind,
                }
            }

            /// The layout number of the payload.
            pub fn shape(&self) -> i16 {
                match self {
                    $(Self::$variant(_) => $shape,)*
                    Self::Unknown(unknown) => unknown.shape,
                }
            }

            /// The payload as it is stored.
            pub fn payload(&self) -> Vec<u8> {
                match self {
                    $(Self::$variant(fact) => encode(fact),)*
                    Self::Unknown(unknown) => unknown.payload.clone(),
                }
            }

            /// Reads an event as it was stored.
            ///
            /// # Errors
            ///
            /// The payload of a known kind and shape does not decode, or is larger than any version writes.
            pub fn decode(kind: &str, shape: i16, payload: &[u8]) -> Result<Self, DecodeError> {
                match (kind, shape) {
                    $(($kind, $shape) => canonical(kind, shape, payload).map(Self::$variant),)*
                    _ => Ok(Self::Unknown(Unknown { kind: kind.to_owned(), shape, payload: payload.to_vec() })),
                }
            }
        }
    };
}

kinds! {
    "started", 1 => Started;
    "logged_in", 1 => LoggedIn;
    "reauthenticated", 1 => Reauthenticated;
    "value_set", 1 => ValueSet;
    "value_removed", 1 => ValueRemoved;
    "cleared", 1 => Cleared;
    "flash_added", 1 => FlashAdded;
    "flash_taken", 1 => FlashTaken;
    "settings_changed", 1 => SettingsChanged;
    "renewal_offered", 1 => RenewalOffered;
    "renewed", 1 => Renewed;
    "impersonation_started", 1 => ImpersonationStarted;
    "impersonation_ended", 1 => ImpersonationEnded;
    "noted", 1 => Noted;
    "ended", 1 => Ended;
}

impl Content {
    /// The bytes of the projection's `state` column.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(USUAL_BYTES);
        bytes.push(CONTENT_SHAPE);
        append(bytes, self)
    }

    /// Reads the projection's `state` column.
    ///
    /// # Errors
    ///
    /// The bytes do not decode, or are of a layout that this version does not know. Never an empty session.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        match bytes.split_first() {
            Some((&CONTENT_SHAPE, rest)) => strict("session state", CONTENT_SHAPE.into(), rest),
            Some((&shape, _)) => Err(DecodeError::UnknownStateShape { shape }),
            None => Err(DecodeError::Malformed { what: "session state".into(), shape: 0 }),
        }
    }
}

/// Encoding to memory fails only for types that postcard cannot write (maps of unknown length, say); the
/// library's own payloads are none of these, which the round-trip tests show for every kind.
pub(super) fn encode(fact: &impl Serialize) -> Vec<u8> {
    append(Vec::with_capacity(USUAL_BYTES), fact)
}

fn append(bytes: Vec<u8>, fact: &impl Serialize) -> Vec<u8> {
    postcard::to_extend(fact, bytes).unwrap_or_default()
}

/// [`strict`], and the bytes are the only ones that the fact has: postcard alone would accept a number in
/// more bytes than it needs. The chain is computed from what was read, so without this an edited payload
/// of the same meaning would pass unseen.
fn canonical<T: Serialize + DeserializeOwned>(
    what: &str,
    shape: i16,
    bytes: &[u8],
) -> Result<T, DecodeError> {
    let fact = strict(what, shape, bytes)?;
    if encode(&fact) == bytes {
        Ok(fact)
    } else {
        Err(DecodeError::Malformed { what: what.to_owned(), shape })
    }
}

fn strict<T: DeserializeOwned>(what: &str, shape: i16, bytes: &[u8]) -> Result<T, DecodeError> {
    if bytes.len() > PAYLOAD_BYTES_MAX {
        return Err(DecodeError::TooLarge {
            what: what.to_owned(),
            bytes: bytes.len(),
            max: PAYLOAD_BYTES_MAX,
        });
    }
    whole(bytes).ok_or_else(|| DecodeError::Malformed { what: what.to_owned(), shape })
}

/// Reads `bytes` to their end, or not at all: postcard alone would accept trailing bytes.
pub(super) fn whole<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    match postcard::take_from_bytes(bytes) {
        Ok((fact, [])) => Some(fact),
        _ => None,
    }
}
