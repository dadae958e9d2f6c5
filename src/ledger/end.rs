//! Ending sessions from outside their requests.

use super::{Error, Ledger};
use crate::session::{Client, Draft, EndReason, EventId, Expiry, Origin, SessionId, TokenHash, UserId, Wish};
use crate::store::append::Append;
use crate::store::load::{LiveSession, Load};
use crate::store::transaction::Transaction;

/// How often an end is tried again when requests keep changing the session meanwhile.
const ATTEMPTS_MAX: usize = 16;

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
        for _ in 0..ATTEMPTS_MAX {
            outcome = self.try_end(session, reason.clone(), actor.clone()).await;
            if !outcome.as_ref().is_err_and(Error::is_retryable) {
                break;
            }
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
        let (client, loaded) = Load::alone(self.client().await?, id).await?;
        drop(client);
        let Some(live) = loaded.session else { return Ok(false) };
        let expiry = live.state.expiry(live.last_seen, loaded.now);
        let Expiry { reason, deadline } = expiry.unwrap_or(Expiry { reason, deadline: loaded.now });
        let origin = Origin { at: deadline, client: Client::default(), actor };
        self.append_end(id, live, reason, &origin).await?;
        Ok(true)
    }

    /// Appends the end of a session as it was loaded, in a transaction of its own.
    pub(crate) async fn append_end(
        &self,
        id: SessionId,
        live: LiveSession,
        reason: EndReason,
        origin: &Origin,
    ) -> Result<(), Error> {
        let mut draft = Draft::stored(id, live.state, self.policy().state_bytes_max);
        // An end is always granted.
        draft.wish(Wish::End { reason, last_seen: live.last_seen }, origin.at).ok();
        let event_id = || EventId::from_random(rand::random());
        let Some(written) = draft.write(TokenHash::default(), origin, event_id) else { return Ok(()) };
        let append = Append { written, resend: None };
        Transaction::reserve(self.pool()).await?.commit(self.pool(), &[append], None).await
    }
}
