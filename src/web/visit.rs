//! One run of one request: what it has asked of the ledger so far.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use poem::http::{HeaderValue, header};
use poem::{Addr, Request};

use super::middleware::Shared;
use super::opened::{Opened, Overdue};
use super::queue::Turn;
use super::{Incident, SessionError};
use crate::ledger::Error;
use crate::session::{Admission, Client, EndReason, SessionId};
use crate::store::load::{Load, Loaded, why_ended};
use crate::store::pool::Connection;
use crate::store::transaction::{Begun, Transaction};
use crate::token::Secret;
use crate::token::cookie_header::{Found, find};

/// Handlers reach it through the request's data; [`Session`](super::Session) and [`Tx`](super::Tx) are its faces.
pub(super) struct Visit {
    pub(super) shared: Arc<Shared>,
    pub(super) client: Client,
    /// 1 for the first run of the request.
    pub(super) attempt: u32,
    cookies: Vec<HeaderValue>,
    /// Whether the request will write, as far as can be told: then it stands in line with the others that do.
    writes: bool,
    /// Its turn, kept until the request is settled.
    turn: Mutex<Option<Turn>>,
    /// The session, once a handler has asked for it. Never held across an await.
    opened: Mutex<Option<Opened>>,
    /// The transaction, once a handler has asked for it. The lock also makes sure that one load happens.
    running: tokio::sync::Mutex<Option<Running>>,
}

/// A transaction that a handler has asked for.
pub(super) struct Running {
    pub(super) transaction: Arc<Transaction>,
    /// The answer to its beginning, if that was sent ahead, and the session that it must find.
    pub(super) ahead: Option<(Option<(SessionId, i64)>, Begun)>,
}

