//! One run of one request: what it has asked of the ledger so far.

mod failing;
mod knowing;
pub(super) mod leaving;
mod marking;

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Duration;
use std::time::Instant;

use super::arrival::Arrival;
use super::completion::CookieChange;
use super::cookie::Cookie;
use super::failed_logins::FailedLogins;
use super::knowing::Knowing;
use super::opened::Opened;
use super::place::Place;
use super::room::Room;
use super::running::Running;
use super::shared::Shared;
use super::stage::Stage;
use super::waits::Waits;
use super::{Incident, SessionError};
use crate::ledger::Error;
use crate::ledger::desk::Transaction;
use crate::session::{Client, SessionId};
use crate::telemetry;
use crate::token::Token;

/// One run of a request. [`Session`](super::Session) and [`Tx`](super::Tx) are its faces for handlers.
pub(crate) struct Visit {
    pub(crate) shared: Arc<Shared>,
    pub(crate) arrival: Arrival,
    /// 1 for the first run of the request, or of the part of it that commits by itself.
    attempt: AtomicU32,
    /// Whether the request cannot run again.
    runs_once: AtomicBool,
    /// How long the request may still wait for others.
    pub(super) waits: Waits,
    /// Whether a handler has asked for the session.
    was_opened: AtomicBool,
    /// Whether the request's token was let in, in this run or in an earlier one.
    pub(super) was_let_in: AtomicBool,
    /// The session that the request has shown a token of.
    session: OnceLock<SessionId>,
    /// Whether a login was refused.
    has_refused_login: AtomicBool,
    /// Why an extractor has failed, for the log.
    fault: OnceLock<Box<str>>,
    /// The logins that have failed in it.
    pub(super) failed_logins: FailedLogins,
    /// The part of the request that is committed already.
    part: Mutex<Option<CommittedPart>>,
    /// Its place among those who write to the session, kept until the request is settled or dropped.
    place: Place,
    /// What the run owes to the sessions that the process knows.
    knowing: Knowing,
    /// The session, once a handler has asked for it. Never held across an await.
    stage: Mutex<Stage>,
    /// The transaction, where it is to know its session.
    marked: Mutex<Weak<Transaction>>,
    /// Whether there is a transaction whose connection the server may end.
    is_attended: AtomicBool,
    /// The transaction, once a handler has asked for it. The lock also makes sure that one load happens.
    running: tokio::sync::Mutex<Option<Running>>,
}

/// A part of a request that was committed before the request has answered.
pub(super) struct CommittedPart {
    pub(super) cookie: Option<CookieChange>,
    pub(super) device: Option<Token>,
    /// Whether the cookie's token is the session's own: what follows in the request goes by it.
    is_current: bool,
}

impl Visit {
    /// The run of a request with this number; 1 is the first.
    pub(crate) fn new(shared: Arc<Shared>, arrival: Arrival, attempt: u32) -> Self {
        let runs_once = AtomicBool::new(arrival.runs_once);
        Self {
            shared,
            arrival,
            attempt: AtomicU32::new(attempt),
            runs_once,
            waits: Waits::new(),
            was_opened: AtomicBool::new(false),
            was_let_in: AtomicBool::new(false),
            session: OnceLock::new(),
            has_refused_login: AtomicBool::new(false),
            fault: OnceLock::new(),
            failed_logins: FailedLogins::default(),
            part: Mutex::default(),
            place: Place::default(),
            knowing: Knowing::default(),
            marked: Mutex::default(),
            is_attended: AtomicBool::new(false),
            stage: Mutex::default(),
            running: tokio::sync::Mutex::default(),
        }
    }

    /// The same request's next run. It knows of this one only that its token was let in, and how long the
    /// request has waited.
    pub(crate) fn once_more(&self, attempt: u32) -> Self {
        self.failed_logins.forget_from(0);
        let next = Self::new(Arc::clone(&self.shared), self.arrival.clone(), attempt);
        let was_let_in = AtomicBool::new(self.was_let_in.load(Ordering::Relaxed));
        let knowing = self.knowing.of_next_run();
        Self { was_let_in, session: self.session.clone(), waits: self.waits.rest(), knowing, ..next }
    }

    /// Which run of the request this is: 1 for the first.
    pub(crate) fn attempt(&self) -> u32 {
        self.attempt.load(Ordering::Relaxed)
    }

    /// How long it has waited for others: for its turn, for a connection and for the server.
    pub(crate) fn waited(&self) -> Duration {
        self.waits.spent()
    }

    /// The answer is decided: whatever is to be told whatever became of the request is told.
    pub(crate) fn conclude(&self) {
        self.failed_logins.tell();
    }

