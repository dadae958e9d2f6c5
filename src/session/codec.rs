//! Facts to bytes and back, in postcard.
//!
//! Postcard is not self-describing, so the kind and the shape number stand beside the payload. Reading is
//! strict, see `strict.rs`. An event has one encoding only.
//!
//! A kind or shape that this version does not know is read as [`Event::Unknown`], never refused: a newer
//! version of the application may run beside this one.

use serde::Serialize;

use super::older_content::{ContentShape1, ContentShape2, ContentShape3, ContentShape4, ContentShape5};
use super::strict::{canonical, strict};
use super::upcast::{is_older, upcast};
use super::{Content, DecodeError, Encoded, Event};

/// Room for most payloads, so that the buffer need not grow.
const USUAL_BYTES: usize = 256;

/// The layout number of the projection's `state` column: its first byte.
const CONTENT_SHAPE: u8 = 6;

/// The name of the `state` column's content in errors.
const STATE: &str = "session state";

/// The one table of kinds: wire name, shape that is written, variant. Once released, a line is changed only
/// by counting its shape up, with a decoder for the old one (see CONTRIBUTING.md).
macro_rules! kinds {
    ($($kind:literal, $shape:literal => $variant:ident;)*) => {
        impl Event {
            /// The name by which the event is stored, the same for ever.
            pub fn kind(&self) -> &str {
                match self {
                    $(Self::$variant(_) => $kind,)*
                    Self::Unknown(encoded) => encoded.kind(),
                }
            }

            /// The layout number of the payload.
            pub fn shape(&self) -> i16 {
                match self {
                    $(Self::$variant(_) => $shape,)*
                    Self::Unknown(encoded) => encoded.shape(),
                }
            }

            /// The event as it is stored.
            pub fn encode(&self) -> Encoded {
                match self {
                    $(Self::$variant(fact) => Encoded::new($kind, $shape, encode(fact)),)*
                    Self::Unknown(encoded) => encoded.clone(),
                }
            }
        }

        impl Encoded {
            /// The event that was stored. A kind or shape that this version does not know gives
            /// [`Event::Unknown`].
            ///
            /// # Errors
            ///
            /// The payload of a known kind and shape does not decode, or is larger than any version writes.
            pub fn decode(&self) -> Result<Event, DecodeError> {
                match (self.kind(), self.shape()) {
                    $(($kind, $shape) => canonical($kind, $shape, self.payload()).map(Event::$variant),)*
                    _ => upcast(self).unwrap_or_else(|| Ok(Event::Unknown(self.clone()))),
                }
            }

            /// Whether this version knows the kind in this shape. Of no other can it decode the payload.
            pub fn is_known(&self) -> bool {
                matches!((self.kind(), self.shape()), $(($kind, $shape))|*) || is_older(self)
            }

            /// An event as the log returns it. The names of known kinds are not copied.
            pub(crate) fn stored(kind: &str, shape: i16, payload: &[u8]) -> Self {
                match kind {
                    $($kind => Self::new($kind, shape, payload),)*
                    _ => Self::new(kind.to_owned(), shape, payload),
                }
            }
        }
    };
}

kinds! {
    "started", 1 => Started;
    "logged_in", 2 => LoggedIn;
    "reauthenticated", 2 => Reauthenticated;
    "value_set", 2 => ValueSet;
    "value_removed", 1 => ValueRemoved;
    "cleared", 1 => Cleared;
    "flash_added", 2 => FlashAdded;
    "flash_taken", 1 => FlashTaken;
    "settings_changed", 2 => SettingsChanged;
    "renewal_offered", 1 => RenewalOffered;
    "renewed", 1 => Renewed;
    "impersonation_started", 2 => ImpersonationStarted;
    "impersonation_ended", 1 => ImpersonationEnded;
    "client_changed", 2 => ClientChanged;
    "device_seen", 1 => DeviceSeen;
    "factor_changed", 1 => FactorChanged;
    "grant_given", 1 => GrantGiven;
    "grant_taken", 1 => GrantTaken;
    "noted", 2 => Noted;
    "ended", 2 => Ended;
}

impl Content {
    /// The bytes of the projection's `state` column.
    #[doc(hidden)]
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
    #[doc(hidden)]
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        match bytes.split_first() {
            Some((&CONTENT_SHAPE, rest)) => strict(STATE, CONTENT_SHAPE.into(), rest),
            Some((&5, rest)) => strict::<ContentShape5>(STATE, 5, rest).map(Self::from),
            Some((&4, rest)) => strict::<ContentShape4>(STATE, 4, rest).map(Self::from),
            Some((&3, rest)) => strict::<ContentShape3>(STATE, 3, rest).map(Self::from),
            Some((&2, rest)) => strict::<ContentShape2>(STATE, 2, rest).map(Self::from),
            Some((&1, rest)) => strict::<ContentShape1>(STATE, 1, rest).map(Self::from),
            Some((&shape, _)) => Err(DecodeError::UnknownStateShape { shape }),
            None => Err(DecodeError::Malformed { what: STATE.into(), shape: 0 }),
        }
    }

    /// The `state` column of a row that an older version wrote, as this version writes it; none for other
    /// bytes.
    pub(crate) fn in_todays_shape(bytes: &[u8]) -> Option<Vec<u8>> {
        let is_older = bytes.first().is_some_and(|shape| *shape < CONTENT_SHAPE);
        Self::decode(bytes).ok().filter(|_| is_older).map(|content| content.encode())
    }
}

/// Encoding to memory fails only for types that postcard cannot write (maps of unknown length, say). The
/// library's own payloads are none of these: the round-trip tests show it for every kind.
fn encode(fact: &impl Serialize) -> Vec<u8> {
    append(Vec::with_capacity(USUAL_BYTES), fact)
}

fn append(bytes: Vec<u8>, fact: &impl Serialize) -> Vec<u8> {
    postcard::to_extend(fact, bytes).unwrap_or_default()
}
