//! A fact of the application's own, as the log holds it.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::session::value::{Form, Value};

/// Payload of [`Event::Noted`](super::Event::Noted): a fact of the application's own, always in JSON, so that
/// a reader who lacks the application's types can read it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Noted {
    /// The kind of fact, in the application's words.
    pub name: String,
    /// The fact, encoded, and its shape: see [`Note::decode`](crate::session::Note::decode).
    pub value: Value,
}

impl Noted {
    /// A fact under a name.
    #[doc(hidden)]
    pub fn new(name: String, value: Value) -> Self {
        Self { name, value }
    }

    /// A plain text under a name, which is a fact of shape 1.
    pub fn of_text(name: impl Into<String>, text: &str) -> Self {
        let json = serde_json::Value::from(text).to_string();
        Self { name: name.into(), value: Value { shape: 1, form: Form::Json, bytes: json.into() } }
    }

    /// The fact in JSON; none if these bytes are no JSON, which no version writes.
    pub fn json(&self) -> Option<&str> {
        let text = std::str::from_utf8(&self.value.bytes).ok().filter(|_| self.value.form == Form::Json)?;
        serde_json::from_str::<serde::de::IgnoredAny>(text).ok().map(|_| text)
    }

    /// The fact, if it is a plain text.
    pub fn text(&self) -> Option<String> {
        self.json().and_then(|json| serde_json::from_str(json).ok())
    }

    /// The fact for a reader: a plain text as it is, anything else in JSON.
    pub fn told(&self) -> Cow<'_, str> {
        match (self.text(), self.json()) {
            (Some(text), _) => text.into(),
            (None, Some(json)) => json.into(),
            (None, None) => format!("{} bytes that are no JSON", self.value.bytes.len()).into(),
        }
    }
}

/// The name, and the fact for a reader.
impl fmt::Display for Noted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.told())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noted(form: Form, bytes: &'static [u8]) -> Noted {
        Noted::new("exported".into(), Value { shape: 3, form, bytes: bytes.into() })
    }

    #[test]
    fn a_text_is_told_as_it_is_and_anything_else_in_json() {
        let text = Noted::of_text("ordered", "3 × \"tea\"\n");
        assert_eq!(text.json(), Some(r#""3 × \"tea\"\n""#));
        assert_eq!(text.to_string(), "ordered: 3 × \"tea\"\n");
        let fact = noted(Form::Json, br#"{"rows":7}"#);
        assert_eq!((fact.text(), fact.told()), (None, r#"{"rows":7}"#.into()));
    }

    #[test]
    fn bytes_that_are_no_json_are_told_by_their_number() {
        for fact in [noted(Form::Json, b"{"), noted(Form::Json, b"\xff"), noted(Form::Postcard, b"77")] {
            assert_eq!(fact.json(), None);
            let bytes = fact.value.bytes.len();
            assert_eq!(fact.to_string(), format!("exported: {bytes} bytes that are no JSON"));
        }
    }
}
