//! An event as others are told of it: CloudEvents 1.0 in its JSON format.
//!
//! An envelope never holds tokens or their hashes, the values of a session, or flash messages. Payloads that
//! this version cannot read are left out as well, since any of these may be in them.

mod data;
mod recent;
mod schema;

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::Serialize;
use session_ledger::session::{ChainHash, Recorded};
use session_ledger::{Error, Ledger};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use self::data::Data;
pub(crate) use self::recent::Recent;
pub use self::schema::{print, schema};
use crate::console::escaped;

/// After so many envelopes, others of this task have their turn: the next batch is read meanwhile.
const PIECE: usize = 32;

/// How events are told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Telling {
    /// The `source`: a URI reference that names the log (`/shop/sessions`).
    pub source: String,
    /// Whether personal fields are told: addresses and browsers of clients, and the reasons for which
    /// somebody acted as somebody else.
    pub personal: bool,
    /// Names of values and of notes. That one changed is told, but not which value, nor what the note says.
    pub withheld: Vec<String>,
}

/// One event of one session of a session-ledger, in the JSON format of CloudEvents 1.0.
// The comments on the fields are descriptions in the published schema.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Envelope {
    /// The version of CloudEvents.
    #[schemars(extend("const" = "1.0"))]
    specversion: &'static str,
    /// The event's own name, the same at each delivery: drop what was seen before.
    #[schemars(extend("format" = "uuid"))]
    id: String,
    /// Which log the event is of.
    #[schemars(extend("format" = "uri-reference"))]
    source: String,
    /// The event's kind, behind `session-ledger.`
    #[serde(rename = "type")]
    kind: String,
    /// The id of the session.
    #[schemars(extend("format" = "uuid"))]
    subject: String,
    /// Events of one key come in order: the id of the session.
    partitionkey: String,
    /// The name in the OWASP Logging Vocabulary, where that has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    owasp: Option<&'static str>,
    /// When it happened, by the database's clock. Absent after the year 9999.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", extend("format" = "date-time"))]
    time: Option<String>,
    /// When the database wrote it, by its own clock. Absent after the year 9999.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", extend("format" = "date-time"))]
    recordedtime: Option<String>,
    /// The media type of the data.
    #[schemars(extend("const" = "application/json"))]
    datacontenttype: &'static str,
    /// Which schema the data follows. Absent if the relay could not read the event's payload; then the data
    /// tells who and from where alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", extend("format" = "uri"))]
    dataschema: Option<String>,
    /// 1, 2, 3 … within the session.
    #[schemars(range(min = 1))]
    sessionversion: i64,
    /// The event's place in the order of insertion, as a text, since the numbers of CloudEvents have 32 bits.
    /// Events of different sessions may come in another order.
    position: String,
    /// The link of the session's event before this one, for the first event that of its genesis. Absent if
    /// the log lacks the event before.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", regex(pattern = "^[0-9a-f]{64}$"))]
    prevlink: Option<String>,
    /// The link of the session's events up to this one.
    #[schemars(regex(pattern = "^[0-9a-f]{64}$"))]
    link: String,
    /// The event's facts.
    #[schemars(with = "serde_json::Map<String, serde_json::Value>")]
    data: Data,
}

/// The envelopes of `events`, in their order. Hand in a batch of the feed as a whole: the log is asked for
/// the links that are not in it.
///
/// # Errors
///
/// The database is away, or the role may not read the log.
pub async fn envelopes(
    ledger: &Ledger,
    events: &[Recorded],
    telling: &Telling,
) -> Result<Vec<Envelope>, Error> {
    envelopes_behind(&mut Recent::default(), ledger, events, telling).await
}

