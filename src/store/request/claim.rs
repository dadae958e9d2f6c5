//! Taking an event's place in the log for good.
//!
//! A transaction that was lost on its way may be anywhere: in a socket's buffer, with a server process that has not
//! come to it, behind a lock. That its event is not in the log proves nothing. So it is made true: something harmless
//! is appended in its stead, and an append that comes later finds its session moved on, and fails.

use time::OffsetDateTime;

use super::append::Append;
use super::load::{LiveSession, load};
use super::transaction::Transaction;
use crate::session::{
    Client, Draft, EndReason, EventId, Origin, SessionId, Timeouts, TokenHash, Wish, Written,
};
use crate::store::connection::pool::Pool;
use crate::store::error::Error;

/// What a history shows where a request's changes would have been.
const NAME: &str = "session_ledger:abandoned";
const TEXT: &str = "The connection of a request was lost before its changes were committed.";

/// Why a session ended that never came into being.
const REASON: &str = "abandoned";

/// Takes the place of a session's event at `version`. Waits for a transaction that is about to.
///
/// # Errors
///
/// The place is not free, or the database is away.
pub(super) async fn claim_version(pool: &Pool, session: SessionId, version: i64) -> Result<(), Error> {
    let transaction = Transaction::reserve(pool).await?;
    let loaded = load(transaction.client(), session, None).await?;
    let appends = match loaded.session {
        Some(live) if live.state.version + 1 == version => note(session, live),
        None if version == 1 => stillborn(session, loaded.now),
        _ => None,
    };
    let appends = appends.ok_or(Error::Stale { session })?;
    let appends: Vec<&Append> = appends.iter().collect();
    transaction.try_commit(&appends, None).await.map_err(Error::from)
}

/// A note in the history of a live session. It bears the time of the event before, as it must not make the session
/// live longer.
fn note(session: SessionId, live: LiveSession) -> Option<Vec<Append>> {
    let at = live.state.changed_at;
    let mut draft = Draft::stored(session, live.state, usize::MAX);
    let written = write(&mut draft, Wish::Note { name: NAME.into(), text: TEXT.into() }, at)?;
    Some(vec![Append { written, resend: live.resend }])
}

/// A session that starts and ends at once, so that no other can start under its id. No secret opens it.
fn stillborn(session: SessionId, at: OffsetDateTime) -> Option<Vec<Append>> {
    let mut draft = Draft::anonymous(session, Timeouts::default(), usize::MAX);
    let start = write(&mut draft, Wish::Note { name: NAME.into(), text: TEXT.into() }, at)?;
    let mut draft = Draft::stored(session, start.state.clone(), usize::MAX);
    let end = Wish::End { reason: EndReason::Other(REASON.into()), last_seen: at };
    let end = write(&mut draft, end, at)?;
    Some([start, end].map(|written| Append { written, resend: None }).into())
}

fn write(draft: &mut Draft, wish: Wish, at: OffsetDateTime) -> Option<Written> {
    draft.wish(wish, at).ok()?;
    let origin = Origin { at, client: Client::default(), actor: None };
    draft.write(TokenHash::default(), &origin, || EventId::from_random(rand::random()))
}
