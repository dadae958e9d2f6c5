//! The fold: what a session is after its events. This is the one idea that everything else serves.
//!
//! Five callers use [`SessionState::apply`]: the request, the projection, the rebuild, the verification and
//! the history. It is total: any sequence of events gives a state, and nothing follows an end.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

use super::extras::Extras;
use super::proof::{self, Grant};
use super::timeouts::after;
use super::{
    Assurance, ChainHash, Client, DecodeError, EndReason, Entry, Event, Flash, Key, KnownClients, Renewed,
    SettingsChanged, Timeouts, TokenHash, UserId, Value, ValueError,
};

/// A session as its events made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionState {
    /// How many events there are.
    pub version: i64,
    /// The chain up to the last of them.
    pub head: ChainHash,
    /// When the last of them occurred.
    pub changed_at: OffsetDateTime,
    /// When the first of them occurred.
    pub started_at: OffsetDateTime,
    /// The hash of the token's secret.
    pub token_hash: TokenHash,
    /// The previous token, while requests may still come with it.
    pub superseded: Option<Superseded>,
    /// The user the session belongs to.
    pub user: Option<UserId>,
    /// When the user last proved who they are.
    pub authenticated_at: Option<OffsetDateTime>,
    /// The client of the latest event that names one; the next event need not repeat it. The end does not
    /// count, as somebody else may have ended the session.
    pub client: Option<Client>,
    /// The values, messages and settings of the session.
    pub content: Content,
    /// Why and when it ended, if it did.
    pub ended: Option<(EndReason, OffsetDateTime)>,
    /// Who ended it, where that is not the session's user.
    pub ended_by: Option<UserId>,
    /// When an ended session was last seen before its end.
    pub last_seen: Option<OffsetDateTime>,
}

/// A token that a newer one has replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Superseded {
    /// The hash of its secret.
    pub token_hash: TokenHash,
    /// Until this time a request with it is a latecomer; afterwards it is a replay.
    pub until: OffsetDateTime,
    /// Whether a latecomer is let in. After a login it is not, but neither does it end the session (ASVS
    /// 7.2.4).
    pub accepted: bool,
}

/// The part of a session that the projection keeps as bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// The session's own time limits.
    #[serde(with = "super::stored_timeouts")]
    pub timeouts: Timeouts,
    /// How the user proved who they are.
    pub methods: Vec<String>,
    /// How much that proves.
    pub assurance: Assurance,
    /// The hash of a token that was offered and that no browser has shown yet.
    pub offered: Option<TokenHash>,
    /// The application's values by key.
    pub values: BTreeMap<String, Value>,
    /// The waiting messages by queue.
    pub flashes: BTreeMap<String, Vec<Flash>>,
    /// When the present token took the place of another without having been shown by a browser first.
    #[serde(with = "super::stored_superseded::moment")]
    pub renewed_at: Option<OffsetDateTime>,
    /// Tokens that were superseded before the one in [`SessionState::superseded`], the latest last. Each has
    /// its own grace.
    #[serde(with = "super::stored_superseded")]
    pub earlier: Vec<Superseded>,
    /// What optional features remember.
    pub extras: Extras,
}

/// How many superseded tokens a session remembers besides the latest. An older one counts as unknown.
pub(super) const EARLIER_MAX: usize = 8;

impl SessionState {
    /// The state after `event`, which occurred at `at`. Events of unknown kind change nothing, and neither
    /// does anything after the end.
    ///
    /// ```
    /// # use session_ledger::session::*;
    /// # use time::OffsetDateTime;
    /// let mut state = SessionState::default();
    /// let (user, methods) = ("alice".into(), vec!["pwd".into()]);
    /// let login = LoggedIn::new(user, methods, Assurance::Aal1);
    /// state.apply(&Event::LoggedIn(login), OffsetDateTime::UNIX_EPOCH);
    /// assert_eq!(state.user, Some("alice".into()));
    /// ```
    pub fn apply(&mut self, event: &Event, at: OffsetDateTime) {
        if self.ended.is_some() {
            return;
        }
        match event {
            Event::Started(fact) => {
                self.started_at = at;
                self.token_hash = fact.token_hash;
                self.content.timeouts = fact.timeouts.into();
            }
            Event::LoggedIn(fact) => {
                if self.user.as_ref() != Some(&fact.user) {
                    self.content.methods.clear();
                    self.content.extras.change(|extras| extras.proofs.clear());
                }
                self.user = Some(fact.user.clone());
                self.act_as(None);
                self.authenticate(&fact.methods, fact.assurance, fact.auth_time(), at);
            }
            Event::Reauthenticated(fact) => {
                self.authenticate(&fact.methods, fact.assurance, fact.auth_time(), at);
            }
            Event::SettingsChanged(fact) => self.change_settings(fact, at),
            Event::RenewalOffered(fact) => {
                self.content.offered = Some(fact.token_hash);
                self.content.extras.change(|extras| extras.offered_at = Some(at));
            }
            Event::Renewed(fact) => self.renew(fact, at),
            Event::ImpersonationStarted(fact) => self.act_as(Some(fact.user.clone())),
            Event::ImpersonationEnded(_) => self.act_as(None),
            Event::FactorChanged(fact) => self.forget_factor(&fact.factor),
            Event::GrantGiven(fact) => {
                let (operation, until) = (fact.operation.clone(), after(at, fact.seconds));
                let grant = Grant { operation, until };
                self.content.extras.change(|extras| proof::give(&mut extras.grants, grant, at));
            }
            Event::GrantTaken(fact) => self
                .content
                .extras
                .change(|extras| extras.grants.retain(|grant| grant.operation != fact.operation)),
            Event::Ended(fact) => {
                self.ended = Some((fact.reason.clone(), at));
                self.last_seen = Some(fact.last_seen());
            }
            Event::ValueSet(fact) => {
                self.content.values.insert(fact.key.clone(), fact.value.clone());
            }
            Event::ValueRemoved(fact) => {
                self.content.values.remove(&fact.key);
            }
            Event::Cleared(_) => self.content.values.clear(),
            Event::FlashAdded(fact) => {
                self.content.flashes.entry(fact.queue.clone()).or_default().push(fact.message.clone());
            }
            Event::FlashTaken(fact) => {
                self.content.flashes.remove(&fact.queue);
            }
            Event::ClientChanged(fact) => {
                let before = self.client.as_ref();
                self.content.extras.change(|extras| {
                    extras.clients.learn_before(fact, before);
                    extras.step_up |= fact.step_up;
                });
            }
            Event::DeviceSeen(fact) => {
                self.content.extras.change(|extras| extras.device = Some(fact.device));
            }
            Event::Noted(_) | Event::Unknown(_) => {}
        }
    }

