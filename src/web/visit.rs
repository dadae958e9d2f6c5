//! One run of one request: what it has asked of the ledger so far.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use poem::Request;

use super::arrival::Arrival;
use super::middleware::Shared;
use super::opened::{CookieChange, Opened, Overdue};
use super::queue::Turn;
use super::{Incident, SessionError};
use crate::ledger::Error;
use crate::session::{Admission, Client, EndReason, SessionId};
use crate::store::connection::deadline::answered;
use crate::store::connection::pool::Connection;
use crate::store::request::load::{Loaded, Row, load, why_ended};
use crate::store::request::transaction::{Begun, Transaction};
use crate::token::Secret;
use crate::token::cookie_header::{Found, find};

/// Handlers reach it through the request's data; [`Session`](super::Session) and [`Tx`](super::Tx) are its faces.
pub(super) struct Visit {
    pub(super) shared: Arc<Shared>,
    pub(super) arrival: Arrival,
    /// 1 for the first run of the request, or of the part of it that commits by itself.
    attempt: AtomicU32,
    /// Whether a handler has asked for the session.
    was_opened: AtomicBool,
    /// The part of the request that is committed already.
    kept: Mutex<Option<Kept>>,
    /// Its turn, kept until the request is settled.
    turn: Mutex<Option<Turn>>,
    /// The session, once a handler has asked for it. Never held across an await.
    opened: Mutex<Option<Opened>>,
    /// The transaction, once a handler has asked for it. The lock also makes sure that one load happens.
    running: tokio::sync::Mutex<Option<Running>>,
}

/// What a request has committed before it has answered.
pub(super) struct Kept {
    pub(super) cookie: Option<CookieChange>,
}

/// A transaction that a handler has asked for.
pub(super) struct Running {
    pub(super) transaction: Arc<Transaction>,
    /// The answer to its beginning, if that was sent ahead, and the session that it must find.
    pub(super) ahead: Option<(Option<(SessionId, i64)>, Begun)>,
}

impl Running {
    /// The transaction, to be finished. If somebody keeps it, it is ended under them.
    ///
    /// # Errors
    ///
    /// Somebody does.
    pub(super) fn take_back(self) -> Result<Transaction, Error> {
        drop(self.ahead);
        Arc::try_unwrap(self.transaction).map_err(|kept| {
            let error = Error::TransactionKept;
            tracing::error!("{error}");
            kept.terminate();
            error
        })
    }

    /// Of a beginning that was sent ahead and failed, the handler has only seen that its own statement was refused. If a
    /// table has been altered, no connection is to fail for that reason again.
    pub(super) async fn look_back(&mut self) {
        if let Some((_, begun)) = self.ahead.take()
            && let Err(Error::Outdated(_)) = answered(begun).await
        {
            self.transaction.client().forget_statements();
        }
    }

    /// Makes sure that the transaction has begun, and that it sees the session as the handler has seen it.
    pub(super) async fn begun(&mut self, opened: &mut Opened) -> Result<(), Error> {
        let Some((known, begun)) = self.ahead.take() else { return Ok(()) };
        let loaded = answered(begun).await?;
        opened.now = Some(loaded.now);
        match known {
            Some((session, version))
                if loaded.session.as_ref().map(|live| live.state.version) != Some(version) =>
            {
                Err(Error::Stale { session })
            }
            _ => Ok(()),
        }
    }
}

impl Visit {
    pub(super) fn new(shared: Arc<Shared>, arrival: Arrival, attempt: u32) -> Self {
        Self {
            shared,
            arrival,
            attempt: AtomicU32::new(attempt),
            was_opened: AtomicBool::new(false),
            kept: Mutex::default(),
            turn: Mutex::default(),
            opened: Mutex::default(),
            running: tokio::sync::Mutex::default(),
        }
    }

    /// The same request's next run, which knows nothing of this one.
    pub(super) fn once_more(&self, attempt: u32) -> Self {
        Self::new(Arc::clone(&self.shared), self.arrival.clone(), attempt)
    }

    /// The visit of a request.
    pub(super) fn of(request: &Request) -> Result<Arc<Self>, SessionError> {
        request.data::<Arc<Self>>().cloned().ok_or(SessionError::NoMiddleware)
    }

