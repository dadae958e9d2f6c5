//! The relay's envelopes as a consumer reads them, whichever broker has brought them.

use std::str::FromStr;

use serde::de::DeserializeOwned;
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

use super::place::{END, Links, Place};
use crate::plain_debug::plain_debug;
use crate::session::{EventId, SessionId, UserId};

/// What the `type` of our events begins with.
const TYPE: &str = "session-ledger.";

/// What bindings put in front of the names of attributes: HTTP, NATS and Kafka, AMQP.
const PREFIXES: [&str; 4] = ["ce-", "ce_", "cloudEvents:", "cloudEvents_"];

/// An event in the envelope of the relay (CloudEvents 1.0), read. Attributes that are not asked for here may
/// be there or not.
#[derive(Clone, Debug, PartialEq)]
pub struct CloudEvent {
    place: Place,
    kind: String,
    occurred_at: Option<OffsetDateTime>,
    data: Value,
}

/// What was delivered is no envelope of the relay's. It will be none at the next delivery either.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum CloudEventError {
    /// It is no JSON object.
    #[error("what was delivered is no CloudEvent in JSON ({0}): see what else writes to this queue")]
    Json(#[source] serde_json::Error),
    /// Its data are no JSON, or not of the type that was asked for.
    #[error("the data of the event are not as they were expected ({0}): see the schema of its kind")]
    Data(#[source] serde_json::Error),
    /// An attribute is missing.
    #[error("the event lacks the attribute `{name}`: see what else writes to this queue")]
    Missing {
        /// The attribute.
        name: &'static str,
    },
    /// An attribute is not what the relay writes.
    #[error("the event's attribute `{name}` cannot be read: see what else writes to this queue")]
    Malformed {
        /// The attribute.
        name: &'static str,
    },
}

plain_debug!(CloudEventError);

impl CloudEvent {
    /// Reads a structured CloudEvent: one JSON object, such as a line of the relay's NDJSON.
    ///
    /// # Errors
    ///
    /// It is no envelope of the relay's.
    pub fn from_json(json: &[u8]) -> Result<Self, CloudEventError> {
        let mut fields: serde_json::Map<String, Value> =
            serde_json::from_slice(json).map_err(CloudEventError::Json)?;
        let data = fields.remove("data").unwrap_or_default();
        let attributes: Vec<_> =
            fields.iter().filter_map(|(name, value)| Some((name.as_str(), text(value)?))).collect();
        Self::new(&attributes, data)
    }

    /// Reads a CloudEvent in binary mode: the attributes, which brokers carry as headers or properties, with
    /// or without the prefix of their binding (`ce-id`, `cloudEvents:id`); and the data, which are JSON.
    ///
    /// # Errors
    ///
    /// It is no envelope of the relay's.
    pub fn from_attributes<'a>(
        attributes: impl IntoIterator<Item = (&'a str, &'a str)>,
        data: &[u8],
    ) -> Result<Self, CloudEventError> {
        let data = serde_json::from_slice(data).map_err(CloudEventError::Data)?;
        let named = |(name, value): (&'a str, &str)| {
            let bare = PREFIXES.iter().find_map(|prefix| name.strip_prefix(prefix));
            (bare.unwrap_or(name), value.to_owned())
        };
        Self::new(&attributes.into_iter().map(named).collect::<Vec<_>>(), data)
    }

    fn new(attributes: &[(&str, String)], data: Value) -> Result<Self, CloudEventError> {
        let attributes = Attributes(attributes);
        let kind = attributes.required("type")?;
        let kind = kind.strip_prefix(TYPE).ok_or(CloudEventError::Malformed { name: "type" })?;
        let version: i64 = attributes.parsed("sessionversion")?;
        if version < 1 {
            return Err(CloudEventError::Malformed { name: "sessionversion" });
        }
        let place = Place {
            log: attributes.required("source")?.to_owned(),
            session: attributes.parsed::<SessionId>("subject")?,
            version,
            event: EventId::from(attributes.parsed::<Uuid>("id")?),
            recorded_at: attributes.moment("recordedtime")?,
            links: attributes.links()?,
            is_end: kind == END,
        };
        let occurred_at = attributes.get("time").map(|_| attributes.moment("time")).transpose()?;
        Ok(Self { place, kind: kind.to_owned(), occurred_at, data })
    }

    /// Where it stands in its session: what an [`Inbox`](super::Inbox) asks for.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// What has happened, such as `logged_in`.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// When it happened, by the clock of the log's database. None after the year 9999.
    pub fn occurred_at(&self) -> Option<OffsetDateTime> {
        self.occurred_at
    }

    /// The user that the session belonged to once this had happened, if there was one and the relay tells.
    pub fn user(&self) -> Option<UserId> {
        Some(UserId::from(self.data.get("user")?.as_str()?))
    }

    /// The facts of the event, as far as `T` asks for them.
    ///
    /// # Errors
    ///
    /// They are not as `T` has them.
    pub fn data<T: DeserializeOwned>(&self) -> Result<T, CloudEventError> {
        T::deserialize(&self.data).map_err(CloudEventError::Data)
    }
}

