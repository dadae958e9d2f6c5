//! Typed keys: shapes, upcasts and damaged values.

use serde::ser::SerializeSeq;
use serde::{Deserialize, Serialize, Serializer};
use session_ledger::Key;
use session_ledger::session::{Encoding, UpcastError, Value, ValueError};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Cart {
    items: Vec<u32>,
    coupon: Option<String>,
}

const OLD_CART: Key<Vec<u32>> = Key::new("cart");
const CART: Key<Cart> = Key::new("cart").shape(2).upcast(|shape, bytes| match shape {
    1 => Ok(Cart { items: Key::<Vec<u32>>::read(bytes)?, coupon: None }),
    other => Err(Key::<Cart>::unknown(other)),
});

fn cart() -> Cart {
    Cart { items: vec![7, 300], coupon: Some("WELCOME".into()) }
}

#[test]
fn a_value_is_read_as_it_was_written() {
    let value = CART.encode(&cart()).unwrap();
    assert_eq!(value.shape, 2);
    assert_eq!(CART.decode(&value), Ok(cart()));
}

#[test]
fn a_value_of_an_older_shape_is_read_through_the_upcast() {
    let old = OLD_CART.encode(&vec![7, 300]).unwrap();
    assert_eq!(old.shape, 1);
    assert_eq!(CART.decode(&old), Ok(Cart { items: vec![7, 300], coupon: None }));
}

#[test]
fn a_shape_that_the_upcast_does_not_know_is_refused() {
    let error = CART.decode(&Value::new(3, vec![0, 0])).unwrap_err();
    let expected = ValueError::Unreadable { key: "cart", shape: 3, why: UpcastError::UnknownShape(3) };
    assert_eq!(error, expected);
    assert_eq!(
        error.to_string(),
        "the stored value of session key `cart` (shape 3) cannot be read: shape 3 is not known: read it in an \
         `upcast`, or run the version that wrote it"
    );
}

#[test]
fn a_newer_shape_is_refused_by_a_key_without_upcast() {
    let error = OLD_CART.decode(&CART.encode(&cart()).unwrap()).unwrap_err();
    let expected = ValueError::Unreadable { key: "cart", shape: 2, why: UpcastError::UnknownShape(2) };
    assert_eq!(error, expected);
}

#[test]
fn a_trailing_byte_is_refused_in_the_present_and_in_an_older_shape() {
    for mut value in [CART.encode(&cart()).unwrap(), OLD_CART.encode(&vec![7, 300]).unwrap()] {
        value.bytes = [&value.bytes[..], &[0]].concat().into();
        let error = CART.decode(&value).unwrap_err();
        let expected =
            ValueError::Unreadable { key: "cart", shape: value.shape, why: UpcastError::Malformed };
        assert_eq!(error, expected);
        let shape = value.shape;
        assert_eq!(
            error.to_string(),
            format!(
                "the stored value of session key `cart` (shape {shape}) cannot be read: the bytes do not fit the \
                 type: it has changed without a new shape number, or the bytes are damaged"
            )
        );
    }
}

#[test]
fn every_truncation_of_a_value_is_refused() {
    for value in [CART.encode(&cart()).unwrap(), OLD_CART.encode(&vec![7, 300]).unwrap()] {
        for length in 0..value.bytes.len() {
            let bytes = value.bytes.slice(..length);
            let mut cut = value.clone();
            cut.bytes = bytes;
            let error = CART.decode(&cut).unwrap_err();
            let expected =
                ValueError::Unreadable { key: "cart", shape: value.shape, why: UpcastError::Malformed };
            assert_eq!(error, expected);
        }
    }
}

#[test]
fn a_type_that_postcard_cannot_encode_is_refused() {
    #[derive(Deserialize)]
    struct Endless;
    impl Serialize for Endless {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.serialize_seq(None)?.end()
        }
    }
    let error = Key::<Endless>::new("stream").encode(&Endless).unwrap_err();
    assert_eq!(error, ValueError::Unencodable { key: "stream", encoding: Encoding::Postcard });
    assert_eq!(
        error.to_string(),
        "the value for session key `stream` cannot be encoded: its type is one that postcard does not support"
    );
}

#[test]
fn neither_a_key_nor_a_value_shows_what_is_stored() {
    let value = CART.encode(&cart()).unwrap();
    assert_eq!(format!("{value:?}"), format!("Value {{ shape: 2, bytes: {} }}", value.bytes.len()));
    assert_eq!(format!("{CART:?}"), r#"Key { name: "cart", shape: 2, .. }"#);
}
