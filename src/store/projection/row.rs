//! From a session's state to its row, and from a row to the state.

use time::OffsetDateTime;
use tokio_postgres::Row;

use super::columns::{EndedRow, LiveRow, LoginRow};
use crate::session::{
    Assurance, ChainHash, Client, Content, DecodeError, EndReason, LoginStep, SessionState, Superseded,
    TokenHash, UserId,
};
use crate::store::error::Error;

/// A session's row, in the table that its state puts it in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ProjectedRow {
    /// In `session`.
    Live(LiveRow),
    /// In `ended_session`.
    Ended(EndedRow),
}

impl ProjectedRow {
    /// The row that `state` makes, without the session's id.
    pub(crate) fn of(state: &SessionState) -> Self {
        match &state.ended {
            None => Self::Live(LiveRow::of(state)),
            Some((reason, ended_at)) => Self::Ended(EndedRow::of(state, reason, *ended_at)),
        }
    }

    /// The version of the session's latest event.
    pub(crate) fn version(&self) -> i64 {
        match self {
            Self::Live(row) => row.version,
            Self::Ended(row) => row.version,
        }
    }
}

impl EndedRow {
    fn of(state: &SessionState, reason: &EndReason, ended_at: OffsetDateTime) -> Self {
        let (client_ip, user_agent) = Client::columns(state.client.as_ref());
        Self {
            version: state.version,
            started_at: state.started_at,
            ended_at,
            last_seen: state.last_seen.unwrap_or(ended_at),
            authenticated_at: state.authenticated_at,
            reason: reason.as_str().to_owned(),
            user_id: user(state),
            client_ip,
            user_agent: user_agent.map(str::to_owned),
            head_hash: state.head.as_bytes().to_vec(),
            ended_by: state.ended_by.as_ref().map(|actor| actor.as_str().to_owned()),
        }
    }
}

impl LoginRow {
    /// The row of a step of a login.
    pub(crate) fn of(step: LoginStep<'_>) -> Self {
        let LoginStep { entry, user, methods, assurance } = step;
        let (client_ip, user_agent) = Client::columns(entry.client.as_ref());
        Self {
            version: entry.version,
            occurred_at: entry.occurred_at,
            kind: entry.encoded.kind().to_owned(),
            user_id: user.map(|user| user.as_str().to_owned()),
            actor: entry.actor.as_ref().map(|actor| actor.as_str().to_owned()),
            methods,
            assurance: assurance.map(Assurance::level),
            client_ip,
            user_agent: user_agent.map(str::to_owned),
        }
    }
}

impl LiveRow {
    /// The row with its state in today's shape: an older one is no difference.
    pub(super) fn in_todays_shape(self) -> Self {
        let state = Content::in_todays_shape(&self.state).unwrap_or(self.state);
        Self { state, ..self }
    }

    /// The row of a live session.
    pub(crate) fn of(state: &SessionState) -> Self {
        let idle = state.content.timeouts.idle;
        let (client_ip, user_agent) = Client::columns(state.client.as_ref());
        Self {
            version: state.version,
            started_at: state.started_at,
            changed_at: state.changed_at,
            authenticated_at: state.authenticated_at,
            absolute_deadline: state.absolute_deadline(),
            superseded_until: state.superseded.map(|superseded| superseded.until),
            idle_timeout: idle.map(|seconds| i32::try_from(seconds).unwrap_or(i32::MAX)),
            superseded_accepted: state.superseded.map(|superseded| superseded.accepted),
            token_hash: state.token_hash.as_bytes().to_vec(),
            superseded_hash: state.superseded.map(|superseded| superseded.token_hash.as_bytes().to_vec()),
            head_hash: state.head.as_bytes().to_vec(),
            user_id: user(state),
            client_ip,
            user_agent: user_agent.map(str::to_owned),
            state: state.content.encode(),
        }
    }
}

/// The state of a live session, from its row in `session`, and why its content cannot be read, if it cannot:
/// then it is empty, and all that is known is in the other columns.
pub(crate) fn state_of(row: &Row) -> Result<(SessionState, Option<DecodeError>), Error> {
    let (content, damage) = match Content::decode(row.try_get("state")?) {
        Ok(content) => (content, None),
        Err(damage) => (Content::default(), Some(damage)),
    };
    let state = SessionState {
        version: row.try_get("version")?,
        head: ChainHash::from_bytes(hash(row, "head_hash")?.unwrap_or_default()),
        changed_at: row.try_get("changed_at")?,
        started_at: row.try_get("started_at")?,
        token_hash: TokenHash::from_bytes(hash(row, "token_hash")?.unwrap_or_default()),
        superseded: superseded(row)?,
        user: row.try_get::<_, Option<String>>("user_id")?.map(UserId::from),
        authenticated_at: row.try_get("authenticated_at")?,
        client: Client::from_columns(row.try_get("client_ip")?, row.try_get("user_agent")?),
        content,
        ended: None,
        ended_by: None,
        last_seen: None,
    };
    Ok((state, damage))
}

fn superseded(row: &Row) -> Result<Option<Superseded>, Error> {
    let Some(token_hash) = hash(row, "superseded_hash")? else { return Ok(None) };
    let until =
        row.try_get::<_, Option<OffsetDateTime>>("superseded_until")?.unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let accepted = row.try_get::<_, Option<bool>>("superseded_accepted")?.unwrap_or(false);
    Ok(Some(Superseded { token_hash: TokenHash::from_bytes(token_hash), until, accepted }))
}

/// A column of 32 bytes. A value of another length cannot match anything, and reads as zeros.
fn hash(row: &Row, column: &str) -> Result<Option<[u8; 32]>, Error> {
    let bytes: Option<&[u8]> = row.try_get(column)?;
    Ok(bytes.map(|bytes| bytes.try_into().unwrap_or_default()))
}

fn user(state: &SessionState) -> Option<String> {
    state.user.as_ref().map(|user| user.as_str().to_owned())
}
