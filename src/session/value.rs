//! An encoded value, as events and the state keep it, and how its bytes are to be read.

use std::fmt;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// An encoded value: its bytes, the number of their layout, and the form that they are in.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Value {
    /// The layout number that the key gave.
    pub shape: u16,
    /// How the bytes are to be read.
    pub form: Form,
    /// The encoded value. Copies of a session share it.
    pub bytes: Bytes,
}

/// How the bytes of a value are to be read. The order of the variants is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Form {
    /// Postcard, of a type whose layout is not said: it cannot be traced, or the value is older than
    /// fingerprints.
    Postcard,
    /// Postcard, of a type with the layout that has this fingerprint.
    PostcardOf(Fingerprint),
    /// JSON, which names its fields.
    Json,
}

/// Four bytes that stand for the layout of a type: the names and types of its fields and variants.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint(pub(super) [u8; 4]);

impl Value {
    /// Postcard bytes of a type whose layout is not said.
    pub fn new(shape: u16, bytes: impl Into<Bytes>) -> Self {
        Self { shape, form: Form::Postcard, bytes: bytes.into() }
    }

    /// Whether the other value says the same: equal bytes of one shape, in forms that do not contradict each
    /// other. So a value that is older than fingerprints is not written again only to be given one.
    pub(super) fn agrees_with(&self, other: &Self) -> bool {
        self.shape == other.shape && self.form.agrees_with(other.form) && self.bytes == other.bytes
    }
}

impl Form {
    /// The bytes that the form takes beside its tag.
    pub(super) fn size(self) -> usize {
        match self {
            Self::Postcard | Self::Json => 0,
            Self::PostcardOf(Fingerprint(bytes)) => bytes.len(),
        }
    }

    fn agrees_with(self, other: Self) -> bool {
        match (self, other) {
            (Self::PostcardOf(one), Self::PostcardOf(other)) => one == other,
            (Self::Json, Self::Json) => true,
            (Self::Json, _) | (_, Self::Json) => false,
            (Self::Postcard, _) | (_, Self::Postcard) => true,
        }
    }
}

/// Shows only the size: a session's values must not get into log files.
impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Value {{ shape: {}, bytes: {} }}", self.shape, self.bytes.len())
    }
}

/// In hexadecimal.
impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", u32::from_be_bytes(self.0))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
