//! The layout of a type: the names and types of its fields and variants, and the fingerprint of it.
//!
//! Postcard bytes fit many types: those of `{width, height}` are read as `{height, width}`, those of a `u32`
//! as an `i32`. So a fingerprint is stored beside the bytes. The layout is what the type's `Deserialize`
//! asks for. A type has none if its `Deserialize` accepts no sample or asks the encoding what comes next.

mod nodes;
mod places;
mod samples;
mod stopped;
mod trace;
mod words;

use std::any::TypeId;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{PoisonError, RwLock};

use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use self::nodes::{Node, Traced};
use self::places::Place;
use self::stopped::Stopped;
use self::trace::Trace;
use super::value::Fingerprint;

/// The fingerprints of the types that this process has met. A program has so many types and no more.
static KNOWN: RwLock<BTreeMap<TypeId, Option<Fingerprint>>> = RwLock::new(BTreeMap::new());

/// The fingerprint of the type, which is traced once in a process.
pub(super) fn fingerprint<T: DeserializeOwned + 'static>() -> Option<Fingerprint> {
    let id = TypeId::of::<T>();
    if let Some(known) = KNOWN.read().unwrap_or_else(PoisonError::into_inner).get(&id) {
        return *known;
    }
    let traced = words::<T>().map(|words| digest(&words));
    KNOWN.write().unwrap_or_else(PoisonError::into_inner).insert(id, traced);
    traced
}

/// The layout in words, such as `{width: u32, height: u32}`. The words are stored by their digest, so what
/// they are for a type never changes.
pub(super) fn words<T: DeserializeOwned>() -> Option<String> {
    // A `Deserialize` that panics on a sample has no layout.
    let traced = catch_unwind(AssertUnwindSafe(trace::<T>)).ok()??;
    words::words(&traced)
}

fn digest(words: &str) -> Fingerprint {
    let [a, b, c, d, ..] = <[u8; 32]>::from(Sha256::digest(words));
    Fingerprint([a, b, c, d])
}

/// Lets the type's `Deserialize` read samples, until all that it asks for is noted.
fn trace<T: DeserializeOwned>() -> Option<Traced> {
    let mut trace = Trace::default();
    loop {
        let (before, mut root) = (trace.definitions.clone(), Node::default());
        match T::deserialize(Place { trace: &mut trace, node: &mut root }) {
            Ok(_) if trace.is_complete(&root) => {
                return Some(Traced { root, definitions: trace.definitions });
            }
            Ok(_) => trace.go_on(),
            Err(Stopped::Refused) => trace.retry(before)?,
            Err(Stopped::Counted) => trace.recount(before),
            Err(Stopped::Untraceable) => return None,
        }
    }
}
