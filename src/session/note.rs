//! Typed notes: the facts that an application adds to a session's history.

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::event::Noted;
use super::value::Value;
use super::value_error::{Loss, UpcastError, ValueError};
use super::{Encoding, Key};
use crate::plain_debug::plain_debug;

/// The name and type of a fact of the application's own: what happened, in its words.
///
/// A note changes nothing in its session. It stands in the history, in the transaction of whatever else its
/// request has done, and the relay carries it.
///
/// ```
/// use serde::{Deserialize, Serialize};
/// use session_ledger::Note;
///
/// #[derive(Serialize, Deserialize)]
/// struct Export {
///     rows: u32,
///     format: String,
/// }
///
/// const EXPORTED: Note<Export> = Note::new("export_downloaded");
/// # let value = EXPORTED.encode(&Export { rows: 7, format: "csv".into() }).unwrap();
/// # assert_eq!(value.bytes, br#"{"rows":7,"format":"csv"}"#[..]);
/// ```
///
/// # What may be in it
///
/// A fact is kept in JSON, for ever, and everybody who reads the history reads it: auditors, followers of the
/// feed, whoever gets an export. They lack the application's types, so nothing else would tell them anything.
/// So a secret does not belong into a note: no password, no token, no key. Personal data only as far as the
/// history may hold it.
///
/// # When the type changes
///
/// As with a [`Key`], a change of the type needs the next shape number, and an upcast that reads the older
/// shapes. Fields that are added with `#[serde(default)]` need neither.
///
/// ```
/// # use serde::{Deserialize, Serialize};
/// # use session_ledger::Note;
/// # use session_ledger::session::Noted;
/// #[derive(Serialize, Deserialize)]
/// struct Export {
///     rows: u64,
/// }
///
/// // Shape 1 was a bare text.
/// const EXPORTED: Note<Export> = Note::new("export_downloaded").shape(2).upcast(|shape, json| match shape {
///     1 => Ok(Export { rows: Note::<String>::read(json)?.len() as u64 }),
///     other => Err(Note::<Export>::unknown(other)),
/// });
/// # let old = Noted::of_text("export_downloaded", "abc");
/// # assert!(matches!(EXPORTED.decode(&old), Ok(Some(Export { rows: 3 }))));
/// ```
pub struct Note<T> {
    /// The mechanism is that of a key: one encoding for each fact, held by a round trip.
    key: Key<T>,
}

impl<T> Note<T> {
    /// The most bytes that a note may take with its name, in JSON: 16 KiB.
    pub const BYTES_MAX: usize = super::decide::NOTE_BYTES_MAX;

    /// A note of shape 1.
    pub const fn new(name: &'static str) -> Self {
        Self { key: Key::json(name) }
    }

    /// The same note with facts of another layout number.
    #[must_use]
    pub const fn shape(self, shape: u16) -> Self {
        Self { key: self.key.shape(shape) }
    }

    /// The same note, reading facts of other shapes through `upcast`, which is given their JSON.
    #[must_use]
    pub const fn upcast(self, upcast: fn(u16, &[u8]) -> Result<T, UpcastError>) -> Self {
        Self { key: self.key.upcast(upcast) }
    }

    /// The name under which the fact is stored.
    pub const fn name(&self) -> &'static str {
        self.key.name()
    }

    /// The error for a shape that an upcast does not read.
    pub const fn unknown(shape: u16) -> UpcastError {
        UpcastError::UnknownShape(shape)
    }
}

impl<T: DeserializeOwned> Note<T> {
    /// Reads the JSON of a `T`. For use in an [`upcast`](Self::upcast).
    ///
    /// # Errors
    ///
    /// The bytes are not the JSON of a `T`.
    pub fn read(json: &[u8]) -> Result<T, UpcastError> {
        Key::read_json(json)
    }
}

impl<T: DeserializeOwned + 'static> Note<T> {
    /// The fact that an event holds; none if that is a note of another name.
    ///
    /// # Errors
    ///
    /// The JSON is not that of a `T`, or of a shape that is not read.
    pub fn decode(&self, noted: &Noted) -> Result<Option<T>, NoteError> {
        if noted.name != self.name() {
            return Ok(None);
        }
        self.key.decode(&noted.value).map(Some).map_err(|error| self.error(error))
    }
}

