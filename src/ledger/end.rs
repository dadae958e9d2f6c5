//! Ending a session from outside its requests.

use std::time::Duration;

use super::desk::{Loaded, ending};
use super::retry::backoff;
use super::{Error, Ledger};
use crate::session::{Client, EndReason, Ending, SessionId, UserId, WishError};

/// How often an end is tried again when requests keep changing the session meanwhile.
const ATTEMPTS_MAX: u32 = 16;

/// From which try on the session's row is locked first, so that no request can come first again. It costs the
/// requests a wait, and a connection that waits with them.
const HELD_FROM: u32 = 4;

/// How often an end that nobody waits for is tried again while the database is away, and after which pause.
const AWAY: (u32, Duration) = (60, Duration::from_secs(1));

/// How sessions are ended: why, by whom, and which one is kept.
///
/// An [`EndReason`] alone is one too.
///
/// ```no_run
/// # use session_ledger::{Ledger, Error, SessionId, UserId};
/// use session_ledger::ledger::End;
/// use session_ledger::session::EndReason;
///
/// # async fn change_password(ledger: Ledger, user: UserId, own: SessionId) -> Result<(), Error> {
/// let end = End::because(EndReason::CredentialChanged).by(user.clone()).keep(own);
/// let ended = ledger.end_all(&user, end).await?;
/// println!("{ended} other sessions were ended");
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    pub(super) reason: EndReason,
    pub(super) actor: Option<UserId>,
    pub(super) keep: Option<SessionId>,
    pub(super) of: Option<UserId>,
}

impl End {
    /// An end for this reason.
    #[must_use]
    pub fn because(reason: EndReason) -> Self {
        Self { reason, actor: None, keep: None, of: None }
    }

    /// Notes who ends the session, say an administrator. The history shows it.
    #[must_use]
    pub fn by(mut self, actor: impl Into<UserId>) -> Self {
        self.actor = Some(actor.into());
        self
    }

    /// Leaves this session as it is, say the one that the user asks from.
    #[must_use]
    pub fn keep(mut self, session: impl Into<Option<SessionId>>) -> Self {
        self.keep = session.into();
        self
    }

    /// Ends a session only if it is one of this user's, so that an id from a form ends nobody else's (ASVS
    /// 7.5.2, CWE-639). For any other it is as if there were no such session.
    ///
    /// ```no_run
    /// # use session_ledger::{Ledger, SessionId};
    /// use poem::error::NotFoundError;
    /// use session_ledger::ledger::End;
    /// use session_ledger::session::{EndReason, StepUp};
    /// use session_ledger::web::SignedIn;
    ///
    /// # async fn sign_out(ledger: Ledger, session: SignedIn, id: SessionId) -> poem::Result<()> {
    /// session.demand(&StepUp::within(900))?;
    /// let end = End::because(EndReason::Revoked).by(session.user().clone()).of(session.user().clone());
    /// if !ledger.end(id, end).await? {
    ///     return Err(NotFoundError.into());
    /// }
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn of(mut self, user: impl Into<UserId>) -> Self {
        self.of = Some(user.into());
        self
    }

    /// Makes sure that the end can be stored, before any session is looked at: whether that is so must not
    /// depend on there being one to end.
    pub(super) fn check(&self) -> Result<(), WishError> {
        self.reason.check()?;
        self.actor.as_ref().map_or(Ok(()), UserId::check)
    }
}

impl From<EndReason> for End {
    fn from(reason: EndReason) -> Self {
        Self::because(reason)
    }
}

impl Ledger {
    /// Ends a session for good, whoever is using it: no request of it takes effect once this has returned.
    /// Says whether there was a live session to end.
    ///
    /// # Errors
    ///
    /// The reason or the actor's id cannot be stored, the database is away, or requests of the session kept
    /// changing it.
    pub async fn end(&self, session: SessionId, end: impl Into<End>) -> Result<bool, Error> {
        let end = end.into();
        end.check()?;
        self.end_one(session, &end).await
    }

