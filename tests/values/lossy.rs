//! Types that postcard writes and does not read back: they were kept, and each later reading failed, for the
//! session's whole life.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::json;
use session_ledger::Key;
use session_ledger::session::{Encoding, Loss, ValueError};

use crate::back;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Id {
    Num(u64),
    Text(String),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind")]
enum Tagged {
    Card { number: String },
    Invoice,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "value")]
enum Adjacent {
    Card { number: String },
    Invoice,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Sparse {
    #[serde(skip_serializing_if = "Option::is_none")]
    coupon: Option<String>,
    items: Vec<u32>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Flat {
    total: u32,
    #[serde(flatten)]
    rest: BTreeMap<String, u32>,
}

/// Misread without a trace of it: the bytes of `{0, [0]}` without `first` are those of `{1, []}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Unwritten {
    #[serde(skip_serializing)]
    first: u16,
    rest: Vec<u8>,
}

/// The same, where the value decides.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Unequal {
    #[serde(skip_serializing_if = "is_zero")]
    first: u16,
    rest: Vec<u8>,
}

fn is_zero(number: &u16) -> bool {
    *number == 0
}

/// Written as a text and read as a number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Crossed {
    #[serde(serialize_with = "as_text")]
    number: u64,
}

fn as_text<S: serde::Serializer>(number: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(number)
}

/// Forgets what it reads.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Forgetful(u32);

impl<'de> Deserialize<'de> for Forgetful {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Forgetful(#[allow(dead_code)] u32);
        Forgetful::deserialize(deserializer).map(|_| Self(0))
    }
}

fn loss<T: Serialize + for<'de> Deserialize<'de> + 'static>(value: &T) -> Option<Loss> {
    match Key::<T>::new("k").encode(value) {
        Err(ValueError::Lossy { key: "k", why }) => Some(why),
        Err(other) => panic!("{other}"),
        Ok(_) => None,
    }
}

#[test]
fn what_needs_a_self_describing_encoding_is_refused_when_it_is_set() {
    assert_eq!(loss(&Id::Num(7)), Some(Loss::SelfDescribing));
    assert_eq!(loss(&Id::Text("a".into())), Some(Loss::SelfDescribing));
    assert_eq!(loss(&Tagged::Card { number: "42".into() }), Some(Loss::SelfDescribing));
    assert_eq!(loss(&Tagged::Invoice), Some(Loss::SelfDescribing));
    assert_eq!(loss(&Adjacent::Card { number: "42".into() }), Some(Loss::SelfDescribing));
    assert_eq!(loss(&Adjacent::Invoice), Some(Loss::SelfDescribing));
    assert_eq!(loss(&json!({ "a": [1, null] })), Some(Loss::SelfDescribing));
    assert_eq!(loss(&json!(null)), Some(Loss::SelfDescribing));
    assert_eq!(loss(&Flat { total: 1, rest: [("a".into(), 2)].into() }), Some(Loss::SelfDescribing));
    assert_eq!(loss(&vec![Some(Id::Num(7))]), Some(Loss::SelfDescribing));
    let error = Key::new("payment").encode(&Tagged::Invoice).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the value for session key `payment` would not come back as it is: its type has `#[serde(untagged)]`, a tag \
         (`#[serde(tag = \"…\")]`), `#[serde(flatten)]` or a part such as `serde_json::Value`, which postcard cannot \
         read back: use `Key::json`"
    );
}

#[test]
fn a_field_that_was_left_out_is_named() {
    let sparse = Sparse { coupon: None, items: vec![7] };
    assert_eq!(loss(&sparse), Some(Loss::SkippedField("coupon")));
    assert_eq!(loss(&vec![(1, sparse.clone())]), Some(Loss::SkippedField("coupon")));
    assert_eq!(
        Key::new("cart").encode(&sparse).unwrap_err().to_string(),
        "the value for session key `cart` would not come back as it is: `#[serde(skip_serializing_if)]` has left \
         out its field `coupon`, and postcard cannot say that a field is missing: take the attribute away, or use \
         `Key::json`"
    );
}

#[test]
fn a_value_with_all_its_fields_is_kept() {
    let full = Sparse { coupon: Some("WELCOME".into()), items: vec![7] };
    assert_eq!(back(Key::new("k"), &full), Ok(full));
}

#[test]
fn a_type_that_reads_something_else_than_it_writes_is_refused() {
    assert_eq!(loss(&Crossed { number: 70 }), Some(Loss::Undecodable(Encoding::Postcard)));
    assert_eq!(loss(&Forgetful(7)), Some(Loss::Changed(Encoding::Postcard)));
    assert_eq!(loss(&Forgetful(0)), None);
    assert_eq!(
        Loss::Undecodable(Encoding::Postcard).to_string(),
        "postcard does not read what its `Serialize` has written: let `Serialize` and `Deserialize` name the same \
         fields in the same form (`skip_serializing`, `with` and number formats are often the reason)"
    );
    assert_eq!(
        Loss::Changed(Encoding::Postcard).to_string(),
        "postcard reads another value than was written: let `Serialize` and `Deserialize` name the same fields in \
         the same form (`skip_serializing` and `with` are often the reason)"
    );
}

#[test]
fn bytes_that_fit_another_value_are_noticed() {
    assert_eq!(
        loss(&Unwritten { first: 0, rest: vec![0] }),
        Some(Loss::Changed(Encoding::Postcard)),
        "the bytes of a length and an element read as a number and a length"
    );
    assert_eq!(loss(&Unequal { first: 0, rest: vec![0] }), Some(Loss::SkippedField("first")));
}

fn assert_kept_or_refused<T>(value: &T)
where
    T: std::fmt::Debug + PartialEq + Serialize + for<'de> Deserialize<'de> + 'static,
{
    if let Ok(stored) = Key::<T>::new("k").encode(value) {
        assert_eq!(Key::<T>::new("k").decode(&stored).as_ref(), Ok(value));
    }
    assert_eq!(back(Key::json("k"), value).as_ref(), Ok(value));
}

proptest! {
    /// The one promise: what was set is what is read.
    #[test]
    fn whatever_is_kept_comes_back(number in any::<u64>(), text in any::<String>(), items in any::<Vec<u32>>(),
        coupon in any::<Option<String>>(), first in 0..3_u16, rest in prop::collection::vec(0..3_u8, 0..5),
        map in any::<BTreeMap<String, u32>>())
    {
        assert_kept_or_refused(&Id::Num(number));
        assert_kept_or_refused(&Id::Text(text.clone()));
        assert_kept_or_refused(&Tagged::Card { number: text.clone() });
        assert_kept_or_refused(&Adjacent::Card { number: text });
        assert_kept_or_refused(&Sparse { coupon, items });
        assert_kept_or_refused(&json!({ "number": number, "map": map.clone() }));
        let mut named = map;
        named.remove("total");
        assert_kept_or_refused(&Flat { total: 7, rest: named });
        let unwritten = Unwritten { first, rest: rest.clone() };
        if let Ok(read) = back(Key::new("k"), &unwritten) {
            prop_assert_eq!(read, unwritten);
        }
        let unequal = Unequal { first, rest };
        if let Ok(read) = back(Key::new("k"), &unequal) {
            prop_assert_eq!(read, unequal);
        }
    }
}
