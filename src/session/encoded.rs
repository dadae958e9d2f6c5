//! The stored form of an event.

use std::borrow::Cow;
use std::fmt;

/// An event as the log stores it: its kind, the layout number of its payload, and the payload.
///
/// The codec makes it once. The chain hashes it, the store writes it, and a reader decodes it when it needs
/// the fact. An event that cannot be decoded still has its stored form, so that only this one event is
/// unreadable.
///
/// A fact becomes stored bytes in [`Event::encode`](super::Event::encode) alone, and is read from them in
/// [`Encoded::decode`] alone. So both are the door for what comes between the two: reading a shape that an
/// older version wrote as today's event, or sealing and opening personal fields. The chain covers the stored
/// bytes, so neither breaks it.
///
/// ```
/// # use session_ledger::session::*;
/// let removed = Event::ValueRemoved(ValueRemoved::new("cart".to_owned()));
/// let encoded = removed.encode();
/// assert_eq!((encoded.kind(), encoded.shape()), ("value_removed", 1));
/// assert_eq!(encoded.decode(), Ok(removed));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Encoded {
    kind: Cow<'static, str>,
    shape: i16,
    payload: Vec<u8>,
}

impl Encoded {
    /// The stored form with these parts. Nothing is checked before it is decoded.
    pub fn new(kind: impl Into<Cow<'static, str>>, shape: i16, payload: impl Into<Vec<u8>>) -> Self {
        Self { kind: kind.into(), shape, payload: payload.into() }
    }

    /// The name of the event's kind, the same for ever.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The layout number of the payload.
    pub fn shape(&self) -> i16 {
        self.shape
    }

    /// The payload.
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }
}

/// Shows only the payload's size: the payload may hold values of the session.
impl fmt::Debug for Encoded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Encoded {{ kind: {:?}, shape: {}, payload: {} bytes }}",
            self.kind,
            self.shape,
            self.payload.len()
        )
    }
}

#[test]
fn a_payload_is_shown_by_its_size() {
    let encoded = Encoded::new("noted", 1, b"secret".to_vec());
    assert_eq!(format!("{encoded:?}"), r#"Encoded { kind: "noted", shape: 1, payload: 6 bytes }"#);
}