    /// Loads the session, unless that has been done. A visitor without a valid cookie costs no query.
    pub(super) async fn open(&self) -> Result<(), Error> {
        let _one_at_a_time = self.running.lock().await;
        self.was_opened.store(true, Ordering::Relaxed);
        if self.opened().is_some() {
            return Ok(());
        }
        let opened = match self.token() {
            None => self.anonymous(),
            Some((id, secret)) => {
                self.stand_in_line(id).await;
                answered(self.enter(id, &secret)).await?
            }
        };
        *self.opened() = Some(opened);
        Ok(())
    }

    /// The request's transaction. Its beginning travels with the session's load; if the session was loaded
    /// before, with the application's first statement.
    pub(super) async fn transaction(&self) -> Result<Arc<Transaction>, Error> {
        let mut place = self.running.lock().await;
        self.was_opened.store(true, Ordering::Relaxed);
        if let Some(running) = place.as_ref() {
            return Ok(Arc::clone(&running.transaction));
        }
        let pool = self.shared.ledger.pool();
        let loaded = self.opened().as_ref().map(Opened::loaded_version);
        let running = match loaded {
            Some(known) => {
                let (transaction, begun) = Transaction::begin_ahead(pool, known.map(|(id, _)| id)).await?;
                Running { transaction, ahead: Some((known, begun)) }
            }
            None => {
                let token = self.token();
                if let Some((id, _)) = &token {
                    self.stand_in_line(*id).await;
                }
                let (transaction, loaded) =
                    answered(Transaction::begin(pool, token.as_ref().map(|(id, _)| *id), self.shared.also))
                        .await?;
                let opened = match token {
                    None => Opened::anonymous(self.shared.ledger.policy(), Some(loaded.now)),
                    Some((id, secret)) => {
                        let ended = match loaded.session {
                            Some(_) => None,
                            None => why_ended(transaction.client(), id).await?,
                        };
                        self.admit(id, &secret, loaded, ended)
                    }
                };
                *self.opened() = Some(opened);
                Running { transaction: Arc::new(transaction), ahead: None }
            }
        };
        Ok(Arc::clone(&place.insert(running).transaction))
    }

