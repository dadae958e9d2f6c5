//! Claiming a version of a session for good.
//!
//! A transaction whose connection was lost may still be on its way: in a socket's buffer, in a server process
//! that has not read it yet, behind a lock. Its event is not in the log now, but may come later. So something
//! harmless is appended in its place. An append that comes later finds that its session has moved on, and
//! fails.

use time::OffsetDateTime;

use super::append::Append;
use super::load::{LiveSession, load};
use super::transaction::Transaction;
use crate::session::{
    Client, Draft, EndReason, Noted, Origin, SessionId, Timeouts, TokenHash, Wish, WishError, Written,
};
use crate::store::connection::pool::Pool;
use crate::store::error::Error;

/// The name and the text of the note that a history shows in place of the lost changes.
const NAME: &str = "session_ledger:abandoned";
const TEXT: &str = "The connection of a request was lost before its changes were committed.";

/// The reason of the end of a session whose start was lost.
const REASON: &str = "abandoned";

/// Appends something harmless at `version` of a session. Waits for another transaction that is appending
/// there.
///
/// # Errors
///
/// The session is not at the version before, or the database is away.
pub(super) async fn claim_version(pool: &Pool, session: SessionId, version: i64) -> Result<(), Error> {
    let transaction = Transaction::reserve(pool).await?;
    let loaded = load(transaction.client(), session, None).await?;
    let appends = match loaded.session {
        // A note would take the place of what the session holds.
        Some(LiveSession { damage: Some(error), .. }) => return Err(Error::Undecodable { session, error }),
        Some(live) if live.state.version + 1 == version => note(session, live)?,
        None if version == 1 => stillborn(session, loaded.now.at)?,
        _ => None,
    };
    let appends = appends.ok_or(Error::Stale { session })?;
    let appends: Vec<&Append> = appends.iter().collect();
    transaction.try_commit(&appends, None).await.map_err(Error::from)
}

/// A note in the history of a live session. It has the time of the event before it: it must not extend the
/// session's life.
fn note(session: SessionId, live: LiveSession) -> Result<Option<Vec<Append>>, WishError> {
    let at = live.state.changed_at;
    let mut draft = Draft::stored(session, live.state, usize::MAX);
    let written = write(&mut draft, Wish::Note(Noted::of_text(NAME, TEXT)), at)?;
    Ok(written.map(|written| vec![Append::of(written, live.resend)]))
}

/// A session that starts and ends at once, so that no other session can start with this id. No secret opens
/// it.
fn stillborn(session: SessionId, at: OffsetDateTime) -> Result<Option<Vec<Append>>, WishError> {
    let mut draft = Draft::anonymous(session, Timeouts::default(), usize::MAX);
    let Some(start) = write(&mut draft, Wish::Note(Noted::of_text(NAME, TEXT)), at)? else {
        return Ok(None);
    };
    let mut draft = Draft::stored(session, start.state.clone(), usize::MAX);
    let end = Wish::End { reason: EndReason::Other(REASON.into()), last_seen: at, by: None };
    let end = write(&mut draft, end, at)?;
    let appends = [Some(start), end].into_iter().flatten().map(|written| Append::of(written, None));
    Ok(Some(appends.collect()))
}

fn write(draft: &mut Draft, wish: Wish, at: OffsetDateTime) -> Result<Option<Written>, WishError> {
    draft.wish(wish, at)?;
    let origin = Origin { at, client: Client::default(), actor: None };
    Ok(draft.write(TokenHash::default(), &origin, rand::random))
}