    /// Decodes an entry's event, applies it and moves the head to the entry.
    ///
    /// # Errors
    ///
    /// The event cannot be decoded. The state is as it was.
    pub fn advance(&mut self, entry: &Entry) -> Result<(), DecodeError> {
        let event = entry.event()?;
        let ends = self.ended.is_none() && matches!(event, Event::Ended(_));
        self.apply(&event, entry.occurred_at);
        self.settle(&event, entry, ends);
        Ok(())
    }

    /// Moves the head to an entry whose event has been applied. `ends` says whether it has ended the session.
    pub(super) fn settle(&mut self, event: &Event, entry: &Entry, ends: bool) {
        if let Event::ClientChanged(fact) = event {
            self.content.extras.change(|extras| extras.clients.learn(fact, entry.client.as_ref()));
        }
        self.version = entry.version;
        self.head = entry.hash;
        self.changed_at = entry.occurred_at;
        if self.ended.is_none() && entry.client.is_some() {
            self.client.clone_from(&entry.client);
        }
        if ends {
            self.ended_by.clone_from(&entry.actor);
        }
    }

    /// The state that the entries of one session make, from the first on.
    ///
    /// # Errors
    ///
    /// One of the events cannot be decoded.
    pub fn replay<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Result<Self, DecodeError> {
        let mut state = Self::default();
        entries.into_iter().try_for_each(|entry| state.advance(entry))?;
        Ok(state)
    }

