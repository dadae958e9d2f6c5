//! Typed keys of the values that an application keeps in a session.

mod json;
mod packed;
mod sorted;
mod sorting;

use std::fmt;
use std::marker::PhantomData;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::layout::{fingerprint, words};
use super::strict::whole;
use super::value::{Fingerprint, Form, Value};
use super::value_error::{Encoding, UpcastError, ValueError};

/// The most characters of a layout that an error tells.
const LAYOUT_CHARACTERS_MAX: usize = 200;

/// The name and type of a value in a session.
///
/// Values are encoded with [postcard](https://docs.rs/postcard), which is small and names no fields. What
/// does not come back from it as it was is refused when it is set, and [`Key::json`] is for such types.
/// Equal values have equal bytes, whatever the order of a `HashMap` or `HashSet` is, so that an unchanged
/// value writes nothing. (A `HashSet` inside a `#[serde(transparent)]` type cannot be told from a list: use a
/// `BTreeSet` there.)
///
/// # When the type changes
///
/// Beside the bytes stand the key's shape number and a fingerprint of the type's layout: the names and types
/// of its fields and variants. A change of the layout needs the next shape number, and an upcast that reads
/// the older ones; without, the stored values are an error that says so, never another value. Names of
/// structs and enums are no part of the layout.
///
/// ```
/// use serde::{Deserialize, Serialize};
/// use session_ledger::Key;
///
/// #[derive(Serialize, Deserialize)]
/// struct Cart {
///     items: Vec<u32>,
///     coupon: Option<String>,
/// }
///
/// // Shape 1 was a bare list of items.
/// const CART: Key<Cart> = Key::new("cart").shape(2).upcast(|shape, bytes| match shape {
///     1 => Ok(Cart { items: Key::<Vec<u32>>::read(bytes)?, coupon: None }),
///     other => Err(Key::<Cart>::unknown(other)),
/// });
/// # let old = Key::<Vec<u32>>::new("cart").encode(&vec![7]).unwrap();
/// # assert_eq!(CART.decode(&old).unwrap().items, [7]);
/// ```
///
/// A variant that is added at the end of an enum changes the layout, and the old bytes are read as they are:
///
/// ```
/// # use serde::{Deserialize, Serialize};
/// # use session_ledger::Key;
/// #[derive(Serialize, Deserialize)]
/// enum Theme {
///     Light,
///     Dark,
///     Contrast, // since shape 2
/// }
///
/// const THEME: Key<Theme> = Key::new("theme").shape(2).upcast(|shape, bytes| match shape {
///     1 => Key::<Theme>::read(bytes),
///     other => Err(Key::<Theme>::unknown(other)),
/// });
/// # #[derive(Serialize, Deserialize)] enum Old { Light, Dark }
/// # assert!(matches!(THEME.decode(&Key::new("theme").encode(&Old::Dark).unwrap()), Ok(Theme::Dark)));
/// ```
///
/// # Types without a fingerprint
///
/// The fingerprint is what the type's `Deserialize` asks for when it is given samples, once in a process. A
/// type that accepts none of them has no fingerprint: one with a text of a form of its own
/// (`#[serde(try_from = "String")]`), say. Neither has a value that was stored before fingerprints were kept.
/// Such bytes are read as far as they fit, so that a change of the type without a new shape number may go
/// unnoticed.
pub struct Key<T> {
    name: &'static str,
    shape: u16,
    encoding: Encoding,
    upcast: Option<Upcast<T>>,
    value: PhantomData<fn() -> T>,
}

/// Reads a value of an older shape.
type Upcast<T> = fn(u16, &[u8]) -> Result<T, UpcastError>;

impl<T> Key<T> {
    /// A key of shape 1, with values in postcard.
    pub const fn new(name: &'static str) -> Self {
        Self { name, shape: 1, encoding: Encoding::Postcard, upcast: None, value: PhantomData }
    }

    /// A key of shape 1, with values in JSON. It is for types that need an encoding which names its fields:
    /// `serde_json::Value`, and types with `#[serde(untagged)]`, `#[serde(tag = "…")]`, `#[serde(flatten)]`
    /// or `#[serde(skip_serializing_if = "…")]`. JSON takes more room.
    ///
    /// A value of another type is read as far as its fields fit by name, as is usual with JSON:
    /// `#[serde(default)]` reads what an older type has written.
    ///
    /// ```
    /// use serde::{Deserialize, Serialize};
    /// use session_ledger::Key;
    ///
    /// #[derive(Serialize, Deserialize)]
    /// #[serde(tag = "by")]
    /// enum Payment {
    ///     Card { number: String },
    ///     Invoice,
    /// }
    ///
    /// const PAYMENT: Key<Payment> = Key::json("payment");
    /// # let stored = PAYMENT.encode(&Payment::Card { number: "4242".into() }).unwrap();
    /// # assert_eq!(stored.bytes, br#"{"by":"Card","number":"4242"}"#[..]);
    /// # assert!(matches!(PAYMENT.decode(&stored), Ok(Payment::Card { .. })));
    /// ```
    ///
    /// A key that changes from postcard to JSON gets the next shape number, and its upcast reads the older
    /// one:
    ///
    /// ```
    /// # use session_ledger::Key;
    /// const FILTER: Key<serde_json::Value> = Key::json("filter").shape(2).upcast(|shape, bytes| match shape
    /// { 1 => Ok(Key::<Vec<String>>::read(bytes)?.into()), other =>
    /// Err(Key::<serde_json::Value>::unknown(other)), });
    /// # let old = Key::<Vec<String>>::new("filter").encode(&vec!["red".to_owned()]).unwrap();
    /// # assert_eq!(FILTER.decode(&old).unwrap(), serde_json::json!(["red"]));
    /// ```
    pub const fn json(name: &'static str) -> Self {
        Self { encoding: Encoding::Json, ..Self::new(name) }
    }