/// An attribute's value as text; none for what no attribute can be.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The attributes by their names.
struct Attributes<'a>(&'a [(&'a str, String)]);

impl<'a> Attributes<'a> {
    fn get(&self, name: &str) -> Option<&'a str> {
        self.0.iter().find(|(attribute, _)| *attribute == name).map(|(_, value)| value.as_str())
    }

    fn required(&self, name: &'static str) -> Result<&'a str, CloudEventError> {
        self.get(name).filter(|value| !value.is_empty()).ok_or(CloudEventError::Missing { name })
    }

    fn parsed<T: FromStr>(&self, name: &'static str) -> Result<T, CloudEventError> {
        self.required(name)?.parse().map_err(|_| CloudEventError::Malformed { name })
    }

    fn moment(&self, name: &'static str) -> Result<OffsetDateTime, CloudEventError> {
        let text = self.required(name)?;
        OffsetDateTime::parse(text, &Rfc3339).map_err(|_| CloudEventError::Malformed { name })
    }

    /// Both links, or none: the relay has no link to an event that the log lacks.
    fn links(&self) -> Result<Option<Links>, CloudEventError> {
        if self.get("link").is_none() || self.get("prevlink").is_none() {
            return Ok(None);
        }
        Ok(Some(Links { previous: self.parsed("prevlink")?, own: self.parsed("link")? }))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// A line as the relay writes it.
    fn line() -> Value {
        serde_json::json!({
            "specversion": "1.0",
            "id": "01010101-0101-4101-8101-010101010101",
            "source": "/shop/sessions",
            "type": "session-ledger.device_seen",
            "subject": "02020202-0202-0202-0202-020202020202",
            "partitionkey": "02020202-0202-0202-0202-020202020202",
            "time": "2026-03-01T12:29:00Z",
            "recordedtime": "2026-03-01T12:30:00.25Z",
            "sessionversion": 3,
            "position": "5000000000",
            "prevlink": "01".repeat(32),
            "link": "02".repeat(32),
            "data": { "user": "alice", "is_new": true },
        })
    }

    fn read(line: &Value) -> Result<CloudEvent, CloudEventError> {
        CloudEvent::from_json(line.to_string().as_bytes())
    }

    #[test]
    fn a_line_is_read() {
        let event = read(&line()).unwrap();
        let place = event.place();
        assert_eq!((place.log.as_str(), place.version, place.is_end), ("/shop/sessions", 3, false));
        assert_eq!(place.session, SessionId::from_bytes([2; 16]));
        assert_eq!(place.event, EventId::from_random([1; 16]));
        assert_eq!(place.recorded_at, time::macros::datetime!(2026-03-01 12:30:00.25 UTC));
        assert_eq!(event.occurred_at(), Some(time::macros::datetime!(2026-03-01 12:29 UTC)));
        assert_eq!(place.links.unwrap().own.to_string(), "02".repeat(32));
        assert_eq!((event.kind(), event.user()), ("device_seen", Some(UserId::from("alice"))));
        #[derive(serde::Deserialize)]
        struct Seen {
            is_new: bool,
        }
        assert!(event.data::<Seen>().unwrap().is_new);
        let words = event.data::<Vec<u8>>().unwrap_err().to_string();
        assert!(words.starts_with("the data of the event are not as they were expected (invalid type: map"));
    }

    #[test]
    fn an_event_is_the_same_in_binary_mode_whatever_is_put_in_front_of_its_attributes() {
        let line = line();
        for prefix in ["", "ce-", "ce_", "cloudEvents:", "cloudEvents_"] {
            let named = |(name, value): (&String, &Value)| Some((format!("{prefix}{name}"), text(value)?));
            let attributes: Vec<_> = line.as_object().unwrap().iter().filter_map(named).collect();
            let attributes = attributes.iter().map(|(name, value)| (name.as_str(), value.as_str()));
            let data = line["data"].to_string();
            let event = CloudEvent::from_attributes(attributes, data.as_bytes()).unwrap();
            assert_eq!(event, read(&line).unwrap(), "{prefix:?}");
        }
    }

    #[test]
    fn an_event_without_both_links_has_none() {
        for name in ["prevlink", "link"] {
            let mut line = line();
            line.as_object_mut().unwrap().remove(name);
            assert_eq!(read(&line).unwrap().place().links, None, "without {name}");
        }
    }

    #[test]
    fn what_is_no_event_of_a_relay_is_refused_by_the_name_of_its_fault() {
        let told = |name: &str, value: Value| {
            let mut line = line();
            line[name] = value;
            read(&line).unwrap_err().to_string()
        };
        let missing = "the event lacks the attribute `id`: see what else writes to this queue";
        assert_eq!(told("id", Value::Null), missing);
        assert_eq!(told("id", Value::from("")), missing);
        let faults = [
            ("id", Value::from("1")),
            ("type", Value::from("com.example.order")),
            ("subject", Value::from("alice")),
            ("sessionversion", Value::from(0)),
            ("sessionversion", Value::from(1.5)),
            ("time", Value::from("noon")),
            ("recordedtime", Value::from("noon")),
            ("prevlink", Value::from("00")),
            ("link", Value::from("AB".repeat(32))),
        ];
        for (name, value) in faults {
            let words =
                format!("the event's attribute `{name}` cannot be read: see what else writes to this queue");
            assert_eq!(told(name, value), words);
        }
        let no_json = CloudEvent::from_json(b"hello").unwrap_err().to_string();
        let words = "what was delivered is no CloudEvent in JSON (expected value at line 1 column 1): see what else writes \
                     to this queue";
        assert_eq!(no_json, words);
        assert!(CloudEvent::from_json(b"[]").is_err());
    }
}
