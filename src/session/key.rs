//! Typed keys of the values that an application keeps in a session.

use std::fmt;
use std::marker::PhantomData;

use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::strict::whole;
use crate::plain_debug::plain_debug;

/// The name and type of a value in a session.
///
/// Values are encoded with postcard, which is not self-describing: when the type changes its layout, give
/// the key a new shape number and an upcast that reads the older shapes.
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
/// # assert_eq!(CART.name(), "cart");
/// ```
pub struct Key<T> {
    name: &'static str,
    shape: u16,
    upcast: Option<Upcast<T>>,
    value: PhantomData<fn() -> T>,
}

/// Reads a value of an older shape.
type Upcast<T> = fn(u16, &[u8]) -> Result<T, UpcastError>;

/// An encoded value: postcard bytes and the number of their layout.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Value {
    /// The layout number that the key gave.
    pub shape: u16,
    /// The encoded value. Copies of a session share it.
    pub bytes: Bytes,
}

/// Why an older shape could not be read.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UpcastError {
    /// The bytes are not of the shape they claim.
    #[error("the bytes are damaged")]
    Malformed,
    /// The shape is not among those the upcast reads.
    #[error("shape {0} is not known")]
    UnknownShape(u16),
}

plain_debug!(UpcastError);

/// A value that cannot be written or read.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ValueError {
    /// The value cannot be encoded with postcard.
    #[error(
        "the value for session key `{key}` cannot be encoded: its type is one that postcard does not support"
    )]
    Unencodable {
        /// The key's name.
        key: &'static str,
    },
    /// The stored bytes are not a value of the key's type.
    #[error("the stored value of session key `{key}` (shape {shape}) cannot be read: {why}")]
    Unreadable {
        /// The key's name.
        key: &'static str,
        /// The layout number that stands beside the bytes.
        shape: u16,
        /// Why the bytes cannot be read.
        why: UpcastError,
    },
}

plain_debug!(ValueError);

impl<T> Key<T> {
    /// A key of shape 1.
    pub const fn new(name: &'static str) -> Self {
        Self { name, shape: 1, upcast: None, value: PhantomData }
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
    /// Reads bytes of the key's own layout, to their end. For use in an [`upcast`](Self::upcast).
    ///
    /// # Errors
    ///
    /// The bytes are not a `T`.
    pub fn read(bytes: &[u8]) -> Result<T, UpcastError> {
        whole(bytes).ok_or(UpcastError::Malformed)
    }

    /// The value that these stored bytes hold.
    ///
    /// # Errors
    ///
    /// The bytes are damaged, or of a shape that the key cannot read.
    pub fn decode(&self, value: &Value) -> Result<T, ValueError> {
        let read = match self.upcast {
            _ if value.shape == self.shape => Self::read(&value.bytes),
            Some(upcast) => upcast(value.shape, &value.bytes),
            None => Err(UpcastError::UnknownShape(value.shape)),
        };
        read.map_err(|why| ValueError::Unreadable { key: self.name, shape: value.shape, why })
    }
}

impl<T: Serialize> Key<T> {
    /// The value as it is stored.
    ///
    /// # Errors
    ///
    /// Postcard cannot encode the type.
    pub fn encode(&self, value: &T) -> Result<Value, ValueError> {
        let bytes = postcard::to_allocvec(value).map_err(|_| ValueError::Unencodable { key: self.name })?;
        Ok(Value { shape: self.shape, bytes: bytes.into() })
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

/// Shows only the size: a session's values must not get into log files.
impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Value {{ shape: {}, bytes: {} }}", self.shape, self.bytes.len())
    }
}
