//! Ending sessions from outside their requests.

use super::retry::backoff;
use super::{Error, Ledger};
use crate::session::{Client, Draft, EndReason, EventId, Expiry, Origin, SessionId, TokenHash, UserId, Wish};
use crate::store::connection::pool::Connection;
use crate::store::request::append::Append;
use crate::store::request::load::{LiveSession, load_within};
use crate::store::request::transaction::Transaction;

/// How often an end is tried again when requests keep changing the session meanwhile.
const ATTEMPTS_MAX: u32 = 16;

impl Ledger {
    /// Ends a session for good, whoever is using it: no request of it takes effect once this has returned.
    /// `actor` is who ends it, if that is a user. Says whether there was a live session to end.
    ///
    /// # Errors
    ///
    /// The database is away, or requests of the session kept changing it.
    pub async fn end(
        &self,
        session: SessionId,
        reason: EndReason,
        actor: Option<UserId>,
    ) -> Result<bool, Error> {
        let mut outcome = Ok(false);
        for attempt in 1..=ATTEMPTS_MAX {
            outcome = self.try_end(session, reason.clone(), actor.clone()).await;
            if !outcome.as_ref().is_err_and(Error::is_retryable) {
                break;
            }
            tokio::time::sleep(backoff(attempt)).await;
        }
        outcome
    }

    /// Ends all live sessions of a user but `keep`; `None` ends them all. Says how many it ended.
    ///
    /// # Errors
    ///
    /// As [`end`](Self::end). Sessions that were ended before the error stay ended.
    pub async fn end_all(
        &self,
        user: &UserId,
        keep: Option<SessionId>,
        reason: EndReason,
        actor: Option<UserId>,
    ) -> Result<usize, Error> {
        let mut ended = 0;
        for summary in self.sessions(user).await? {
            if summary.ended.is_none() && Some(summary.id) != keep {
                ended += usize::from(self.end(summary.id, reason.clone(), actor.clone()).await?);
            }
        }
        Ok(ended)
    }

    async fn try_end(&self, id: SessionId, reason: EndReason, actor: Option<UserId>) -> Result<bool, Error> {
        let loaded = self.load(id).await?;
        let origin = Origin { at: loaded.now, client: Client::default(), actor };
        let Some(append) = loaded.session.and_then(|live| self.end_of(id, live, reason, origin)) else {
            return Ok(false);
        };
        self.commit_end(append).await?;
        Ok(true)
    }

    /// Ends a session inside a transaction of the application's: with it, or not at all.
    pub(crate) async fn end_within(
        &self,
        connection: &Connection,
        id: SessionId,
        reason: EndReason,
        origin: Origin,
    ) -> Result<bool, Error> {
        let loaded = load_within(connection, id).await?;
        let origin = Origin { at: loaded.now, ..origin };
        let Some(append) = loaded.session.and_then(|live| self.end_of(id, live, reason, origin)) else {
            return Ok(false);
        };
        append.run(connection, &append.ready(connection).await?).await?;
        Ok(true)
    }

    /// Ends a session that a request has found overdue, in a transaction of its own.
    pub(crate) async fn append_end(
        &self,
        id: SessionId,
        live: LiveSession,
        reason: EndReason,
        origin: Origin,
    ) -> Result<(), Error> {
        match self.end_of(id, live, reason, origin) {
            Some(append) => self.commit_end(append).await,
            None => Ok(()),
        }
    }

    /// The end of a session as it was loaded. If its time was over before, that is why it ends, and when.
    fn end_of(&self, id: SessionId, live: LiveSession, reason: EndReason, origin: Origin) -> Option<Append> {
        let expiry = live.state.expiry(live.last_seen, origin.at);
        let Expiry { reason, deadline } = expiry.unwrap_or(Expiry { reason, deadline: origin.at });
        let origin = Origin { at: deadline, ..origin };
        let mut draft = Draft::stored(id, live.state, self.policy().state_bytes_max);
        // An end is always granted.
        draft.wish(Wish::End { reason, last_seen: live.last_seen }, origin.at).ok();
        let written = draft.write(TokenHash::default(), &origin, || EventId::from_random(rand::random()))?;
        Some(Append { written, resend: None })
    }

    async fn commit_end(&self, append: Append) -> Result<(), Error> {
        Transaction::reserve(self.pool()).await?.commit(self.pool(), &[&append], None).await
    }
}
