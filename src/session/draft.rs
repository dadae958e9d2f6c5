//! The facts of one request, gathered until they are written.

use std::sync::Arc;

use time::OffsetDateTime;

use super::{
    ChainHash, Client, ClientProof, Entry, Event, EventId, SessionId, SessionState, Started, Timeouts,
    TokenHash, UserId, Value, Wish, WishError, decide,
};

/// A session as one request sees and changes it.
///
/// A change that the same request undoes is never written. Of several values for one key the last counts, and
/// it is left out if it was stored before.
#[derive(Clone, Debug)]
pub struct Draft {
    id: SessionId,
    /// The stored session, or `None` if the session is yet to be started.
    base: Option<Arc<SessionState>>,
    /// The same as `base` until something is wished: most requests only read.
    state: Arc<SessionState>,
    facts: Vec<Event>,
    /// The time limits that the session starts with.
    timeouts: Timeouts,
    bytes_max: usize,
}

/// The time, the client and the actor of a request's facts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The time, by the database's clock.
    pub at: OffsetDateTime,
    /// The client that has sent the request.
    pub client: Client,
    /// The actor, if that is not the session's user. An impersonator is known without it.
    pub actor: Option<UserId>,
}

/// The events that are to be written for a draft.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The session.
    pub id: SessionId,
    /// The version that must still be current; 0 for a session that is to be started.
    pub expected_version: i64,
    /// The events, in order.
    pub entries: Vec<Entry>,
    /// The session after them.
    pub state: SessionState,
}

impl Draft {
    /// A session that does not exist yet. It will not exist unless something is kept in it.
    pub fn anonymous(id: SessionId, timeouts: Timeouts, bytes_max: usize) -> Self {
        let mut state = SessionState::default();
        state.content.timeouts = timeouts;
        Self { id, base: None, state: Arc::new(state), facts: Vec::new(), timeouts, bytes_max }
    }

    /// A session as it is stored.
    pub fn stored(id: SessionId, state: impl Into<Arc<SessionState>>, bytes_max: usize) -> Self {
        let state = state.into();
        let timeouts = state.content.timeouts;
        Self { id, base: Some(Arc::clone(&state)), state, facts: Vec::new(), timeouts, bytes_max }
    }

    /// The session's id. Nobody else knows it until the session is written.
    pub fn id(&self) -> SessionId {
        self.id
    }

    /// The session with everything that was wished so far.
    pub fn state(&self) -> &SessionState {
        &self.state
    }

    /// The same, to be kept by others.
    pub fn shared_state(&self) -> Arc<SessionState> {
        Arc::clone(&self.state)
    }

    /// Whether the session is yet to be started.
    pub fn is_new(&self) -> bool {
        self.base.is_none()
    }

    /// How many events the stored session has; 0 for one that is yet to be started.
    pub fn base_version(&self) -> i64 {
        self.base.as_ref().map_or(0, |base| base.version)
    }

    /// The chain of the stored session; none for one that is yet to be started.
    pub fn base_head(&self) -> Option<ChainHash> {
        self.base.as_ref().map(|base| base.head)
    }

    /// The session without all that was wished.
    #[must_use]
    pub fn undone(self) -> Self {
        let Self { id, base, timeouts, bytes_max, .. } = self;
        match base {
            Some(base) => Self {
                state: Arc::clone(&base),
                base: Some(base),
                facts: Vec::new(),
                id,
                timeouts,
                bytes_max,
            },
            None => Self::anonymous(id, timeouts, bytes_max),
        }
    }

    /// Whether there is anything to write. A session that was started and ended by the same request leaves
    /// no trace.
    pub fn is_changed(&self) -> bool {
        !self.facts.is_empty() && (!self.is_new() || self.state.ended.is_none())
    }

    /// Whether somebody logs in.
    pub fn logs_in(&self) -> bool {
        self.facts.iter().any(|fact| matches!(fact, Event::LoggedIn(_)))
    }

    /// Whether the session becomes one of its user's.
    pub fn gains_user(&self) -> bool {
        let before = self.base.as_ref().and_then(|base| base.user.as_ref());
        self.state.user.is_some() && self.state.user.as_ref() != before
    }

    /// Whether the user's other sessions end with a change of a factor.
    pub fn ends_others(&self) -> bool {
        self.facts.iter().any(|fact| matches!(fact, Event::FactorChanged(changed) if changed.ends_others))
    }

    /// Grants a wish at the time `at`. For a new session that time is provisional.
    ///
    /// # Errors
    ///
    /// See [`WishError`]. The draft has not changed.
    pub fn wish(&mut self, wish: Wish, at: OffsetDateTime) -> Result<(), WishError> {
        if let Some(mut fact) = decide(&self.state, wish, self.bytes_max)? {
            if let Event::Renewed(renewed) = &mut fact {
                renewed.accepts_superseded &= !self.forget_renewal();
            }
            if let Event::ValueSet(set) = &mut fact
                && let Some(before) = self.value_before(&set.key).filter(|one| one.agrees_with(&set.value))
            {
                // What is stored stays as it is, also if it lacks a fingerprint.
                set.value = before.clone();
            }
            Arc::make_mut(&mut self.state).apply(&fact, at);
            self.keep(fact);
        }
        Ok(())
    }

    /// Puts a fact before those that were wished. The session as the request sees it stays as it is.
    pub fn precede(&mut self, fact: Event) {
        self.facts.insert(0, fact);
    }