    /// The session, for as long as a handler looks at it.
    pub(super) fn opened(&self) -> MutexGuard<'_, Option<Opened>> {
        lock(&self.opened)
    }

    /// Whether the request has a transaction, or has changed the session.
    pub(super) async fn has_work(&self) -> bool {
        self.running.lock().await.is_some() || self.opened().as_ref().is_some_and(Opened::is_changed)
    }

    /// Which run of the request this is: 1 for the first.
    pub(super) fn attempt(&self) -> u32 {
        self.attempt.load(Ordering::Relaxed)
    }

    /// The next run of a part that commits by itself.
    pub(super) fn try_again(&self) {
        self.attempt.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether a handler has asked for the session.
    pub(super) fn was_opened(&self) -> bool {
        self.was_opened.load(Ordering::Relaxed)
    }

    /// Notes that a part of the request is committed, and which cookie must follow.
    pub(super) fn keep(&self, cookie: Option<CookieChange>) {
        let mut kept = lock(&self.kept);
        let before = kept.take().and_then(|part| part.cookie);
        *kept = Some(Kept { cookie: cookie.or(before) });
    }

    /// The part that is committed already, if any.
    pub(super) fn take_kept(&self) -> Option<Kept> {
        lock(&self.kept).take()
    }

    /// Takes all that is to be finished.
    pub(super) async fn take(&self) -> (Option<Opened>, Option<Running>) {
        let running = self.running.lock().await.take();
        (self.opened().take(), running)
    }

    /// The session as it was loaded, if one was, of a request that leaves nothing to commit, to roll back or to end. None
    /// if it does leave something, or if somebody is still at it.
    pub(super) fn take_idle(&self) -> Option<Option<Opened>> {
        if !self.was_opened() {
            return Some(None);
        }
        let running = self.running.try_lock().ok()?;
        let mut opened = self.opened();
        let leaves_work = |opened: &Opened| opened.is_changed() || opened.overdue.is_some();
        let is_idle = running.is_none() && !opened.as_ref().is_some_and(leaves_work);
        is_idle.then(|| opened.take())
    }

    /// Lets go of the transaction of a handler that was dropped on its way.
    pub(super) fn abandon(&self) {
        if let Some(running) = self.running.try_lock().ok().and_then(|mut place| place.take()) {
            drop(running.take_back());
        }
    }

    /// Waits for the others that write to the session, before a connection is taken.
    async fn stand_in_line(&self, session: SessionId) {
        // Who lost a race writes, whatever the method says.
        if (self.arrival.writes() || self.attempt() > 1) && lock(&self.turn).is_none() {
            let turn = self.shared.queue.turn(session).await;
            *lock(&self.turn) = turn;
        }
    }

    /// Makes sure that nobody stands in line before a request that turns out to write.
    ///
    /// # Errors
    ///
    /// Somebody does. The request has not disturbed them, and should run again behind them.
    pub(super) fn claim_turn(&self, session: SessionId) -> Result<(), Error> {
        let mut turn = lock(&self.turn);
        if turn.is_none() {
            *turn = Some(self.shared.queue.turn_if_free(session).ok_or(Error::Stale { session })?);
        }
        Ok(())
    }

    /// Lets the next one have its turn.
    pub(super) fn leave_line(&self) {
        drop(lock(&self.turn).take());
    }

    fn anonymous(&self) -> Opened {
        Opened::anonymous(self.shared.ledger.policy(), None)
    }

    /// The session id and secret in the cookie, if there is one cookie and it opens.
    fn token(&self) -> Option<(SessionId, Secret)> {
        let opened = match find(self.arrival.cookies(), &self.shared.cookie.name) {
            Found::None => return None,
            Found::One(value) => self.shared.sealer.open(value).ok(),
            Found::Several => {
                self.report(|client| Incident::CookieDuplicated { client });
                return None;
            }
        };
        if opened.is_none() {
            self.report(|client| Incident::CookieRejected { client });
        }
        opened
    }

    /// Loads a session outside of a transaction, and admits the token to it.
    async fn enter(&self, id: SessionId, secret: &Secret) -> Result<Opened, Error> {
        let ledger = &self.shared.ledger;
        let loaded = match self.shared.also {
            None => ledger.load(id).await?,
            also => ledger.lend(async |connection: &Connection| load(connection, id, also).await).await?,
        };
        let ended = match loaded.session {
            Some(_) => None,
            None => ledger.lend(async |connection: &Connection| why_ended(connection, id).await).await?,
        };
        Ok(self.admit(id, secret, loaded, ended))
    }

    /// An authentic token meets what is stored under its id: a live session, or why it `ended` and how many seconds ago.
    fn admit(
        &self,
        id: SessionId,
        secret: &Secret,
        loaded: Loaded,
        ended: Option<(EndReason, f64)>,
    ) -> Opened {
        let policy = self.shared.ledger.policy();
        let mut anonymous = Opened::anonymous(policy, Some(loaded.now));
        let also: Arc<[Row]> = loaded.also.into();
        let Some(live) = loaded.session else {
            // Only a cookie that is long dead is cleared: another request of this browser may just have got
            // a new one, which a late removal would take away.
            anonymous.stale_cookie =
                ended.as_ref().is_none_or(|(_, seconds)| *seconds > f64::from(policy.renewal_grace));
            anonymous.why_ended = ended.map(|(reason, _)| reason);
            return anonymous;
        };
        let overdue = match live.state.admit(&secret.hash(), live.last_seen, loaded.now) {
            Admission::Admitted => {
                return Opened::stored(policy, loaded.now, id, live, false).beside(also);
            }
            Admission::Latecomer => {
                return Opened::stored(policy, loaded.now, id, live, true).beside(also);
            }
            Admission::Superseded => return anonymous,
            Admission::Expired(expiry) => Overdue { id, live, reason: expiry.reason, at: expiry.deadline },
            Admission::Replayed => {
                self.report(|client| Incident::TokenReplayed { session: id, client });
                Overdue { id, live, reason: EndReason::TokenReplayed, at: loaded.now }
            }
        };
        anonymous.why_ended = Some(overdue.reason.clone());
        anonymous.overdue = Some(Box::new(overdue));
        anonymous
    }

    /// A request that runs again is not a second incident.
    fn report(&self, incident: impl FnOnce(Client) -> Incident) {
        if self.attempt() == 1 {
            self.shared.report(&incident(self.arrival.client()));
        }
    }
}

/// A panic elsewhere does not make what is behind a lock wrong: each change of it is whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
