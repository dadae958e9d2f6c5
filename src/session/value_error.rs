//! Values that cannot be kept or read, and what to do about each.

use std::fmt;

use super::Fingerprint;
use crate::plain_debug::plain_debug;

/// A value that cannot be written or read. The session goes on: the value can be set anew or removed, and
/// other keys are read as ever.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ValueError {
    /// The value cannot be encoded.
    #[error(
        "the value for session key `{key}` cannot be encoded: its type is one that {encoding} does not support"
    )]
    Unencodable {
        /// The key's name.
        key: &'static str,
        /// The key's encoding.
        encoding: Encoding,
    },
    /// What was encoded does not decode as the same value. Nothing was kept.
    #[error("the value for session key `{key}` would not come back as it is: {why}")]
    Lossy {
        /// The key's name.
        key: &'static str,
        /// What gets lost, and what to do about it.
        why: Loss,
    },
    /// The stored bytes are not a value of the key's type.
    #[error("the stored value of session key `{key}` (shape {shape}) cannot be read: {why}")]
    Unreadable {
        /// The key's name.
        key: &'static str,
        /// The layout number that stands beside the bytes.
        shape: u16,
        /// Why the bytes cannot be read.
        why: UpcastError,
    },
    /// The value was stored for a type of another layout, under the shape number that the key has today.
    #[error(
        "the stored value of session key `{key}` (shape {shape}) has the layout {stored}, and the key's type has \
         the layout {present}, {layout}: if the type has changed, give the key the next shape number and an \
         upcast that reads shape {shape}; if two types share the name, rename one key"
    )]
    OtherLayout {
        /// The key's name.
        key: &'static str,
        /// The layout number, the same for both.
        shape: u16,
        /// The layout of the type that the value was stored for.
        stored: Fingerprint,
        /// The layout of the key's type.
        present: Fingerprint,
        /// The layout of the key's type in words, cut where it is long.
        layout: String,
    },
    /// The value was stored in another encoding, under the shape number that the key has today.
    #[error(
        "the stored value of session key `{key}` (shape {shape}) is encoded with {stored}, and the key reads \
         {present}: give the key the next shape number and an upcast that reads shape {shape}"
    )]
    OtherEncoding {
        /// The key's name.
        key: &'static str,
        /// The layout number, the same for both.
        shape: u16,
        /// The encoding of the stored bytes.
        stored: Encoding,
        /// The key's encoding.
        present: Encoding,
    },
}

plain_debug!(ValueError);

/// What values are encoded with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Encoding {
    /// [Postcard](https://docs.rs/postcard): small, and not self-describing.
    Postcard,
    /// JSON: it names its fields.
    Json,
}

/// Why a value would not come back as it was.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Loss {
    /// A field was left out.
    #[error(
        "`#[serde(skip_serializing_if)]` has left out its field `{0}`, and postcard cannot say that a field is \
         missing: take the attribute away, or use `Key::json`"
    )]
    SkippedField(&'static str),
    /// The type asks the encoding what comes next.
    #[error(
        "its type has `#[serde(untagged)]`, a tag (`#[serde(tag = \"…\")]`), `#[serde(flatten)]` or a \
         part such as `serde_json::Value`, which postcard cannot read back: use `Key::json`"
    )]
    SelfDescribing,
    /// The encoded value does not decode.
    #[error(
        "{0} does not read what its `Serialize` has written: let `Serialize` and `Deserialize` name the same \
         fields in the same form (`skip_serializing`, `with` and number formats are often the reason)"
    )]
    Undecodable(Encoding),
    /// The encoded value decodes as another.
    #[error(
        "{0} reads another value than was written: let `Serialize` and `Deserialize` name the same fields in the \
         same form (`skip_serializing` and `with` are often the reason)"
    )]
    Changed(Encoding),
}

plain_debug!(Loss);

/// Why an older shape could not be read.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UpcastError {
    /// The bytes are not of the shape they claim.
    #[error(
        "the bytes do not fit the type: it has changed without a new shape number, or the bytes are damaged"
    )]
    Malformed,
    /// The shape is not among those the upcast reads.
    #[error("shape {0} is not known: read it in an `upcast`, or run the version that wrote it")]
    UnknownShape(u16),
}

plain_debug!(UpcastError);

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Postcard => "postcard",
            Self::Json => "JSON",
        })
    }
}
