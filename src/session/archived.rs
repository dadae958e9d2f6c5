//! Events outside the database: one line of JSON each, with all that the log held of it.

use std::borrow::Cow;
use std::net::IpAddr;

use data_encoding::{BASE64, HEXLOWER};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

use super::{ChainHash, Client, ClientProof, Encoded, Entry, EventId, Recorded, SessionId, UserId};
use crate::plain_debug::plain_debug;

/// An event with every column that the log had of it: an archive holds no less than the log did.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Archived {
    /// The event as the log recorded it. Its client is the one that it says.
    pub recorded: Recorded,
    /// The database's epoch when it was recorded.
    pub epoch: i16,
}

/// A line of an archive that is no event.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("this is no line of an archive: {problem}")]
pub struct ArchivedLineError {
    /// What is wrong with it.
    pub problem: String,
}

plain_debug!(ArchivedLineError);

/// The fields of a line. Their names are promised, as an archive is read for ever.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<'a> {
    session: Cow<'a, str>,
    version: i64,
    event: Cow<'a, str>,
    kind: Cow<'a, str>,
    shape: i16,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    user: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    actor: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    client_ip: Option<IpAddr>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    user_agent: Option<Cow<'a, str>>,
    occurred_at: Cow<'a, str>,
    recorded_at: Cow<'a, str>,
    epoch: i16,
    transaction: u64,
    position: i64,
    payload: Cow<'a, str>,
    hash: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    client_proof: Option<Cow<'a, str>>,
}

impl Archived {
    /// The event as a line of JSON, without the line's end.
    ///
    /// # Errors
    ///
    /// One of its times is beyond the calendar.
    pub fn line(&self) -> Result<String, ArchivedLineError> {
        let Recorded { session_id, entry, recorded_at, transaction_id, position, .. } = &self.recorded;
        let (client_ip, user_agent) = Client::columns(entry.client.as_ref());
        let time = |at: OffsetDateTime| at.format(&Rfc3339).map(Cow::Owned).map_err(refused);
        let line = Line {
            session: session_id.to_string().into(),
            version: entry.version,
            event: entry.event_id.as_uuid().to_string().into(),
            kind: entry.encoded.kind().into(),
            shape: entry.encoded.shape(),
            user: entry.user.as_ref().map(|user| user.as_str().into()),
            actor: entry.actor.as_ref().map(|actor| actor.as_str().into()),
            client_ip,
            user_agent: user_agent.map(Cow::Borrowed),
            occurred_at: time(entry.occurred_at)?,
            recorded_at: time(*recorded_at)?,
            epoch: self.epoch,
            transaction: *transaction_id,
            position: *position,
            payload: BASE64.encode(entry.encoded.payload()).into(),
            hash: HEXLOWER.encode(entry.hash.as_bytes()).into(),
            client_proof: entry.client_proof.map(|proof| HEXLOWER.encode(proof.as_bytes()).into()),
        };
        serde_json::to_string(&line).map_err(refused)
    }

    /// Reads such a line.
    ///
    /// # Errors
    ///
    /// It is another text.
    pub fn of_line(text: &str) -> Result<Self, ArchivedLineError> {
        let line: Line<'_> = serde_json::from_str(text).map_err(refused)?;
        let time = |text: &str| OffsetDateTime::parse(text, &Rfc3339).map_err(refused);
        let payload = BASE64.decode(line.payload.as_bytes()).map_err(refused)?;
        let hash = HEXLOWER.decode(line.hash.as_bytes()).map_err(refused)?;
        let proof = line.client_proof.map(|proof| HEXLOWER.decode(proof.as_bytes()).map_err(refused));
        let client = Client::from_columns(line.client_ip, line.user_agent.as_deref());
        let entry = Entry {
            version: line.version,
            event_id: EventId::from(line.event.parse::<Uuid>().map_err(refused)?),
            encoded: Encoded::stored(&line.kind, line.shape, &payload),
            user: line.user.as_deref().map(UserId::from),
            actor: line.actor.as_deref().map(UserId::from),
            client: client.clone(),
            client_proof: proof.transpose()?.as_deref().map(ClientProof::from_column),
            occurred_at: time(&line.occurred_at)?,
            hash: ChainHash::from_bytes(
                hash.try_into().map_err(|_| refused("a hash of another length than 32 bytes"))?,
            ),
        };
        let session_id: SessionId = line.session.parse().map_err(|_| refused("its session is no id"))?;
        let recorded = Recorded {
            session_id,
            entry,
            client,
            recorded_at: time(&line.recorded_at)?,
            transaction_id: line.transaction,
            position: line.position,
        };
        Ok(Self { recorded, epoch: line.epoch })
    }
}

fn refused(problem: impl ToString) -> ArchivedLineError {
    ArchivedLineError { problem: problem.to_string() }
}