impl Running {
    /// Makes sure that the transaction has begun, and that it sees the session as the handler has seen it.
    pub(super) async fn begun(&mut self, opened: &mut Opened) -> Result<(), Error> {
        let Some((known, begun)) = self.ahead.take() else { return Ok(()) };
        let loaded = begun.await?;
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
    pub(super) fn new(shared: Arc<Shared>, request: &Request, attempt: u32) -> Self {
        let ip = match &request.remote_addr().0 {
            Addr::SocketAddr(address) => Some(address.ip()),
            _ => None,
        };
        let user_agent = request.headers().get(header::USER_AGENT);
        let user_agent = user_agent.map(|value| String::from_utf8_lossy(value.as_bytes()));
        let client = Client::new(ip, user_agent.as_deref());
        let cookies = request.headers().get_all(header::COOKIE).iter().cloned().collect();
        // Who lost a race writes, whatever the method says.
        let writes = attempt > 1 || !request.method().is_safe();
        Self {
            shared,
            client,
            attempt,
            cookies,
            writes,
            turn: Mutex::default(),
            opened: Mutex::default(),
            running: tokio::sync::Mutex::default(),
        }
    }

    /// The visit of a request.
    pub(super) fn of(request: &Request) -> Result<Arc<Self>, SessionError> {
        request.data::<Arc<Self>>().cloned().ok_or(SessionError::NoMiddleware)
    }

    /// Loads the session, unless that has been done. A visitor without a valid cookie costs no query.
    pub(super) async fn open(&self) -> Result<(), Error> {
        let _one_at_a_time = self.running.lock().await;
        if self.opened().is_some() {
            return Ok(());
        }
        let opened = match self.token() {
            None => self.anonymous(),
            Some((id, secret)) => {
                self.stand_in_line(id).await;
                let (client, loaded) = Load::alone(self.shared.ledger.client().await?, id).await?;
                self.admit(&client, id, &secret, loaded).await?
            }
        };
        *self.opened() = Some(opened);
        Ok(())
    }

    /// The request's transaction. Its beginning travels with the session's load; if the session was loaded
    /// before, with the application's first statement.
    pub(super) async fn transaction(&self) -> Result<Arc<Transaction>, Error> {
        let mut place = self.running.lock().await;
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
                let (transaction, loaded) =
                    Transaction::begin(pool, token.as_ref().map(|(id, _)| *id)).await?;
                let opened = match token {
                    None => Opened::anonymous(self.shared.ledger.policy(), Some(loaded.now)),
                    Some((id, secret)) => self.admit(transaction.client(), id, &secret, loaded).await?,
                };
                *self.opened() = Some(opened);
                Running { transaction: Arc::new(transaction), ahead: None }
            }
        };
        Ok(Arc::clone(&place.insert(running).transaction))
    }

    /// The session, for as long as a handler looks at it.
    pub(super) fn opened(&self) -> MutexGuard<'_, Option<Opened>> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes all that is to be finished.
    pub(super) async fn take(&self) -> (Option<Opened>, Option<Running>) {
        let running = self.running.lock().await.take();
        (self.opened().take(), running)
    }

    /// Waits for the others that write to the session, before a connection is taken.
    async fn stand_in_line(&self, session: SessionId) {
        if self.writes {
            let turn = self.shared.queue.turn(session).await;
            *self.turn.lock().unwrap_or_else(PoisonError::into_inner) = turn;
        }
    }

    /// Makes sure that nobody stands in line before a request that turns out to write.
    ///
    /// # Errors
    ///
    /// Somebody does. The request has not disturbed them, and should run again behind them.
    pub(super) fn claim_turn(&self, session: SessionId) -> Result<(), Error> {
        let mut turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        if turn.is_none() {
            *turn = Some(self.shared.queue.turn_if_free(session).ok_or(Error::Stale { session })?);
        }
        Ok(())
    }

    /// Lets the next one have its turn.
    pub(super) fn leave_line(&self) {
        drop(self.turn.lock().unwrap_or_else(PoisonError::into_inner).take());
    }

    fn anonymous(&self) -> Opened {
        Opened::anonymous(self.shared.ledger.policy(), None)
    }

    /// The session id and secret in the cookie, if there is one cookie and it opens.
    fn token(&self) -> Option<(SessionId, Secret)> {
        let lines = self.cookies.iter().map(HeaderValue::as_bytes);
        let opened = match find(lines, &self.shared.cookie.name) {
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

    /// An authentic token meets what is stored under its id.
    async fn admit(
        &self,
        client: &Connection,
        id: SessionId,
        secret: &Secret,
        loaded: Loaded,
    ) -> Result<Opened, Error> {
        let policy = self.shared.ledger.policy();
        let mut anonymous = Opened::anonymous(policy, Some(loaded.now));
        let Some(live) = loaded.session else {
            let ended = why_ended(client, id).await?;
            // Only a cookie that is long dead is cleared: another request of this browser may just have got
            // a new one, which a late removal would take away.
            anonymous.stale_cookie =
                ended.is_none_or(|(_, seconds)| seconds > f64::from(policy.renewal_grace));
            return Ok(anonymous);
        };
        let overdue = match live.state.admit(&secret.hash(), live.last_seen, loaded.now) {
            Admission::Admitted => return Ok(Opened::stored(policy, loaded.now, id, live, false)),
            Admission::Latecomer => return Ok(Opened::stored(policy, loaded.now, id, live, true)),
            Admission::Superseded => return Ok(anonymous),
            Admission::Expired(expiry) => Overdue { id, live, reason: expiry.reason, at: expiry.deadline },
            Admission::Replayed => {
                self.report(|client| Incident::TokenReplayed { session: id, client });
                Overdue { id, live, reason: EndReason::TokenReplayed, at: loaded.now }
            }
        };
        anonymous.overdue = Some(overdue);
        Ok(anonymous)
    }

    /// A request that runs again is not a second incident.
    fn report(&self, incident: impl FnOnce(Client) -> Incident) {
        if self.attempt == 1 {
            self.shared.report(&incident(self.client.clone()));
        }
    }
}
