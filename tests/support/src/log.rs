//! Writing to the log by hand, for tests of its readers.

use session_ledger::session::{Event, EventId, SessionId};
use tokio_postgres::{Client, Error};
use uuid::Uuid;

/// As the library's own statements do: the session's row first, at the version before, then the event; a
/// division by zero if the session is not at that version.
const APPEND: &str = "
    with projected as (
        update session_ledger.session set version = $2::bigint, changed_at = session_ledger.clock()
         where session_id = $1 and version = $2::bigint - 1
        returning session_id
    ),
    started as (
        insert into session_ledger.session (session_id, version, started_at, changed_at, token_hash, head_hash, state)
        select $1, 1, session_ledger.clock(), session_ledger.clock(), $7::bytea, $7::bytea, ''::bytea
         where $2 = 1::bigint
        returning session_id
    ),
    appended as (
        insert into session_ledger.event (session_id, version, event_id, kind, shape, payload, hash, occurred_at)
        select session_id, $2::bigint, $3, $4, $5, $6, $7::bytea, session_ledger.clock()
          from (select * from projected union all select * from started) as s
        returning 1
    )
    select 1 / count(*) from appended";

/// Appends the `version`th event of a session, in the client's transaction. The hash chain is left blank.
///
/// # Errors
///
/// The session is not at the version before, or the transaction conflicts with another.
pub async fn append(
    client: &Client,
    session: SessionId,
    version: i64,
    event: &Event,
) -> Result<EventId, Error> {
    let (event_id, blank) = (Uuid::new_v4(), [0_u8; 32]);
    let encoded = event.encode();
    let (kind, shape, payload) = (encoded.kind(), encoded.shape(), encoded.payload());
    client
        .query(APPEND, &[&session.as_uuid(), &version, &event_id, &kind, &shape, &payload, &&blank[..]])
        .await?;
    Ok(EventId::from(event_id))
}