    pub(super) async fn end_one(&self, session: SessionId, end: &End) -> Result<bool, Error> {
        if end.keep == Some(session) {
            return Ok(false);
        }
        let mut attempt = 1;
        loop {
            let outcome = self.try_end(session, end.clone(), attempt).await;
            if !self.came_second(&outcome, attempt).await {
                return outcome;
            }
            attempt += 1;
        }
    }

    /// Ends a session that must end whatever becomes of its request. This waits while others come first. If
    /// the database is away meanwhile, the end goes on to be tried for a minute, and nobody waits for it.
    pub(crate) async fn end_overdue(&self, overdue: Ending, client: Client) {
        match self.insist(&overdue, 1, &client).await {
            Ok(_) => {}
            Err(error) if error.is_unavailable() => {
                let ledger = self.clone();
                tokio::spawn(async move { ledger.end_once_back(overdue, client).await });
            }
            Err(error) => not_ended(&overdue, &error),
        }
    }

    async fn end_once_back(&self, overdue: Ending, client: Client) {
        let (attempts_max, pause) = AWAY;
        for attempt in 1..=attempts_max {
            tokio::time::sleep(pause).await;
            // Not the first attempt: the session may have changed since it was loaded.
            match self.insist(&overdue, 2, &client).await {
                Ok(_) => return,
                Err(error) if error.is_unavailable() && attempt < attempts_max => {}
                Err(error) => return not_ended(&overdue, &error),
            }
        }
    }

    /// Tries an end, from the attempt with this number on, until no other request has come first.
    async fn insist(&self, overdue: &Ending, mut attempt: u32, client: &Client) -> Result<bool, Error> {
        loop {
            let outcome = self.try_overdue(overdue, attempt, client.clone()).await;
            if !self.came_second(&outcome, attempt).await {
                return outcome;
            }
            attempt += 1;
        }
    }

    /// Whether an end must be tried again, as another request has come first. If so, this waits a moment.
    async fn came_second(&self, outcome: &Result<bool, Error>, attempt: u32) -> bool {
        let Err(error) = outcome else { return false };
        if !error.is_retryable() || attempt >= ATTEMPTS_MAX {
            return false;
        }
        if matches!(error, Error::Outdated(_)) {
            self.forget_statements();
        }
        tokio::time::sleep(backoff(attempt)).await;
        true
    }

    async fn try_overdue(&self, overdue: &Ending, attempt: u32, client: Client) -> Result<bool, Error> {
        if attempt == 1 {
            return self.commit_end(overdue.clone(), client, None).await;
        }
        let again = |loaded: Loaded| {
            let now = loaded.now.at;
            loaded.session.and_then(|live| overdue.again(live.state, live.last_seen, now))
        };
        self.end_loaded(overdue.id, again, client, None, attempt).await
    }

    async fn try_end(&self, session: SessionId, end: End, attempt: u32) -> Result<bool, Error> {
        let (End { reason, actor, of, .. }, policy) = (end, self.policy().timeouts());
        let meant = |loaded: Loaded| {
            let user = loaded.session.as_ref().and_then(|live| live.state.user.as_ref());
            let is_meant = of.is_none() || user == of.as_ref();
            if is_meant { ending(loaded, session, reason, policy) } else { None }
        };
        self.end_loaded(session, meant, Client::default(), actor, attempt).await
    }

    /// Loads a session and ends it, if `end` says so. An end that has come second a few times holds the row.
    async fn end_loaded(
        &self,
        session: SessionId,
        end: impl FnOnce(Loaded) -> Option<Ending>,
        client: Client,
        actor: Option<UserId>,
        attempt: u32,
    ) -> Result<bool, Error> {
        if attempt >= HELD_FROM {
            return self.end_held(session, end, client, actor).await;
        }
        match end(self.load(session).await?) {
            Some(ending) => self.commit_end(ending, client, actor).await,
            None => Ok(false),
        }
    }
}

fn not_ended(overdue: &Ending, error: &Error) {
    let (session, reason) = (overdue.id, &overdue.reason);
    tracing::error!(%session, %reason, %error, "a session that must end was not ended");
}
