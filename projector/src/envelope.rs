//! An event as others are told of it: CloudEvents 1.0 in its JSON format.
//!
//! An envelope never holds tokens or their hashes, the values of a session, or flash messages. Payloads that
//! this version cannot read are left out as well, since any of these may be in them.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::{Value, json};
use session_ledger::session::{Client, Recorded, UserId};
use time::format_description::well_known::Rfc3339;

use crate::console::escaped;
use crate::facts::facts;

/// One event in its envelope. `id` is the same at each delivery: drop what was seen before.
#[derive(Clone, Debug, Serialize)]
pub struct Envelope {
    specversion: &'static str,
    id: String,
    source: String,
    #[serde(rename = "type")]
    kind: String,
    subject: String,
    /// The name in the OWASP Logging Vocabulary, where that has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    owasp: Option<&'static str>,
    /// RFC 3339, which ends with the year 9999.
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<String>,
    datacontenttype: &'static str,
    sessionversion: i64,
    /// A text, since the numbers of CloudEvents have 32 bits.
    position: String,
    data: Value,
}

impl Envelope {
    /// The envelope of `recorded`; `source` is a URI reference that names the log (`/shop/sessions`).
    pub fn new(recorded: &Recorded, source: &str) -> Self {
        let entry = &recorded.entry;
        Self {
            specversion: "1.0",
            id: entry.event_id.to_string(),
            source: source.to_owned(),
            kind: format!("session-ledger.{}", entry.encoded.kind()),
            subject: recorded.session_id.to_string(),
            owasp: entry.event().ok().and_then(|event| event.owasp()),
            time: entry.occurred_at.format(&Rfc3339).ok(),
            datacontenttype: "application/json",
            sessionversion: entry.version,
            position: recorded.position.to_string(),
            data: data(recorded),
        }
    }

    /// The event's own name, the same at each delivery.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The id of the event's session. The events of one subject come in order.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// The context attributes of CloudEvents, name and value, for protocols that carry them beside the data
    /// (binary mode). An attribute that the event lacks is not among them.
    pub fn attributes(&self) -> Vec<(&'static str, Cow<'_, str>)> {
        let texts: [(&str, &str); 7] = [
            ("specversion", self.specversion),
            ("id", &self.id),
            ("source", &self.source),
            ("type", &self.kind),
            ("subject", &self.subject),
            ("datacontenttype", self.datacontenttype),
            ("position", &self.position),
        ];
        let optional = [("owasp", self.owasp), ("time", self.time.as_deref())];
        let optional = optional.into_iter().filter_map(|(name, text)| Some((name, text?)));
        let texts = texts.into_iter().chain(optional).map(|(name, text)| (name, Cow::Borrowed(text)));
        texts.chain([("sessionversion", Cow::Owned(self.sessionversion.to_string()))]).collect()
    }

    /// The data, as JSON.
    pub fn data(&self) -> Vec<u8> {
        escaped(&self.data.to_string()).into_bytes()
    }

    /// The whole event as one JSON object (structured mode, `application/cloudevents+json`), without a
    /// newline.
    ///
    /// # Errors
    ///
    /// None for an envelope that [`new`](Self::new) made; serde's interface has it so.
    pub fn structured(&self) -> Result<Vec<u8>, serde_json::Error> {
        Ok(escaped(&serde_json::to_string(self)?).into_bytes())
    }

    /// The envelope as one line of NDJSON, newline included.
    ///
    /// # Errors
    ///
    /// None for an envelope that [`new`](Self::new) made; serde's interface has it so.
    pub fn line(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut line = self.structured()?;
        line.push(b'\n');
        Ok(line)
    }
}

/// The user and the client, with the facts of the kind. Unknown parts are left out. An event with neither an
/// address nor a browser has the client of the latest event of its session that names one. An empty browser:
/// neither is known.
fn data(recorded: &Recorded) -> Value {
    let entry = &recorded.entry;
    let (client_ip, user_agent) = Client::columns(entry.client.as_ref());
    let mut data = match entry.event() {
        Ok(event) => facts(&event),
        Err(error) => {
            tracing::warn!(session = %recorded.session_id, %error, "event delivered with its payload unread");
            json!({})
        }
    };
    if let Value::Object(fields) = &mut data {
        let user = |user: &UserId| json!(user.as_str());
        let about = [
            ("user", entry.user.as_ref().map(user)),
            ("actor", entry.actor.as_ref().map(user)),
            ("client_ip", client_ip.map(|ip| json!(ip))),
            ("user_agent", user_agent.map(|agent| json!(agent))),
        ];
        fields.extend(about.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    }
    data
}