    /// The value of a key.
    ///
    /// # Errors
    ///
    /// The stored bytes are not a value of the key's type.
    pub(crate) fn value<T: DeserializeOwned + 'static>(&self, key: &Key<T>) -> Result<Option<T>, ValueError> {
        self.content.values.get(key.name()).map(|value| key.decode(value)).transpose()
    }

    /// The user the session acts as: the impersonated one, or its own.
    pub fn acting_user(&self) -> Option<&UserId> {
        self.content.extras.impersonated.as_ref().or(self.user.as_ref())
    }

    /// When the user last proved who they are: to an identity provider, or here.
    pub fn proved_at(&self) -> Option<OffsetDateTime> {
        self.content.extras.auth_time.or(self.authenticated_at)
    }

    /// When the user last proved who they are by this method; none if they did not in this session.
    pub fn method_proved_at(&self, method: &str) -> Option<OffsetDateTime> {
        if self.content.methods.iter().any(|proved| proved == method) {
            return self.proved_at();
        }
        self.content.extras.proofs.iter().find(|proof| proof.method == method).map(|proof| proof.at)
    }

    /// Whether the user may do an operation once, at `now`.
    pub(super) fn is_granted(&self, operation: &str, now: OffsetDateTime) -> bool {
        self.content.extras.grants.iter().any(|grant| grant.operation == operation && now < grant.until)
    }

    /// A session has the assurance of the latest proof, be it lower than that of one before (NIST SP
    /// 800-63B-4 section 5.1).
    fn authenticate(
        &mut self,
        methods: &[String],
        assurance: Assurance,
        auth_time: Option<OffsetDateTime>,
        at: OffsetDateTime,
    ) {
        let before = self.proved_at();
        let replaced = std::mem::replace(&mut self.content.methods, methods.to_vec());
        (self.content.assurance, self.authenticated_at) = (assurance, Some(at));
        self.content.extras.change(|extras| {
            proof::remember(&mut extras.proofs, replaced, before.unwrap_or(at), methods);
            extras.auth_time = auth_time.filter(|told| *told < at);
            // Whoever proves who they are is known by the client from which they do so.
            (extras.clients, extras.step_up) = (KnownClients::NONE, false);
        });
    }

    /// A grant is for the one whom the user acted as when it was given.
    fn act_as(&mut self, impersonated: Option<UserId>) {
        self.content.extras.change(|extras| {
            extras.impersonated = impersonated;
            extras.grants.clear();
        });
    }

    /// What was proved by a factor that is no more proves nothing, and grants nothing.
    fn forget_factor(&mut self, factor: &str) {
        self.content.methods.retain(|method| method != factor);
        self.content.extras.change(|extras| {
            extras.proofs.retain(|proof| proof.method != factor);
            extras.grants.clear();
        });
    }

    /// Makes the tokens those of another state.
    pub(super) fn take_tokens_of(&mut self, other: &Self) {
        (self.token_hash, self.superseded) = (other.token_hash, other.superseded);
        self.content.offered = other.content.offered;
        let offered_at = other.content.extras.offered_at;
        self.content.extras.change(|extras| extras.offered_at = offered_at);
        self.content.renewed_at = other.content.renewed_at;
        self.content.earlier.clone_from(&other.content.earlier);
    }

    fn change_settings(&mut self, fact: &SettingsChanged, at: OffsetDateTime) {
        self.content.timeouts = fact.timeouts.into();
        self.content.extras.change(|extras| {
            extras.renewal_timeout = fact.renewal_timeout;
            if extras.remembered != fact.remembered {
                (extras.remembered, extras.remembered_at) = (fact.remembered, Some(at));
            }
        });
    }

    /// The present token gives way to another, and so does an offered one that is not taken. What was
    /// superseded before keeps its own grace, and is forgotten once that is over.
    fn renew(&mut self, fact: &Renewed, at: OffsetDateTime) {
        let (until, accepted) = (after(at, fact.grace), fact.accepts_superseded);
        let offered = self.content.offered.take();
        let is_taken = offered == Some(fact.token_hash);
        let untaken = offered.filter(|_| !is_taken);
        let is_kept = self.superseded_tokens().any(|old| old.token_hash == fact.token_hash);
        let offered_at = self.content.extras.offered_at;
        let made_at = match (is_taken, is_kept) {
            (true, _) => offered_at,
            // It was made before the one that gives way to it, and so before whatever was changed with that.
            (false, true) => offered_at.or(self.content.renewed_at).map(|at| at - Duration::MICROSECOND),
            (false, false) => None,
        };
        for token_hash in untaken.into_iter().chain([self.token_hash]) {
            self.content.earlier.extend(self.superseded.replace(Superseded { token_hash, until, accepted }));
        }
        self.content.earlier.retain(|old| at < old.until);
        // After a login no token of before opens anything, whenever it was superseded (ASVS 7.2.4).
        if !accepted {
            self.content.earlier.iter_mut().for_each(|old| old.accepted = false);
        }
        let surplus = self.content.earlier.len().saturating_sub(EARLIER_MAX);
        self.content.earlier.drain(..surplus);
        // A browser takes an offered token by showing it.
        self.content.renewed_at = (!is_taken).then_some(at);
        self.content.extras.change(|extras| extras.offered_at = made_at);
        self.token_hash = fact.token_hash;
    }
}

impl Content {
    /// How many bytes the values and messages take, encoded, and at most a few bytes more for each.
    #[doc(hidden)]
    pub fn size(&self) -> usize {
        let values: usize = self.values.iter().map(|(key, value)| value_size(key, value)).sum();
        let messages = |waiting: &[Flash]| waiting.iter().map(message_size).sum::<usize>();
        let flashes: usize =
            self.flashes.iter().map(|(queue, waiting)| queue_size(queue) + messages(waiting)).sum();
        values + flashes
    }
}

/// The bytes that a value counts. Its shape, the tag of its form and the two lengths take at most 8 bytes,
/// and one more with a shape of three.
pub(super) fn value_size(key: &str, value: &Value) -> usize {
    key.len() + value.bytes.len() + value.form.size() + 8 + usize::from(value.shape >= 1 << 14)
}

/// The bytes that a queue counts beside its messages: the two lengths take at most 8 bytes.
pub(super) fn queue_size(queue: &str) -> usize {
    queue.len() + 8
}

/// The bytes that a waiting message counts: its level and its length take at most 4 bytes.
pub(super) fn message_size(message: &Flash) -> usize {
    message.text.len() + 4
}

/// The state before any event.
impl Default for SessionState {
    fn default() -> Self {
        Self {
            version: 0,
            head: ChainHash::default(),
            changed_at: OffsetDateTime::UNIX_EPOCH,
            started_at: OffsetDateTime::UNIX_EPOCH,
            token_hash: TokenHash::default(),
            superseded: None,
            user: None,
            authenticated_at: None,
            client: None,
            content: Content::default(),
            ended: None,
            ended_by: None,
            last_seen: None,
        }
    }
}
