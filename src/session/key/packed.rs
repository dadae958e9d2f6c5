//! Values in postcard: to bytes and back, where they come back as they were.

use serde::de::DeserializeOwned;
use serde::ser::SerializeTuple;
use serde::{Serialize, Serializer};

use super::sorted::{Part, Sorted, Watch};
use crate::session::strict::{STATE_BYTES_MAX, encodes_to, whole};
use crate::session::value_error::{Encoding, Loss};

/// The bytes of the value; none if postcard cannot write them.
///
/// What was written is read and written again, and must be the same. More bytes than a session may hold are
/// refused by the session anyway, so that they are not read.
pub(super) fn encode<T: Serialize + DeserializeOwned>(value: &T) -> Result<Option<Vec<u8>>, Loss> {
    let watch = Watch::default();
    let written = postcard::to_allocvec(&sorted(value, &watch));
    if let Some(field) = watch.skipped() {
        return Err(Loss::SkippedField(field));
    }
    let Ok(bytes) = written else { return Ok(None) };
    if bytes.len() <= STATE_BYTES_MAX {
        let back = whole(&bytes).ok_or_else(|| loss::<T>(&bytes))?;
        comes_back(value, &back, &bytes, watch.parts())?;
    }
    Ok(Some(bytes))
}

/// Makes sure that the value that was read is the one that was written.
fn comes_back<T: Serialize>(value: &T, back: &T, bytes: &[u8], parts: usize) -> Result<(), Loss> {
    let watch = Watch::default();
    let is_same = encodes_to(&sorted(back, &watch), bytes) && watch.parts() == parts;
    if is_same || as_sets(value).is_some_and(|one| as_sets(back) == Some(one)) {
        Ok(())
    } else {
        Err(Loss::Changed(Encoding::Postcard))
    }
}

/// The value's bytes and parts with each list in the order of its elements' bytes: equal for values that
/// differ in the order of their sets only. A list that comes back in another order is a set.
fn as_sets<T: Serialize>(value: &T) -> Option<(Vec<u8>, usize)> {
    let watch = Watch::of_sets();
    let bytes = postcard::to_allocvec(&sorted(value, &watch)).ok()?;
    Some((bytes, watch.parts()))
}

/// Why bytes that were just written cannot be read.
fn loss<T: DeserializeOwned>(bytes: &[u8]) -> Loss {
    match postcard::from_bytes::<T>(bytes) {
        Err(postcard::Error::WontImplement) => Loss::SelfDescribing,
        _ => Loss::Undecodable(Encoding::Postcard),
    }
}

fn sorted<'a, T>(value: &'a T, watch: &'a Watch) -> Sorted<'a, T, Packed> {
    Sorted::new(value, watch)
}

/// An entry in postcard.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Packed(Vec<u8>);

impl Part for Packed {
    fn of<T: Serialize + ?Sized>(entry: &Sorted<'_, T, Self>) -> Option<Self> {
        postcard::to_allocvec(entry).ok().map(Self)
    }
}

/// The bytes as they are: postcard writes neither the length of a tuple nor anything around a byte.
impl Serialize for Packed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut tuple = serializer.serialize_tuple(self.0.len())?;
        self.0.iter().try_for_each(|byte| tuple.serialize_element(byte))?;
        tuple.end()
    }
}
