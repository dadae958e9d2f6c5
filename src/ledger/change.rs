//! Changing a session from outside its requests: from a stream, a WebSocket, a job.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use rand::random;
use serde::Serialize;
use serde::de::DeserializeOwned;
use time::OffsetDateTime;

use super::desk::{Append, Basis, FoundSession, LiveSession, Lookup};
use super::retry::{backoff, may_try_again};
use super::{Error, Ledger};
use crate::plain_debug::plain_debug;
use crate::session::{
    Client, DecodeError, Draft, EndReason, Ending, Flash, Key, Note, NoteError, Noted, Origin, SessionId,
    SessionState, TokenHash, UserId, Value, ValueError, Wish, WishError,
};

/// A session that is being changed by [`Ledger::change`].
pub struct Change {
    draft: Draft,
    now: OffsetDateTime,
    actor: Option<UserId>,
}

/// Why a session was not changed. Nothing was written, unless it is [`Error::OutcomeUnknown`].
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum ChangeError {
    /// The session has ended, or its time is over.
    #[error(
        "session {session} is over{}, so that nothing was changed: close what goes on in its name",
        because(.reason.as_ref())
    )]
    Ended {
        /// The session.
        session: SessionId,
        /// Why it ended; none if nothing is known of such a session.
        reason: Option<EndReason>,
    },
    /// The session's stored state cannot be read. It can be ended.
    #[error("session {session} can be ended but not changed: {error}")]
    Unreadable {
        /// The session.
        session: SessionId,
        /// Why it cannot be read.
        error: DecodeError,
    },
    /// A value cannot be read or written.
    #[error(transparent)]
    Value(#[from] ValueError),
    /// A fact of the application's own cannot be noted.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// A wish that cannot be granted: the session would be too large, say.
    #[error(transparent)]
    Wish(#[from] WishError),
    /// The database is away, or others kept changing the session.
    #[error(transparent)]
    Ledger(#[from] Error),
}

plain_debug!(ChangeError);

impl Ledger {
    /// Changes a session outside of its requests, in a transaction of its own: from a stream or a WebSocket
    /// that its request has opened, or from a job. `change` is called again if another request changes the
    /// session first, so it should do nothing else. If it fails, nothing is written.
    ///
    /// A change counts as a use of the session, so its idle timeout starts anew, unless no browser has shown
    /// the session's present token. Its events name the client
    /// of the event before. No cookie follows: what needs one, such as a login, needs a request.
    ///
    /// ```no_run
    /// # use session_ledger::{Key, Ledger, SessionId, ledger::ChangeError};
    /// # const READ: Key<u32> = Key::new("read");
    /// # async fn example(ledger: Ledger, session: SessionId) -> Result<(), ChangeError> {
    /// let read = ledger
    ///     .change(session, |session| {
    ///         session.update(&READ, |read| {
    ///             *read += 1;
    ///             *read
    ///         })
    ///     })
    ///     .await?;
    /// println!("{read} messages were read");
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// The error of `change`; [`ChangeError::Ended`] if the session is over; or that the database is away or
    /// that too many races were lost.
    pub async fn change<T>(
        &self,
        session: SessionId,
        change: impl Fn(&mut Change) -> Result<T, ChangeError>,
    ) -> Result<T, ChangeError> {
        let started = Instant::now();
        let mut attempt = 1;
        loop {
            let error = match self.try_change(session, &change).await {
                Err(ChangeError::Ledger(error))
                    if may_try_again(error.prospect(), attempt, started, started.elapsed()) =>
                {
                    error
                }
                done => return done,
            };
            if matches!(error, Error::Outdated(_)) {
                self.forget_statements();
            }
            tokio::time::sleep(backoff(attempt)).await;
            attempt += 1;
        }
    }

    /// Keeps a fact of the application's own in a session's history, from outside of its requests: a job has
    /// finished the user's export, an administrator has changed their address. `by` is who did it, where that
    /// is not the session's user.
    ///
    /// It is a [`change`](Self::change) like others: it needs a session that is live, and counts as a use of
    /// it. In a change that does more, use [`Change::note`].
    ///
    /// ```no_run
    /// # use session_ledger::{Ledger, Note, SessionId, UserId, ledger::ChangeError};
    /// const MAILED: Note<u32> = Note::new("letters_mailed");
    ///
    /// # async fn example(ledger: Ledger, session: SessionId, admin: UserId) -> Result<(), ChangeError> {
    /// ledger.note(session, &MAILED, &3, Some(&admin)).await
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`change`](Self::change); the fact has no JSON, or the note is larger than [`Note::BYTES_MAX`].
    pub async fn note<T>(
        &self,
        session: SessionId,
        note: &Note<T>,
        fact: &T,
        by: Option<&UserId>,
    ) -> Result<(), ChangeError>
    where
        T: Serialize + DeserializeOwned + 'static,
    {
        let noted = Noted::new(note.name().to_owned(), note.encode(fact)?);
        self.change(session, |session| {
            by.into_iter().try_for_each(|by| session.by(by.clone()))?;
            session.wish(Wish::Note(noted.clone()))
        })
        .await
    }

    async fn try_change<T>(
        &self,
        session: SessionId,
        change: &impl Fn(&mut Change) -> Result<T, ChangeError>,
    ) -> Result<T, ChangeError> {
        let Lookup { now, session: found, .. } = self.find(session, None).await?;
        let now = now.at;
        let live = match found {
            FoundSession::Live(live) => self.unexpired(session, live, now).await?,
            FoundSession::Gone(ended) => {
                return Err(ChangeError::Ended { session, reason: ended.map(|(reason, _)| reason) });
            }
        };
        if let Some(error) = live.damage {
            return Err(ChangeError::Unreadable { session, error });
        }
        let client = live.state.client.clone().unwrap_or_default();
        // The change of a session whose new token no browser has shown yet is no sign of that token: it has
        // the time of the event before it.
        let is_shown = live.state.is_token_shown(live.last_seen);
        let now = if is_shown { now } else { live.state.changed_at };
        let draft = Draft::stored(session, live.state, self.policy().state_bytes_max);
        let mut changed = Change { draft, now, actor: None };
        let done = change(&mut changed)?;
        let origin = Origin { at: now, client, actor: changed.actor };
        let written = changed.draft.write(TokenHash::default(), &origin, random);
        if let Some(written) = written {
            let resend = live.resend.filter(|_| written.state.content.offered.is_some());
            let append = Arc::new(Append::of(written, resend));
            let ledger = self.clone();
            // In a task of its own: whoever waits may be dropped with its stream, halfway through a commit.
            let committing = tokio::spawn(async move { ledger.commit(&[append], Basis::Loaded, None).await });
            committing.await.unwrap_or(Err(Error::OutcomeUnknown))?;
        }
        Ok(done)
    }

    /// A live session whose time is not over. One whose time is over ends, as it does when a request finds
    /// it.
    async fn unexpired(
        &self,
        session: SessionId,
        live: LiveSession,
        now: OffsetDateTime,
    ) -> Result<LiveSession, ChangeError> {
        let policy = self.policy().timeouts();
        let Some(expiry) = live.state.expiry(policy, live.last_seen, now) else { return Ok(live) };
        self.trust_clock(now)?;
        let ending =
            Ending::new(session, live.state, live.last_seen, expiry.reason.clone(), expiry.deadline, policy);
        self.end_overdue(ending, Client::default()).await;
        Err(ChangeError::Ended { session, reason: Some(expiry.reason) })
    }
}

/// Shows no value.
impl fmt::Debug for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Change").field("id", &self.id()).finish_non_exhaustive()
    }
}