/// As [`envelopes`], behind those that were told before.
pub(crate) async fn envelopes_behind(
    recent: &mut Recent,
    ledger: &Ledger,
    events: &[Recorded],
    telling: &Telling,
) -> Result<Vec<Envelope>, Error> {
    let known: Vec<Option<ChainHash>> = events.iter().map(|recorded| recent.before(recorded)).collect();
    let unknown = events.iter().zip(&known).filter(|(_, known)| known.is_none());
    let unknown: Vec<Recorded> = unknown.map(|(recorded, _)| recorded.clone()).collect();
    let mut looked_up = ledger.chain_before(&unknown).await?.into_iter();
    let mut envelopes = Vec::with_capacity(events.len());
    for (recorded, known) in events.iter().zip(known) {
        let before = known.or_else(|| looked_up.next().flatten());
        envelopes.push(Envelope::new(recorded, before, telling));
        if envelopes.len() % PIECE == 0 {
            tokio::task::yield_now().await;
        }
    }
    Ok(envelopes)
}

impl Envelope {
    /// The envelope of `recorded`; `before` is the chain of its session before it, if that is known.
    pub fn new(recorded: &Recorded, before: Option<ChainHash>, telling: &Telling) -> Self {
        let entry = &recorded.entry;
        let event = entry.event().inspect_err(|error| {
            tracing::warn!(session = %recorded.session_id, %error, "event delivered with its payload unread");
        });
        let event = event.ok();
        let subject = recorded.session_id.to_string();
        let data = Data::new(entry, event.as_ref(), telling);
        Self {
            specversion: "1.0",
            id: entry.event_id.to_string(),
            source: telling.source.clone(),
            kind: format!("session-ledger.{}", entry.encoded.kind()),
            partitionkey: subject.clone(),
            subject,
            owasp: event.as_ref().and_then(|event| event.owasp()),
            time: moment(entry.occurred_at),
            recordedtime: moment(recorded.recorded_at),
            datacontenttype: "application/json",
            dataschema: event.as_ref().and_then(schema::of),
            sessionversion: entry.version,
            position: recorded.position.to_string(),
            prevlink: before.map(|hash| hash.link().to_string()),
            link: entry.hash.link().to_string(),
            data,
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

    /// The `type`: the event's kind, behind `session-ledger.`
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The event's place in the order of insertion.
    pub fn position(&self) -> &str {
        &self.position
    }

    /// The context attributes of CloudEvents, name and value, for protocols that carry them beside the data
    /// (binary mode). An attribute that the event lacks is not among them.
    pub fn attributes(&self) -> Vec<(&'static str, Cow<'_, str>)> {
        let texts: [(&str, &str); 9] = [
            ("specversion", self.specversion),
            ("id", &self.id),
            ("source", &self.source),
            ("type", &self.kind),
            ("subject", &self.subject),
            ("partitionkey", &self.partitionkey),
            ("datacontenttype", self.datacontenttype),
            ("position", &self.position),
            ("link", &self.link),
        ];
        let optional = [
            ("owasp", self.owasp),
            ("time", self.time.as_deref()),
            ("recordedtime", self.recordedtime.as_deref()),
            ("dataschema", self.dataschema.as_deref()),
            ("prevlink", self.prevlink.as_deref()),
        ];
        let optional = optional.into_iter().filter_map(|(name, text)| Some((name, text?)));
        let texts = texts.into_iter().chain(optional).map(|(name, text)| (name, Cow::Borrowed(text)));
        texts.chain([("sessionversion", Cow::Owned(self.sessionversion.to_string()))]).collect()
    }

    /// The data, as JSON.
    ///
    /// # Errors
    ///
    /// None for an envelope that [`new`](Self::new) made; serde's interface has it so.
    pub fn data(&self) -> Result<Vec<u8>, serde_json::Error> {
        json(&self.data)
    }

    /// The whole event as one JSON object (structured mode, `application/cloudevents+json`), without a
    /// newline.
    ///
    /// # Errors
    ///
    /// None for an envelope that [`new`](Self::new) made; serde's interface has it so.
    pub fn structured(&self) -> Result<Vec<u8>, serde_json::Error> {
        json(self)
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

fn json(told: &impl Serialize) -> Result<Vec<u8>, serde_json::Error> {
    let text = serde_json::to_string(told)?;
    Ok(match escaped(&text) {
        Cow::Borrowed(_) => text.into_bytes(),
        Cow::Owned(escaped) => escaped.into_bytes(),
    })
}

/// None after the year 9999, with which RFC 3339 ends.
fn moment(at: OffsetDateTime) -> Option<String> {
    at.format(&Rfc3339).ok()
}
