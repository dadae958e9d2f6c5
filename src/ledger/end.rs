//! Ending sessions from outside their requests.

use super::desk::ending;
use super::retry::backoff;
use super::{Error, Ledger};
use crate::session::{Client, EndReason, SessionId, UserId};

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
        let Some(ending) = ending(self.load(id).await?, id, reason) else { return Ok(false) };
        self.commit_end(ending, Client::default(), actor).await
    }
}
