//! Values in JSON: to bytes and back, where they come back as they were.

use std::cmp::Ordering;

use serde::de::DeserializeOwned;
use serde::{Serialize, Serializer};

use super::sorted::{Part, Sorted, Watch};
use crate::session::strict::STATE_BYTES_MAX;
use crate::session::value_error::{Encoding, Loss};

/// The text of the value; none if JSON cannot say it.
///
/// What was written is read and written again, and must be the same, as with postcard. Fields may be left
/// out: JSON names those that are there.
pub(super) fn encode<T: Serialize + DeserializeOwned>(value: &T) -> Result<Option<Vec<u8>>, Loss> {
    let Some(written) = write(value, Watch::default()) else { return Ok(None) };
    if written.0.len() <= STATE_BYTES_MAX {
        let back: T = decode(&written.0).ok_or(Loss::Undecodable(Encoding::Json))?;
        let is_same = write(&back, Watch::default()).as_ref() == Some(&written);
        if !is_same && write(&back, Watch::of_sets()) != write(value, Watch::of_sets()) {
            return Err(Loss::Changed(Encoding::Json));
        }
    }
    Ok(Some(written.0))
}

/// The value that the text says.
pub(super) fn decode<T: DeserializeOwned>(text: &[u8]) -> Option<T> {
    serde_json::from_slice(text).ok()
}

/// The text, and how many parts the value has: `Some(None)` has one more than `None`, and both are null.
fn write<T: Serialize>(value: &T, watch: Watch) -> Option<(Vec<u8>, usize)> {
    let text = serde_json::to_vec(&Sorted::<T, Entry>::new(value, &watch)).ok()?;
    Some((text, watch.parts()))
}

/// An entry in JSON, in the order of its text.
struct Entry {
    text: String,
    value: serde_json::Value,
}

impl Part for Entry {
    fn of<T: Serialize + ?Sized>(entry: &Sorted<'_, T, Self>) -> Option<Self> {
        let value = serde_json::to_value(entry).ok()?;
        Some(Self { text: value.to_string(), value })
    }
}

impl Serialize for Entry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(serializer)
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        self.text.cmp(&other.text)
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Entry {}
