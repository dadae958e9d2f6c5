//! One encoding for each value: the entries of a map are written in the order of their bytes.
//!
//! A `HashMap` comes in another order each time that it is made. Sorted, equal maps have equal bytes, so that
//! unchanged values write nothing. To serde a `HashSet` is a list. It is known by its type's name, and where
//! that is hidden (`#[serde(transparent)]`) it counts as a list in its order.

use std::cell::Cell;
use std::marker::PhantomData;

use serde::Serialize;

/// The sets that have no order of their own.
const SETS: [&str; 2] = ["std::collections::hash::set::HashSet<", "hashbrown::set::HashSet<"];

/// A value that is serialized in order. `P` is how an entry is held until all are known.
pub(super) struct Sorted<'a, T: ?Sized, P> {
    pub(super) value: &'a T,
    pub(super) watch: &'a Watch,
    part: PhantomData<P>,
}

/// An encoded entry of a map or set, which serializes as what it was encoded from.
pub(super) trait Part: Serialize + Ord + Sized {
    /// Encodes an entry, if its type can be encoded.
    fn of<T: Serialize + ?Sized>(entry: &Sorted<'_, T, Self>) -> Option<Self>;
}

/// What is seen while a value is serialized.
#[derive(Default)]
pub(super) struct Watch {
    /// Whether lists are sorted too, to compare values whose lists may be sets.
    lists_are_sets: bool,
    /// How many parts the value has: two readings of the same bytes differ in it.
    parts: Cell<usize>,
    skipped: Cell<Option<&'static str>>,
}

impl Watch {
    pub(super) fn of_sets() -> Self {
        Self { lists_are_sets: true, ..Self::default() }
    }

    /// A field that the type has left out.
    pub(super) fn skipped(&self) -> Option<&'static str> {
        self.skipped.get()
    }

    pub(super) fn parts(&self) -> usize {
        self.parts.get()
    }

    pub(super) fn count_part(&self) {
        self.parts.set(self.parts() + 1);
    }

    pub(super) fn skip(&self, field: &'static str) {
        self.skipped.set(Some(field));
    }

    /// Whether a list of the type `name` has no order of its own.
    pub(super) fn is_set(&self, name: &str) -> bool {
        let name = name.trim_start_matches('&');
        self.lists_are_sets || SETS.iter().any(|set| name.starts_with(set))
    }
}

impl<'a, T: ?Sized, P> Sorted<'a, T, P> {
    pub(super) fn new(value: &'a T, watch: &'a Watch) -> Self {
        Self { value, watch, part: PhantomData }
    }
}
