//! The other sessions of a user, for a commit that may mean something for them.

use std::sync::Arc;

use time::OffsetDateTime;

use super::desk::{Append, Transaction, append_of};
use super::{End, Error, Ledger, SessionSummary};
use crate::plain_debug::plain_debug;
use crate::session::{Client, Crowded, EndReason, Live, Others, SessionId, UserId};
use crate::store::connection::deadline::answered;
use crate::store::connection::pool::Connection;
use crate::store::request::gate::{self, OfUser};

/// How many live sessions of a user are looked at.
pub(super) const OTHERS_MAX: i64 = 1_000;

/// A login that is not granted. Nothing of its request was kept.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum LoginRefused {
    /// The user's account is disabled ([`Ledger::disable_account`]).
    #[error("you cannot sign in: the account is disabled")]
    AccountDisabled {
        /// The user.
        user: UserId,
    },
    /// The user has as many live sessions as they may have
    /// ([`Policy::sessions_per_user`](crate::session::Policy::sessions_per_user)).
    #[error("you are signed in {max} times already, and cannot be once more")]
    TooManySessions {
        /// The user.
        user: UserId,
        /// How many sessions they may have.
        max: u32,
        /// Their live sessions, the oldest login first, where the policy is to ask which of them to end: see
        /// [`Login::instead_of`](crate::session::Login::instead_of). Empty where it is to deny.
        sessions: Vec<SessionSummary>,
    },
}

plain_debug!(LoginRefused);

/// The ends of other sessions that go with a commit.
pub(crate) struct Ends {
    pub(crate) appends: Vec<Arc<Append>>,
    /// All of the user's sessions end, and there may be more than were looked at.
    pub(crate) has_rest: bool,
}

impl Ledger {
    /// The most live sessions of a user that a login counts, and ends, beside its own.
    pub const OTHERS_MAX: u32 = 1_000;

    /// Closes the gate of the user, so that no login of theirs comes between, and finds out what the commit
    /// of the transaction means for their other sessions.
    pub(crate) async fn ends_of_others(
        &self,
        transaction: &Transaction,
        others: &Others,
        client: &Client,
        now: OffsetDateTime,
    ) -> Result<Result<Ends, LoginRefused>, Error> {
        let closing = gate::close(transaction.client(), &others.user, OTHERS_MAX);
        let stored = answered(closing).await?;
        let has_rest = others.end_all && i64::try_from(stored.len()).is_ok_and(|found| found >= OTHERS_MAX);
        let endings = match others.ends(live(stored), now, self.policy().timeouts()) {
            Ok(endings) => endings,
            Err(crowded) => return Ok(Err(refusal(others.user.clone(), &crowded))),
        };
        let mut appends = Vec::with_capacity(endings.len());
        for ending in endings {
            appends.extend(append_of(ending, client.clone(), None)?.map(Arc::new));
        }
        Ok(Ok(Ends { appends, has_rest }))
    }

    /// Ends all sessions of a user but one, for a factor has changed, where they were too many for one
    /// transaction.
    pub(crate) async fn end_rest(&self, others: &Others) -> Result<(), Error> {
        let end = End::because(EndReason::CredentialChanged).keep(others.by);
        self.end_all(&others.user, end).await.map(drop)
    }

    /// The live sessions of a user that leave no room for one more, besides `own`; the oldest login first.
    pub(crate) async fn sessions_in_the_way(
        &self,
        user: &UserId,
        own: Option<SessionId>,
    ) -> Result<Vec<SessionSummary>, Error> {
        let Some(max) = self.policy().sessions_per_user else { return Ok(Vec::new()) };
        let policy = self.policy().timeouts();
        let read = async |connection: &Connection| gate::live_sessions(connection, user, OTHERS_MAX).await;
        let (stored, now) = (self.lend(read).await?, self.now().await?.at);
        let is_live = |one: &Live| one.state.expiry(policy, one.last_seen, now).is_none();
        let mut found: Vec<Live> =
            live(stored).into_iter().filter(|one| Some(one.id) != own && is_live(one)).collect();
        found.sort_by_key(|one| (one.state.authenticated_at, one.id));
        let is_full = found.len() >= usize::try_from(max).unwrap_or(usize::MAX);
        Ok(if is_full { summaries(&found) } else { Vec::new() })
    }
}

fn live(stored: Vec<OfUser>) -> Vec<Live> {
    let live = |(id, one): OfUser| Live { id, state: one.state, last_seen: one.last_seen };
    stored.into_iter().map(live).collect()
}

fn refusal(user: UserId, crowded: &Crowded) -> LoginRefused {
    let sessions = if crowded.may_choose { summaries(&crowded.live) } else { Vec::new() };
    LoginRefused::TooManySessions { user, max: crowded.max, sessions }
}

fn summaries(live: &[Live]) -> Vec<SessionSummary> {
    live.iter().map(|one| SessionSummary::of_live(one.id, &one.state, one.last_seen)).collect()
}
