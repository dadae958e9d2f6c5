//! `Key::json`: for types that need an encoding which names its fields.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};
use serde_json::json;
use session_ledger::Key;
use session_ledger::session::{Encoding, Form, Loss, UpcastError, ValueError};

use crate::back;

#[test]
fn the_entries_of_a_map_are_in_the_order_of_their_names() {
    let map: HashMap<String, u32> = (0..9).map(|n| (format!("n{n}"), n)).collect();
    let stored = Key::json("k").encode(&map).unwrap();
    assert_eq!(stored.bytes, br#"{"n0":0,"n1":1,"n2":2,"n3":3,"n4":4,"n5":5,"n6":6,"n7":7,"n8":8}"#[..]);
    assert_eq!(stored.form, Form::Json);
    let value = json!({ "b": 1, "a": { "d": [null, true], "c": "x" } });
    let stored = Key::json("k").encode(&value).unwrap();
    assert_eq!(stored.bytes, br#"{"a":{"c":"x","d":[null,true]},"b":1}"#[..]);
    assert_eq!(back(Key::json("k"), &value), Ok(value));
}

#[test]
fn a_number_that_json_cannot_say_is_refused() {
    let error = Key::json("rate").encode(&f64::NAN).unwrap_err();
    assert_eq!(error, ValueError::Lossy { key: "rate", why: Loss::Undecodable(Encoding::Json) });
    let error = Key::json("rates").encode(&BTreeMap::from([((1, 2), 3)])).unwrap_err();
    assert_eq!(error, ValueError::Unencodable { key: "rates", encoding: Encoding::Json });
    assert_eq!(
        error.to_string(),
        "the value for session key `rates` cannot be encoded: its type is one that JSON does not support"
    );
    assert_eq!(
        back(Key::json("k"), &Some(Some(1_u8))).and_then(|_| back(Key::json("k"), &Some(None::<u8>))),
        Err(ValueError::Lossy { key: "k", why: Loss::Changed(Encoding::Json) }),
        "`Some(None)` and `None` are both null"
    );
}

#[test]
fn an_encoding_is_not_read_as_the_other() {
    let packed = Key::new("size").encode(&7_u32).unwrap();
    let error = Key::<u32>::json("size").decode(&packed).unwrap_err();
    let expected = ValueError::OtherEncoding {
        key: "size",
        shape: 1,
        stored: Encoding::Postcard,
        present: Encoding::Json,
    };
    assert_eq!(error, expected);
    assert_eq!(
        error.to_string(),
        "the stored value of session key `size` (shape 1) is encoded with postcard, and the key reads JSON: give \
         the key the next shape number and an upcast that reads shape 1"
    );
    let text = Key::json("size").encode(&7_u32).unwrap();
    let error = Key::<u32>::new("size").decode(&text).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the stored value of session key `size` (shape 1) is encoded with JSON, and the key reads postcard: give \
         the key the next shape number and an upcast that reads shape 1"
    );
}

#[test]
fn an_upcast_reads_the_other_encoding() {
    let from_json = Key::<u64>::new("size").shape(2).upcast(|shape, bytes| match shape {
        1 => Ok(Key::<u32>::read_json(bytes)?.into()),
        other => Err(Key::<u64>::unknown(other)),
    });
    assert_eq!(from_json.decode(&Key::json("size").encode(&7_u32).unwrap()), Ok(7));
    let from_postcard = Key::<u64>::json("size").shape(2).upcast(|shape, bytes| match shape {
        1 => Ok(Key::<u32>::read(bytes)?.into()),
        other => Err(Key::<u64>::unknown(other)),
    });
    assert_eq!(from_postcard.decode(&Key::new("size").encode(&7_u32).unwrap()), Ok(7));
}

#[test]
fn json_of_another_type_is_an_error_that_does_not_quote_it() {
    #[derive(Debug, Serialize, Deserialize)]
    struct Size {
        width: u32,
    }
    let stored = Key::json("size").encode(&"a secret".to_owned()).unwrap();
    let error = Key::<Size>::json("size").decode(&stored).unwrap_err();
    let expected = ValueError::Unreadable { key: "size", shape: 1, why: UpcastError::Malformed };
    assert_eq!(error, expected);
    assert!(!format!("{error} {error:?}").contains("secret"));
}