impl Change {
    /// The session's public name.
    pub fn id(&self) -> SessionId {
        self.draft.id()
    }

    /// The user the session acts as now: the one who logged in, or the one they impersonate.
    pub fn user(&self) -> Option<&UserId> {
        self.state().acting_user()
    }

    /// The value of a key.
    ///
    /// # Errors
    ///
    /// The stored bytes are not a value of the key's type.
    pub fn get<T: DeserializeOwned + 'static>(&self, key: &Key<T>) -> Result<Option<T>, ChangeError> {
        Ok(self.state().value(key)?)
    }

    /// Keeps a value under a key. If the key has this value already, nothing is written.
    ///
    /// # Errors
    ///
    /// The value cannot be encoded, or the session would hold more than its limit.
    pub fn set<T>(&mut self, key: &Key<T>, value: &T) -> Result<(), ChangeError>
    where
        T: Serialize + DeserializeOwned + 'static,
    {
        let value = key.encode(value)?;
        self.wish(Wish::SetValue { key: key.name().to_owned(), value })
    }

    /// Changes the value of a key, or the default value if the key has none. Returns the result of `change`.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get) and [`set`](Self::set).
    pub fn update<T, R>(&mut self, key: &Key<T>, change: impl FnOnce(&mut T) -> R) -> Result<R, ChangeError>
    where
        T: Serialize + DeserializeOwned + Default + 'static,
    {
        let mut value = self.get(key)?.unwrap_or_default();
        let result = change(&mut value);
        self.set(key, &value)?;
        Ok(result)
    }

    /// Forgets the value of a key.
    ///
    /// # Errors
    ///
    /// None that a live session gives.
    pub fn remove<T>(&mut self, key: &Key<T>) -> Result<(), ChangeError> {
        self.wish(Wish::RemoveValue { key: key.name().to_owned() })
    }

    /// All values as they are stored, by their names: for code that learns the names at run time, as
    /// [`Session::values`](crate::web::Session::values) does.
    pub fn values(&self) -> &BTreeMap<String, Value> {
        &self.state().content.values
    }

    /// Keeps a stored value under a name that is known at run time alone. If the name has this value already,
    /// nothing is written.
    ///
    /// # Errors
    ///
    /// The name cannot be stored, or the session would hold more than its limit.
    pub fn set_value(&mut self, name: &str, value: Value) -> Result<(), ChangeError> {
        self.wish(Wish::SetValue { key: name.to_owned(), value })
    }

    /// Forgets the value of a name that is known at run time alone.
    ///
    /// # Errors
    ///
    /// None that a live session gives.
    pub fn remove_value(&mut self, name: &str) -> Result<(), ChangeError> {
        self.wish(Wish::RemoveValue { key: name.to_owned() })
    }

    /// Queues a message for the next page, as [`Session::flash`](crate::web::Session::flash) does.
    ///
    /// # Errors
    ///
    /// The session would hold more than its limit.
    pub fn flash(&mut self, queue: &str, message: impl Into<Flash>) -> Result<(), ChangeError> {
        self.wish(Wish::AddFlash { queue: queue.to_owned(), message: message.into() })
    }

    /// Keeps a fact of the application's own in the session's history, as
    /// [`Session::note`](crate::web::Session::note) does.
    ///
    /// # Errors
    ///
    /// The fact has no JSON, or the note is larger than [`Note::BYTES_MAX`].
    pub fn note<T>(&mut self, note: &Note<T>, fact: &T) -> Result<(), ChangeError>
    where
        T: Serialize + DeserializeOwned + 'static,
    {
        self.wish(Wish::Note(Noted::new(note.name().to_owned(), note.encode(fact)?)))
    }

    /// Keeps a plain text in the session's history, under a name.
    ///
    /// # Errors
    ///
    /// As [`note`](Self::note).
    pub fn note_text(&mut self, name: &str, text: &str) -> Result<(), ChangeError> {
        self.wish(Wish::Note(Noted::of_text(name, text)))
    }

    /// Says who makes the change, where that is not the session's user: an administrator, a job. The history
    /// names them as the actor of each of its events.
    ///
    /// # Errors
    ///
    /// The id cannot be stored.
    pub fn by(&mut self, actor: impl Into<UserId>) -> Result<(), ChangeError> {
        let actor = actor.into();
        actor.check()?;
        self.actor = Some(actor);
        Ok(())
    }

    fn wish(&mut self, wish: Wish) -> Result<(), ChangeError> {
        Ok(self.draft.wish(wish, self.now)?)
    }

    fn state(&self) -> &SessionState {
        self.draft.state()
    }
}

fn because(reason: Option<&EndReason>) -> String {
    reason.map_or_else(String::new, |reason| format!(" ({reason})"))
}