    /// The browser is to send the request again: this run has told of nothing.
    pub(crate) fn is_sent_again(&self) {
        self.failed_logins.forget_from(0);
    }

    /// The next run of a part that commits by itself.
    pub(crate) fn try_again(&self) {
        self.attempt.fetch_add(1, Ordering::Relaxed);
    }

    /// Notes that the request cannot run again: its body comes while the handler runs, and is not kept.
    pub(crate) fn note_that_it_runs_once(&self) {
        self.runs_once.store(true, Ordering::Relaxed);
    }

    fn runs_once(&self) -> bool {
        self.runs_once.load(Ordering::Relaxed)
    }

    /// The session, for as long as a handler looks at it.
    pub(super) fn stage(&self) -> MutexGuard<'_, Stage> {
        lock(&self.stage)
    }

    /// Makes sure that the request is not settled yet.
    ///
    /// # Errors
    ///
    /// [`SessionError::Over`]: it is.
    pub(crate) fn go_on(&self) -> Result<(), SessionError> {
        if self.stage().is_over() { Err(SessionError::Over) } else { Ok(()) }
    }

    /// Whether a handler has asked for the session.
    pub(super) fn was_opened(&self) -> bool {
        self.was_opened.load(Ordering::Relaxed)
    }

    /// Whether a visitor's session may start, by the limit of the client's address. Counted once a request.
    pub(super) fn may_start(&self) -> bool {
        match (&self.shared.starts, self.arrival.address) {
            (Some(starts), Some(address)) if self.is_first() => starts.allow(address, Instant::now()),
            _ => true,
        }
    }

    /// Whether the request has a transaction, or has changed the session.
    pub(super) async fn has_work(&self) -> bool {
        let is_changed = |opened: &Opened| opened.holding.is_changed();
        self.running.lock().await.is_some() || self.stage().opened().is_some_and(is_changed)
    }
}

/// Loading, when a handler asks for its session or its transaction.
impl Visit {
    /// Loads the session, unless that has been done. A visitor without a valid cookie costs no query.
    pub(crate) async fn open(&self) -> Result<(), Error> {
        // Most often that was done as the transaction began.
        if self.stage().opened().is_some() {
            return Ok(());
        }
        // On the heap: it is large, and would be a part of each handler's own future.
        self.waits.answered(Box::pin(self.load())).await
    }

    async fn load(&self) -> Result<(), Error> {
        let _one_at_a_time = self.running.lock().await;
        self.was_opened.store(true, Ordering::Relaxed);
        if self.stage().opened().is_some() {
            return Ok(());
        }
        let opened = match self.cookie() {
            Cookie::None | Cookie::Rejected => Opened::visitor(&self.shared, None),
            Cookie::Several => Opened::visitor_with_several_cookies(&self.shared, None),
            Cookie::Token(shown) => {
                let id = shown.session;
                self.stand_in_line(id).await;
                match self.recall(shown) {
                    Ok(opened) => opened,
                    Err(shown) => {
                        let found = self.shared.ledger.find(id, self.shared.also).await?;
                        let recorded = async |version| self.shared.ledger.hash_at(id, version).await;
                        self.admit(shown, found, recorded).await?
                    }
                }
            }
        };
        self.stage().open(opened);
        Ok(())
    }

    /// The request's transaction. Its beginning travels with the session's load; if the session was loaded
    /// before, with the application's first statement.
    pub(super) async fn transaction(&self) -> Result<Arc<Transaction>, Error> {
        self.waits.answered(Box::pin(self.begun())).await
    }

    async fn begun(&self) -> Result<Arc<Transaction>, Error> {
        let mut place = self.running.lock().await;
        self.was_opened.store(true, Ordering::Relaxed);
        if let Some(running) = place.as_ref() {
            return Ok(Arc::clone(&running.transaction));
        }
        let loaded = self.stage().opened().map(|opened| opened.holding.loaded_version());
        let running = match loaded {
            // The session is loaded: begin without waiting for the answer, which is looked at before the
            // commit.
            Some(known) => {
                let session = known.map(|(session, _)| session);
                let room = self.room(session).await?;
                if self.is_unchecked() {
                    let transaction = Arc::new(self.transaction_of_known().await?);
                    return Ok(self.run(&mut place, Running { transaction, ahead: None, room: Some(room) }));
                }
                let mark = self.present_mark();
                let (transaction, begun) = self.shared.ledger.begin_ahead(session, mark).await?;
                Running { transaction, ahead: Some((known, begun)), room: Some(room) }
            }
            // It is not: begin and load in one trip.
            None => {
                let (transaction, room) = self.begin().await?;
                Running { transaction, ahead: None, room: Some(room) }
            }
        };
        Ok(self.run(&mut place, running))
    }