impl<T: Serialize + DeserializeOwned + 'static> Note<T> {
    /// The fact as it is stored.
    ///
    /// # Errors
    ///
    /// The fact has no JSON, or would not come back from it as it is.
    pub fn encode(&self, fact: &T) -> Result<Value, NoteError> {
        self.key.encode(fact).map_err(|error| self.error(error))
    }
}

impl<T> Note<T> {
    fn error(&self, error: ValueError) -> NoteError {
        let note = self.name();
        match error {
            ValueError::Unencodable { .. } => NoteError::Unencodable { note },
            ValueError::Lossy { why, .. } => NoteError::Lossy { note, why },
            ValueError::Unreadable { shape, why, .. } => NoteError::Unreadable { note, shape, why },
            ValueError::OtherLayout { shape, .. } | ValueError::OtherEncoding { shape, .. } => {
                NoteError::Unreadable { note, shape, why: UpcastError::Malformed }
            }
        }
    }
}

/// A fact that cannot be noted or read. The session goes on, and so does the rest of its history.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoteError {
    /// The fact cannot be encoded. Nothing was noted.
    #[error(
        "the fact of note `{note}` cannot be encoded: its type is one that {} does not support",
        Encoding::Json
    )]
    Unencodable {
        /// The note's name.
        note: &'static str,
    },
    /// What was encoded does not decode as the same fact. Nothing was noted.
    #[error("the fact of note `{note}` would not come back as it is: {why}")]
    Lossy {
        /// The note's name.
        note: &'static str,
        /// What gets lost, and what to do about it.
        why: Loss,
    },
    /// The stored JSON is not a fact of the note's type.
    #[error("the stored fact of note `{note}` (shape {shape}) cannot be read: {why}")]
    Unreadable {
        /// The note's name.
        note: &'static str,
        /// The layout number that stands beside the fact.
        shape: u16,
        /// Why it cannot be read.
        why: UpcastError,
    },
}

plain_debug!(NoteError);

impl<T> Clone for Note<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Note<T> {}

impl<T> fmt::Debug for Note<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Note").field("name", &self.name()).finish_non_exhaustive()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Export {
        rows: u32,
    }

    const EXPORTED: Note<Export> = Note::new("exported").shape(2);

    fn noted(value: Value) -> Noted {
        Noted::new("exported".into(), value)
    }

    #[test]
    fn a_fact_comes_back_under_its_name_alone() {
        let value = EXPORTED.encode(&Export { rows: 7 }).unwrap();
        assert_eq!(EXPORTED.decode(&noted(value.clone())), Ok(Some(Export { rows: 7 })));
        assert_eq!(EXPORTED.decode(&Noted::new("imported".into(), value)), Ok(None));
    }

    #[test]
    fn a_fact_that_cannot_be_read_says_why() {
        let words = |value| EXPORTED.decode(&noted(value)).unwrap_err().to_string();
        let (damaged, old) = (Note::<u32>::new("exported").shape(2), Note::<u32>::new("exported"));
        assert_eq!(
            words(damaged.encode(&7).unwrap()),
            "the stored fact of note `exported` (shape 2) cannot be read: the bytes do not fit the type: it has changed \
             without a new shape number, or the bytes are damaged"
        );
        assert_eq!(
            words(old.encode(&7).unwrap()),
            "the stored fact of note `exported` (shape 1) cannot be read: shape 1 is not known: read it in an `upcast`, \
             or run the version that wrote it"
        );
        assert_eq!(
            words(Value { shape: 2, ..Key::new("exported").encode(&7_u32).unwrap() }),
            "the stored fact of note `exported` (shape 2) cannot be read: the bytes do not fit the type: it has changed \
             without a new shape number, or the bytes are damaged"
        );
    }

    #[test]
    fn a_fact_that_has_no_json_is_refused() {
        let lossy = Note::<f64>::new("ratio").encode(&f64::NAN).unwrap_err();
        assert_eq!(
            lossy.to_string(),
            "the fact of note `ratio` would not come back as it is: JSON does not read what its `Serialize` has \
             written: let `Serialize` and `Deserialize` name the same fields in the same form (`skip_serializing`, \
             `with` and number formats are often the reason)"
        );
        let unencodable = Note::new("pairs").encode(&std::collections::BTreeMap::from([((1, 2), 3)]));
        assert_eq!(
            unencodable.unwrap_err().to_string(),
            "the fact of note `pairs` cannot be encoded: its type is one that JSON does not support"
        );
    }
}
