//! Ending the sessions whose time is over, and whose browsers never came back to notice.

use std::collections::HashSet;
use std::pin::pin;
use std::time::Instant;

use futures_util::{Stream, TryStreamExt, stream};
use time::OffsetDateTime;
use uuid::Uuid;

use super::desk::{Append, LiveSession, append_of};
use super::retry::{backoff, may_try_again};
use super::{Error, Ledger};
use crate::session::{Client, EndReason, Ending, SessionId};
use crate::store::request::end_group::end_group;
use crate::store::request::overdue_page::{OverduePage, Sight, overdue_page};

/// What a sweep has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Swept {
    /// How many sessions ended because nobody had used them for too long.
    pub idle: u64,
    /// How many ended because their time was over, however busy.
    pub absolute: u64,
    /// How many were left, as a request or another sweep was at them. The next sweep finds those that are
    /// still live.
    pub left: u64,
}

impl Swept {
    /// How many sessions have ended.
    pub fn ended(&self) -> u64 {
        self.idle + self.absolute
    }

    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            idle: self.idle + other.idle,
            absolute: self.absolute + other.absolute,
            left: self.left + other.left,
        }
    }
}

impl Ledger {
    /// Ends the sessions whose time is over: by their own limits, or else by those of this ledger's policy,
    /// which must be the application's. The event of an end bears the true deadline as its time, and when the
    /// session was last seen.
    ///
    /// No session needs this in order to be over: whoever comes with its cookie is told so. It ends those
    /// that nobody comes back to, so that lists, limits per user and the log know it.
    ///
    /// It looks at all live sessions, a bounded number with each statement, and ends the overdue ones in
    /// batches, each in a transaction of its own. It waits for no request: a session that somebody holds, or
    /// that was used since it was looked at, is left. Several may run side by side. It reads outside of
    /// SERIALIZABLE, so requests of other sessions are not disturbed.
    ///
    /// ```no_run
    /// # use session_ledger::{Error, Ledger};
    /// # async fn example(ledger: Ledger) -> Result<(), Error> {
    /// let swept = ledger.sweep().await?;
    /// println!("{} sessions were over", swept.ended());
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// The database is away, its clock has jumped, or the role is not granted `session_ledger_runtime`. What
    /// was ended stays ended.
    pub async fn sweep(&self) -> Result<Swept, Error> {
        let mut batches = pin!(self.sweep_stream());
        let mut swept = Swept::default();
        while let Some(batch) = batches.try_next().await? {
            swept = swept.and(batch);
        }
        Ok(swept)
    }

    /// As [`sweep`](Self::sweep), batch by batch. Whoever stops asking for the next item stops between two
    /// batches.
    ///
    /// # Errors
    ///
    /// An item is an error as [`sweep`](Self::sweep) tells. It is the last.
    pub fn sweep_stream(&self) -> impl Stream<Item = Result<Swept, Error>> + Send + use<> {
        let pass = Pass { ledger: self.clone(), after: Uuid::nil().into(), goes_on: true, sight: Sight::Far };
        stream::try_unfold(pass, async |mut pass: Pass| {
            if !pass.goes_on {
                return Ok(None);
            }
            let swept = pass.batch_in_time().await?;
            Ok(Some((swept, pass)))
        })
    }
}

/// One way through the live sessions, in the order of their ids.
struct Pass {
    ledger: Ledger,
    /// All sessions up to this one were looked at.
    after: SessionId,
    goes_on: bool,
    /// How far the next page looks.
    sight: Sight,
}

impl Pass {
    /// Ends those of the next batch, and tries it again if its connection was lost.
    async fn batch_in_time(&mut self) -> Result<Swept, Error> {
        let (started, mut attempt) = (Instant::now(), 1);
        loop {
            match self.batch().await {
                Err(error) if may_try_again(error.prospect(), attempt, started, started.elapsed()) => {
                    if matches!(error, Error::Outdated(_)) {
                        self.ledger.forget_statements();
                    }
                    tokio::time::sleep(backoff(attempt)).await;
                    attempt += 1;
                }
                outcome => return outcome,
            }
        }
    }

    async fn batch(&mut self) -> Result<Swept, Error> {
        let (policy, after, sight) = (self.ledger.policy().timeouts(), self.after, self.sight);
        let reading =
            self.ledger.read(async |connection| overdue_page(connection, policy, after, sight).await);
        let Some(OverduePage { now, overdue, looked_to, goes_on, sight }) = reading.await? else {
            self.goes_on = false;
            return Ok(Swept::default());
        };
        if !overdue.is_empty() {
            self.ledger.trust_clock(now)?;
        }
        let ends: Vec<Append> = overdue.into_iter().filter_map(|one| self.end_of(one, now)).collect();
        let ended: HashSet<SessionId> = end_group(self.ledger.pool(), &ends).await?.into_iter().collect();
        (self.after, self.goes_on, self.sight) = (looked_to, goes_on, sight);
        Ok(self.told(&ends, &ended))
    }

    /// The end of a session, if its time is over. The database has said so; the fold has the last word.
    fn end_of(&self, (id, live): (SessionId, LiveSession), now: OffsetDateTime) -> Option<Append> {
        let policy = self.ledger.policy().timeouts();
        let reason = live.state.expiry(policy, live.last_seen, now)?.reason;
        let ending = Ending::new(id, live.state, live.last_seen, reason, now, policy);
        append_of(ending, Client::default(), None).unwrap_or_else(|error| {
            tracing::warn!(session = %id, %error, "a session whose time is over cannot be ended");
            None
        })
    }

    fn told(&self, ends: &[Append], ended: &HashSet<SessionId>) -> Swept {
        let mut swept = Swept::default();
        for end in ends {
            if !ended.contains(&end.written.id) {
                swept.left += 1;
                continue;
            }
            self.ledger.tell(end);
            match end.written.state.ended {
                Some((EndReason::AbsoluteTimeout, _)) => swept.absolute += 1,
                _ => swept.idle += 1,
            }
        }
        swept
    }
}
