//! A type that changes its layout: an error that says so, or an upcast; never another value.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::{Deserialize, Serialize};
use session_ledger::Key;
use session_ledger::session::{Form, UpcastError, Value, ValueError};

use crate::misread;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Size {
    width: u32,
    height: u32,
}

mod turned {
    use serde::{Deserialize, Serialize};

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    pub(crate) struct Size {
        pub(crate) height: u32,
        pub(crate) width: u32,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    pub(crate) struct Larger {
        pub(crate) width: u32,
        pub(crate) height: u32,
        pub(crate) depth: Option<u32>,
    }
}

fn is_refused(error: &ValueError) -> bool {
    matches!(error, ValueError::OtherLayout { key: "k", shape: 1, .. })
}

/// 4294966296 of a u32 was read as -1000 of an i32.
#[test]
fn a_number_is_not_read_as_a_number_of_another_type() {
    let stored = Key::<u32>::new("cents").encode(&4_294_966_296).unwrap();
    let error = Key::<i32>::new("cents").decode(&stored).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the stored value of session key `cents` (shape 1) has the layout d7649d42, and the key's type has the \
         layout 579a6e6b, i32: if the type has changed, give the key the next shape number and an upcast that reads \
         shape 1; if two types share the name, rename one key"
    );
    assert!(is_refused(&misread::<u32, u64>(&7)));
    assert!(is_refused(&misread::<u8, bool>(&1)));
    assert!(is_refused(&misread::<f32, [u8; 4]>(&1.5)));
}

#[test]
fn fields_that_changed_places_are_not_read_for_each_other() {
    let error = misread::<Size, turned::Size>(&Size { width: 3, height: 4 });
    let ValueError::OtherLayout { layout, .. } = &error else { panic!("{error}") };
    assert_eq!(layout, "{height: u32, width: u32}");
    // Equal fields do not hide it.
    assert!(is_refused(&misread::<Size, turned::Size>(&Size { width: 3, height: 3 })));
}

#[test]
fn fields_that_were_added_are_an_error_without_an_upcast_and_read_with_one() {
    let size = Size { width: 3, height: 4 };
    assert!(is_refused(&misread::<Size, turned::Larger>(&size)));
    let larger: Key<turned::Larger> = Key::new("k").shape(2).upcast(|shape, bytes| match shape {
        1 => {
            let Size { width, height } = Key::<Size>::read(bytes)?;
            Ok(turned::Larger { width, height, depth: None })
        }
        other => Err(Key::<turned::Larger>::unknown(other)),
    });
    let stored = Key::new("k").encode(&size).unwrap();
    assert_eq!(larger.decode(&stored), Ok(turned::Larger { width: 3, height: 4, depth: None }));
    // The key of the older release reads no newer shape.
    let newer = larger.encode(&turned::Larger { width: 3, height: 4, depth: None }).unwrap();
    let error = Key::<Size>::new("k").decode(&newer).unwrap_err();
    let expected = ValueError::Unreadable { key: "k", shape: 2, why: UpcastError::UnknownShape(2) };
    assert_eq!(error, expected);
}

/// The fingerprint guards the present shape, also of a key that has an upcast.
#[test]
fn an_upcast_does_not_hide_a_change_of_the_present_shape() {
    let key: Key<turned::Size> = Key::new("k").upcast(|_, bytes| Key::<turned::Size>::read(bytes));
    let stored = Key::new("k").encode(&Size { width: 3, height: 4 }).unwrap();
    assert!(is_refused(&key.decode(&stored).unwrap_err()));
}

#[test]
fn one_name_for_two_types_is_an_error() {
    assert!(is_refused(&misread::<String, u32>(&"7".into())));
    assert!(is_refused(&misread::<u32, String>(&0)));
    assert!(is_refused(&misread::<Option<u8>, Vec<u8>>(&Some(7))));
    assert!(is_refused(&misread::<(), Vec<()>>(&())));
}

#[test]
fn types_of_one_layout_are_read_for_each_other() {
    #[derive(Serialize, Deserialize)]
    struct Renamed {
        width: u32,
        height: u32,
    }
    #[derive(Serialize, Deserialize)]
    struct Cents(u32);
    let stored = Key::new("k").encode(&Size { width: 3, height: 4 }).unwrap();
    assert_eq!(Key::<Renamed>::new("k").decode(&stored).unwrap().height, 4);
    assert_eq!(Key::new("k").decode(&Key::new("k").encode(&Cents(7)).unwrap()), Ok(7_u32));
    let set: HashSet<u8> = [7].into();
    assert_eq!(Key::new("k").decode(&Key::new("k").encode(&set).unwrap()), Ok(vec![7_u8]));
    let map: HashMap<u8, String> = [(7, "a".to_owned())].into();
    let stored = Key::new("k").encode(&map).unwrap();
    assert_eq!(Key::new("k").decode(&stored), Ok(map.into_iter().collect::<BTreeMap<u8, String>>()));
}

/// As an older version of the library has stored it.
#[test]
fn a_value_without_a_fingerprint_is_read_as_far_as_it_fits() {
    let old = Value::new(1, vec![3, 4]);
    assert_eq!(Key::new("k").decode(&old), Ok(Size { width: 3, height: 4 }));
    assert_eq!(Key::new("k").decode(&old), Ok(turned::Size { height: 3, width: 4 }));
    let error = Key::<turned::Larger>::new("k").decode(&old).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the stored value of session key `k` (shape 1) cannot be read: the bytes do not fit the type: it has \
         changed without a new shape number, or the bytes are damaged"
    );
}

/// A type whose reading accepts no sample has no fingerprint.
#[test]
fn a_type_that_cannot_be_traced_is_read_as_far_as_it_fits() {
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[serde(try_from = "String", into = "String")]
    struct Sku(String);
    impl TryFrom<String> for Sku {
        type Error = &'static str;
        fn try_from(text: String) -> Result<Self, Self::Error> {
            if text.starts_with("SKU-") { Ok(Self(text)) } else { Err("no SKU") }
        }
    }
    impl From<Sku> for String {
        fn from(sku: Sku) -> Self {
            sku.0
        }
    }
    let sku = Sku("SKU-7".into());
    let stored = Key::new("k").encode(&vec![sku.clone()]).unwrap();
    assert_eq!(stored.form, Form::Postcard);
    assert_eq!(Key::new("k").decode(&stored), Ok(vec![sku]));
    assert_eq!(Key::new("k").decode(&stored), Ok(vec!["SKU-7".to_owned()]));
}

/// A `Deserialize` that panics on what it does not expect.
#[test]
fn a_type_that_panics_while_it_is_traced_is_kept() {
    #[derive(Debug, PartialEq, Serialize)]
    struct Brittle(String);
    impl<'de> Deserialize<'de> for Brittle {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let text = String::deserialize(deserializer)?;
            assert!(text.starts_with("SKU-"));
            Ok(Self(text))
        }
    }
    let stored = Key::new("k").encode(&Brittle("SKU-7".into())).unwrap();
    assert_eq!(stored.form, Form::Postcard);
    assert_eq!(Key::new("k").decode(&stored), Ok(Brittle("SKU-7".into())));
}