    /// The same key with values of another layout number.
    #[must_use]
    pub const fn shape(mut self, shape: u16) -> Self {
        self.shape = shape;
        self
    }

    /// The same key, reading values of other shapes through `upcast`.
    #[must_use]
    pub const fn upcast(mut self, upcast: fn(u16, &[u8]) -> Result<T, UpcastError>) -> Self {
        self.upcast = Some(upcast);
        self
    }

    /// The name under which the value is stored.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The error for a shape that an upcast does not read.
    pub const fn unknown(shape: u16) -> UpcastError {
        UpcastError::UnknownShape(shape)
    }
}

impl<T: DeserializeOwned> Key<T> {
    /// Reads postcard bytes of `T`, to their end. For use in an [`upcast`](Self::upcast).
    ///
    /// # Errors
    ///
    /// The bytes are not a `T`.
    pub fn read(bytes: &[u8]) -> Result<T, UpcastError> {
        whole(bytes).ok_or(UpcastError::Malformed)
    }

    /// Reads the JSON of a `T`. For use in an [`upcast`](Self::upcast).
    ///
    /// # Errors
    ///
    /// The bytes are not the JSON of a `T`.
    pub fn read_json(bytes: &[u8]) -> Result<T, UpcastError> {
        json::decode(bytes).ok_or(UpcastError::Malformed)
    }
}

impl<T: DeserializeOwned + 'static> Key<T> {
    /// The value that these stored bytes hold.
    ///
    /// # Errors
    ///
    /// The bytes are damaged, of a shape that the key cannot read, of another layout than `T` has or in
    /// another encoding than the key's.
    pub fn decode(&self, value: &Value) -> Result<T, ValueError> {
        let read = match self.upcast {
            _ if value.shape == self.shape => self.read_present(value)?,
            Some(upcast) => upcast(value.shape, &value.bytes),
            None => Err(UpcastError::UnknownShape(value.shape)),
        };
        read.map_err(|why| ValueError::Unreadable { key: self.name, shape: value.shape, why })
    }

    /// Reads a value of the key's own shape, if it was stored for a type of the key's layout.
    fn read_present(&self, value: &Value) -> Result<Result<T, UpcastError>, ValueError> {
        match (value.form, self.encoding) {
            (Form::PostcardOf(stored), Encoding::Postcard) => {
                self.check_layout(stored)?;
                Ok(Self::read(&value.bytes))
            }
            (Form::Postcard, Encoding::Postcard) => Ok(Self::read(&value.bytes)),
            (Form::Json, Encoding::Json) => Ok(Self::read_json(&value.bytes)),
            (Form::Json, present @ Encoding::Postcard) => self.other_encoding(Encoding::Json, present),
            (Form::Postcard | Form::PostcardOf(_), present @ Encoding::Json) => {
                self.other_encoding(Encoding::Postcard, present)
            }
        }
    }

    fn check_layout(&self, stored: Fingerprint) -> Result<(), ValueError> {
        match fingerprint::<T>() {
            Some(present) if present != stored => {
                let layout = words::<T>().unwrap_or_default();
                let layout = shortened(&layout);
                Err(ValueError::OtherLayout { key: self.name, shape: self.shape, stored, present, layout })
            }
            Some(_) | None => Ok(()),
        }
    }

    fn other_encoding<R>(&self, stored: Encoding, present: Encoding) -> Result<R, ValueError> {
        Err(ValueError::OtherEncoding { key: self.name, shape: self.shape, stored, present })
    }
}

impl<T: Serialize + DeserializeOwned + 'static> Key<T> {
    /// The value as it is stored.
    ///
    /// # Errors
    ///
    /// The value cannot be encoded, or would not come back as it is: what was encoded is decoded and encoded
    /// again, and must be the same.
    pub fn encode(&self, value: &T) -> Result<Value, ValueError> {
        let (encoded, form) = match self.encoding {
            Encoding::Postcard => {
                (packed::encode(value), fingerprint::<T>().map_or(Form::Postcard, Form::PostcardOf))
            }
            Encoding::Json => (json::encode(value), Form::Json),
        };
        let encoded = encoded.map_err(|why| ValueError::Lossy { key: self.name, why })?;
        let bytes = encoded.ok_or(ValueError::Unencodable { key: self.name, encoding: self.encoding })?;
        Ok(Value { shape: self.shape, form, bytes: bytes.into() })
    }
}

/// The beginning of a layout in words.
fn shortened(layout: &str) -> String {
    match layout.char_indices().nth(LAYOUT_CHARACTERS_MAX) {
        Some((end, _)) => format!("{}…", &layout[..end]),
        None => layout.to_owned(),
    }
}

impl<T> Clone for Key<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Key<T> {}

impl<T> fmt::Debug for Key<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("name", &self.name).field("shape", &self.shape).finish_non_exhaustive()
    }
}
