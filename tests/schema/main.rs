//! The schema: how it is made, beside applications too, and the statements that it refuses to everybody.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod guarding;
mod held_up;
mod migrating;
mod partitioning;

use session_ledger::session::{ChainHash, Content, SessionId};
use time::OffsetDateTime;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Error};
use uuid::Uuid;

/// Runs a statement that must be refused, and returns the error.
async fn refusal(client: &Client, statement: &str) -> Refusal {
    let error = client.batch_execute(statement).await.expect_err(statement);
    Refusal::of(&error)
}

#[derive(Debug, PartialEq)]
struct Refusal {
    code: SqlState,
    message: String,
    constraint: Option<String>,
}

impl Refusal {
    fn of(error: &Error) -> Self {
        let refusal = error.as_db_error().unwrap();
        let constraint = refusal.constraint().map(str::to_owned);
        Self { code: refusal.code().clone(), message: refusal.message().to_owned(), constraint }
    }
}

/// A session that started now.
fn session() -> SessionId {
    session_of(OffsetDateTime::now_utc())
}

fn session_of(started: OffsetDateTime) -> SessionId {
    SessionId::new(started, Uuid::new_v4().as_bytes()[..10].try_into().unwrap())
}

/// Writes the first event of a session, without a row, as only the log matters.
async fn record(client: &Client, session: SessionId) -> Result<u64, Error> {
    record_as(client, session, 1, ChainHash::genesis(session).as_bytes()).await
}

async fn record_as(client: &Client, session: SessionId, version: i64, hash: &[u8]) -> Result<u64, Error> {
    let insert = "insert into session_ledger.event (session_id, version, event_id, kind, shape, occurred_at, hash, payload)
        values ($1, $2::bigint, gen_random_uuid(), 'cleared', 1, now(), $3::bytea, '')";
    client.execute(insert, &[&session.as_uuid(), &version, &hash]).await
}

/// Writes a live session with its first event and its row.
async fn start(client: &Client, user: &str) -> SessionId {
    let session = session();
    record(client, session).await.unwrap();
    let insert = "insert into session_ledger.session (
            session_id, version, started_at, changed_at, token_hash, head_hash, user_id, state
        ) values ($1, 1, now(), now(), sha256('token'), $2, $3, $4)";
    let (head, state) = (ChainHash::genesis(session), Content::default().encode());
    let values: [&(dyn tokio_postgres::types::ToSql + Sync); 4] =
        [&session.as_uuid(), &head.as_bytes().as_slice(), &user, &state];
    client.execute(insert, &values).await.unwrap();
    session
}