    /// Lets the request see that the user must prove again who they are. The fact of it is yet to come.
    pub fn demand_step_up(&mut self) {
        Arc::make_mut(&mut self.state).content.extras.change(|extras| extras.step_up = true);
    }

    /// The events that are to be written, if there are any. `first_token` is the hash for a session that is
    /// to be started.
    pub fn write(
        &self,
        first_token: TokenHash,
        origin: &Origin,
        mut random: impl FnMut() -> [u8; 16],
    ) -> Option<Written> {
        if !self.is_changed() {
            return None;
        }
        let start = Event::Started(Started { token_hash: first_token, timeouts: self.timeouts.into() });
        let mut state = self.base.as_deref().cloned().unwrap_or_else(|| before_start(self.id));
        let expected_version = state.version;
        let entries = self.is_new().then_some(&start).into_iter().chain(&self.facts);
        let entries = entries.map(|event| extend(&mut state, event, &mut random, origin)).collect();
        Some(Written { id: self.id, expected_version, entries, state })
    }

    /// Adds a fact. Leaves out the facts that it makes void.
    fn keep(&mut self, fact: Event) {
        let void = match &fact {
            Event::ValueSet(set) => {
                self.forget_value(&set.key);
                self.value_before(&set.key) == Some(&set.value)
            }
            Event::ValueRemoved(removed) => {
                self.forget_value(&removed.key);
                self.value_before(&removed.key).is_none()
            }
            Event::Cleared(_) => {
                self.facts.retain(|kept| !is_value(kept));
                self.base.as_ref().is_none_or(|base| base.content.values.is_empty())
            }
            Event::FlashTaken(taken) => !self.take_flash(&taken.queue),
            Event::RenewalOffered(_) => {
                self.facts.retain(|kept| !matches!(kept, Event::RenewalOffered(_)));
                false
            }
            Event::Started(_)
            | Event::LoggedIn(_)
            | Event::Reauthenticated(_)
            | Event::FlashAdded(_)
            | Event::SettingsChanged(_)
            | Event::Renewed(_)
            | Event::ImpersonationStarted(_)
            | Event::ImpersonationEnded(_)
            | Event::ClientChanged(_)
            | Event::DeviceSeen(_)
            | Event::FactorChanged(_)
            | Event::GrantGiven(_)
            | Event::GrantTaken(_)
            | Event::Noted(_)
            | Event::Ended(_)
            | Event::Unknown(_) => false,
        };
        if !void {
            self.facts.push(fact);
        }
    }

    /// Forgets messages that this request has added and now takes. Returns whether the queue holds others.
    fn take_flash(&mut self, queue: &str) -> bool {
        self.facts.retain(|kept| !matches!(kept, Event::FlashAdded(added) if added.queue == queue));
        let taken = |kept: &Event| matches!(kept, Event::FlashTaken(taken) if taken.queue == queue);
        let waiting = self.base.as_ref().is_some_and(|base| base.content.flashes.contains_key(queue));
        waiting && !self.facts.iter().any(taken)
    }

    /// Forgets a token that was never sent: the next token supersedes the one before it. Returns whether the
    /// forgotten renewal let no late request in.
    fn forget_renewal(&mut self) -> bool {
        let strict = |kept: &Event| matches!(kept, Event::Renewed(renewed) if !renewed.accepts_superseded);
        let was_strict = self.facts.iter().any(strict);
        self.facts.retain(|kept| !matches!(kept, Event::Renewed(_) | Event::RenewalOffered(_)));
        let unsent = SessionState::default();
        let base = self.base.as_deref().unwrap_or(&unsent);
        Arc::make_mut(&mut self.state).take_tokens_of(base);
        was_strict
    }

    fn forget_value(&mut self, key: &str) {
        self.facts.retain(|kept| match kept {
            Event::ValueSet(set) => set.key != key,
            Event::ValueRemoved(removed) => removed.key != key,
            _ => true,
        });
    }

    /// The value that a key has before the kept facts about it. None after a clearing.
    fn value_before(&self, key: &str) -> Option<&Value> {
        let cleared = self.facts.iter().any(|kept| matches!(kept, Event::Cleared(_)));
        self.base.as_ref().filter(|_| !cleared)?.content.values.get(key)
    }
}

fn is_value(fact: &Event) -> bool {
    matches!(fact, Event::ValueSet(_) | Event::ValueRemoved(_) | Event::Cleared(_))
}

/// The state before the first event of this session: its chain begins at the session's id.
fn before_start(id: SessionId) -> SessionState {
    SessionState { head: ChainHash::genesis(id), ..SessionState::default() }
}

/// Applies `event` to `state` and returns the entry that records it.
fn extend(
    state: &mut SessionState,
    event: &Event,
    mut random: impl FnMut() -> [u8; 16],
    origin: &Origin,
) -> Entry {
    let ends = state.ended.is_none() && matches!(event, Event::Ended(_));
    state.apply(event, origin.at);
    let impersonator = state.content.extras.impersonated.as_ref().and(state.user.clone());
    let is_said = state.client.as_ref() != Some(&origin.client) || event.always_says_client();
    let mut entry = Entry {
        version: state.version + 1,
        event_id: EventId::from_random(random()),
        encoded: event.encode(),
        user: state.acting_user().cloned(),
        actor: origin.actor.clone().or(impersonator),
        client: is_said.then(|| origin.client.clone()),
        client_proof: is_said.then(|| ClientProof::Salt(random())),
        occurred_at: origin.at,
        hash: ChainHash::default(),
    };
    entry.hash = state.head.then(&entry);
    state.settle(event, &entry, ends);
    entry
}