    fn run(&self, place: &mut Option<Running>, running: Running) -> Arc<Transaction> {
        self.mark_from_now_on(&running.transaction);
        self.is_attended.store(true, Ordering::Relaxed);
        Arc::clone(&place.insert(running).transaction)
    }

    /// Begins a transaction and opens the session in it.
    async fn begin(&self) -> Result<(Arc<Transaction>, Room), Error> {
        let cookie = self.cookie();
        let id = cookie.session();
        if let Some(id) = id {
            self.stand_in_line(id).await;
        }
        let room = self.room(id).await?;
        let cookie = match self.begin_known(cookie).await? {
            Ok(transaction) => return Ok((Arc::new(transaction), room)),
            Err(cookie) => cookie,
        };
        let (transaction, found) =
            self.shared.ledger.begin(id, self.shared.also, self.marking(&cookie)).await?;
        let opened = match cookie {
            Cookie::None | Cookie::Rejected => Opened::visitor(&self.shared, Some(found.now)),
            Cookie::Several => Opened::visitor_with_several_cookies(&self.shared, Some(found.now)),
            Cookie::Token(shown) => {
                let id = shown.session;
                let recorded = async |version| transaction.hash_at(id, version).await;
                self.admit(shown, found, recorded).await?
            }
        };
        self.stage().open(opened);
        Ok((Arc::new(transaction), room))
    }

    /// Room for the connection of a transaction.
    async fn room(&self, session: Option<SessionId>) -> Result<Room, Error> {
        let streams = self.runs_once().then_some(&self.shared.streams);
        Room::of(&self.shared.queue, streams, session).await
    }

    /// Reads the request's cookie.
    fn cookie(&self) -> Cookie {
        self.shared.heed_ends_of_keys();
        if let Some(shown) = self.goes_by() {
            return Cookie::Token(shown);
        }
        let cookie = Cookie::of(&self.arrival, &self.shared);
        match &cookie {
            Cookie::None => {}
            Cookie::Rejected => self.report(|client| Incident::CookieRejected { client }),
            Cookie::Several => self.report(|client| Incident::CookieDuplicated { client }),
            Cookie::Token(shown) => _ = self.session.get_or_init(|| shown.session),
        }
        cookie
    }

    /// The session that the request has shown a token of, once that is known.
    pub(crate) fn session(&self) -> Option<SessionId> {
        self.session.get().copied()
    }

    /// Keeps the words of an extractor's error for the log: the application may make an answer of its own of
    /// it.
    pub(crate) fn note_fault(&self, error: Error) -> Error {
        self.fault.set(error.to_string().into()).ok();
        error
    }

    /// The words of the first extractor's error that was noted.
    pub(crate) fn fault(&self) -> Option<&str> {
        self.fault.get().map(|words| &**words)
    }

    /// Tells the span of the request, in which this is called, which session it is about, and which user if
    /// that is asked for.
    pub(crate) fn tell_span(&self) {
        // In the next run the span has it already.
        let Some(session) = self.session().filter(|_| self.attempt() == 1) else { return };
        let stage = self.stage();
        let user = stage.opened().filter(|_| self.shared.tells_user);
        telemetry::session_known(session, user.and_then(|opened| opened.holding.signed_in_user()));
    }

    /// A request that runs again is not a second incident.
    pub(crate) fn report(&self, incident: impl FnOnce(Client) -> Incident) {
        if self.is_first() {
            self.shared.report(&incident(self.arrival.client()));
        }
    }
}

/// Standing in line.
impl Visit {
    /// Waits for the others that write to the session, before a connection is taken.
    async fn stand_in_line(&self, session: SessionId) {
        // A request that lost a race writes, whatever its method says.
        if self.arrival.writes() || self.attempt() > 1 {
            self.place.stand(&self.shared.queue, session).await;
        }
    }

    /// Gives way to whoever has the turn, if this request turns out to write and has not stood in line. It
    /// has not disturbed them, and its next run stands in line. A request that does not run again goes ahead.
    ///
    /// # Errors
    ///
    /// Somebody has the turn.
    pub(super) fn claim_turn(&self, session: SessionId) -> Result<(), Error> {
        let runs_again = self.attempt() == 1 && !self.runs_once();
        self.place.claim(&self.shared.queue, session, runs_again)
    }

    /// Lets the next one have its turn, while the request goes on.
    pub(super) fn step_aside(&self) {
        self.place.step_aside();
    }

    /// Lets the next one have its turn: the request is settled, or was dropped. A handle that somebody
    /// keeps never stands in line again.
    pub(crate) fn leave_line(&self) {
        self.place.leave();
    }
}

/// A panic elsewhere does not make what is behind a lock wrong: each change of it is whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
