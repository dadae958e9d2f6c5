//! Equal values have equal bytes. A `HashMap` comes in another order each time that it is made, so that each
//! request wrote an event for a map that nobody had changed.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt::Debug;
use std::hash::Hash;

use proptest::collection::{btree_map, btree_set, hash_map, hash_set, vec};
use proptest::prelude::*;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use session_ledger::Key;

use crate::back;

/// Maps and sets within each other and in each kind of place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Nest {
    plain: HashMap<String, u32>,
    deep: BTreeMap<u8, HashMap<u16, Vec<HashMap<bool, Leaf>>>>,
    set: HashSet<String>,
    sets: HashMap<u8, HashSet<(u8, char)>>,
    ordered: (BTreeSet<i64>, Vec<u8>),
    branch: Branch,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Leaf {
    Nothing,
    One(HashSet<u32>),
    Two(i128, Option<HashMap<String, ()>>),
    Named { map: HashMap<u8, [u16; 2]> },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Branch(Option<Box<Nest>>);

fn leaf() -> impl Strategy<Value = Leaf> {
    prop_oneof![
        Just(Leaf::Nothing),
        hash_set(any::<u32>(), 0..5).prop_map(Leaf::One),
        (any::<i64>(), prop::option::of(hash_map(any::<String>(), Just(()), 0..4)))
            .prop_map(|(number, map)| Leaf::Two(number.into(), map)),
        hash_map(any::<u8>(), any::<[u16; 2]>(), 0..5).prop_map(|map| Leaf::Named { map }),
    ]
}

fn nest() -> impl Strategy<Value = Nest> {
    let flat = || {
        let deep = hash_map(any::<u16>(), vec(hash_map(any::<bool>(), leaf(), 0..3), 0..3), 0..4);
        (
            hash_map(any::<String>(), any::<u32>(), 0..8),
            btree_map(any::<u8>(), deep, 0..3),
            hash_set(any::<String>(), 0..6),
            hash_map(any::<u8>(), hash_set(any::<(u8, char)>(), 0..4), 0..4),
            (btree_set(any::<i64>(), 0..4), any::<Vec<u8>>()),
        )
            .prop_map(|(plain, deep, set, sets, ordered)| Nest {
                plain,
                deep,
                set,
                sets,
                ordered,
                branch: Branch(None),
            })
    };
    (flat(), prop::option::of(flat())).prop_map(|(mut outer, inner)| {
        outer.branch = Branch(inner.map(Box::new));
        outer
    })
}

/// The same value, with new maps that were filled the other way round.
fn made_anew(nest: &Nest) -> Nest {
    let mut sets: Vec<_> = nest.sets.iter().map(|(key, set)| (*key, reversed(set))).collect();
    sets.reverse();
    let mut plain: Vec<_> = nest.plain.clone().into_iter().collect();
    plain.reverse();
    Nest {
        plain: plain.into_iter().collect(),
        set: reversed(&nest.set),
        sets: sets.into_iter().collect(),
        branch: Branch(nest.branch.0.as_ref().map(|inner| Box::new(made_anew(inner)))),
        ..nest.clone()
    }
}

fn reversed<T: Clone + Eq + Hash>(set: &HashSet<T>) -> HashSet<T> {
    let mut elements: Vec<T> = set.iter().cloned().collect();
    elements.reverse();
    elements.into_iter().collect()
}

fn assert_one_encoding<T>(key: Key<T>, value: &T, same: &T, other: &T)
where
    T: Debug + PartialEq + Serialize + DeserializeOwned + 'static,
{
    let stored = key.encode(value).unwrap();
    assert_eq!(key.decode(&stored).as_ref(), Ok(value));
    assert_eq!(key.encode(&key.decode(&stored).unwrap()).unwrap().bytes, stored.bytes);
    assert_eq!(key.encode(same).unwrap().bytes, stored.bytes);
    assert_eq!(key.encode(other).unwrap().bytes == stored.bytes, other == value);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn values_have_equal_bytes_exactly_if_they_are_equal(one in nest(), other in nest()) {
        // In JSON a map's keys are texts, and nothing else is unlike.
        assert_one_encoding(Key::new("k"), &one, &made_anew(&one), &other);
        assert_one_encoding(Key::json("k"), &one.plain, &made_anew(&one).plain, &other.plain);
        assert_one_encoding(Key::json("k"), &one.set, &made_anew(&one).set, &other.set);
        assert_one_encoding(Key::json("k"), &one, &made_anew(&one), &other);
    }

    /// A list is in its order: an element that has moved is a change.
    #[test]
    fn lists_keep_their_order(mut list in vec(any::<u16>(), 0..8)) {
        let before = Key::<Vec<u16>>::new("k").encode(&list).unwrap();
        let reversed: Vec<u16> = list.iter().rev().copied().collect();
        prop_assert_eq!(back(Key::new("k"), &reversed).unwrap(), reversed.clone());
        let after = Key::<Vec<u16>>::new("k").encode(&reversed).unwrap();
        prop_assert_eq!(before.bytes == after.bytes, list == reversed);
        list.sort_unstable();
        prop_assert_eq!(back(Key::json("k"), &list).unwrap(), list.clone());
    }

    #[test]
    fn every_number_comes_back_from_json(number in any::<f64>(), small in any::<f32>(), large in any::<i64>()) {
        prop_assume!(number.is_finite() && small.is_finite());
        let value = (number, small, large);
        prop_assert_eq!(back(Key::json("k"), &value).unwrap(), value);
    }
}

#[test]
fn the_bytes_of_a_map_are_those_of_a_sorted_one() {
    let sorted: BTreeMap<u8, u8> = [(1, 10), (2, 20), (3, 30)].into();
    let hashed: HashMap<u8, u8> = sorted.clone().into_iter().collect();
    let (sorted, hashed) = (Key::new("k").encode(&sorted).unwrap(), Key::new("k").encode(&hashed).unwrap());
    assert_eq!(sorted, hashed);
    assert_eq!(sorted.bytes, [3, 1, 10, 2, 20, 3, 30][..]);
}

/// A set whose type's name is hidden counts as a list in its order. It is kept all the same.
#[test]
fn a_hidden_set_comes_back() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(transparent)]
    struct Hidden(HashSet<u32>);
    let hidden = Hidden((0..20).collect());
    assert_eq!(back(Key::new("k"), &hidden), Ok(hidden));
    let hidden = Hidden((0..20).collect());
    assert_eq!(back(Key::json("k"), &hidden), Ok(hidden));
}
