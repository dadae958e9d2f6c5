//! Turns a wish of a handler into a fact. A pure function of state and wish.

use super::state::{message_size, queue_size, value_size};
use super::{
    Assurance, Cleared, Content, DeviceId, DeviceSeen, EndReason, Ended, Event, FactorChanged, Flash,
    FlashAdded, FlashTaken, GrantGiven, GrantTaken, ImpersonationEnded, ImpersonationStarted, LoggedIn,
    Noted, PolicyError, Reauthenticated, RenewalOffered, Renewed, SessionId, SessionState, SettingsChanged,
    Timeouts, TokenHash, UserId, Value, ValueRemoved, ValueSet,
};
use crate::plain_debug::plain_debug;
use time::OffsetDateTime;

/// Something a handler wants of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the fields are those of the events that grant the wish")]
pub enum Wish {
    /// Keep a value under a key.
    SetValue { key: String, value: Value },
    /// Forget the value of a key.
    RemoveValue { key: String },
    /// Forget all values.
    Clear,
    /// Queue a message for the next page.
    AddFlash { queue: String, message: Flash },
    /// Take the messages of a queue.
    TakeFlash { queue: String },
    /// Bind a user.
    LogIn { user: UserId, methods: Vec<String>, assurance: Assurance, auth_time: Option<OffsetDateTime> },
    /// Record that the user proved again who they are.
    Reauthenticate { methods: Vec<String>, assurance: Assurance, auth_time: Option<OffsetDateTime> },
    /// Record that a factor was changed or taken away.
    ChangeFactor { factor: String, ends_others: bool },
    /// Let the user do an operation once.
    Grant { operation: String, seconds: u32 },
    /// Do the operation that was granted. A grant is judged by the time `at`.
    TakeGrant { operation: String, at: OffsetDateTime },
    /// Offer a token in place of the present one, which stays until a browser shows the new one.
    OfferToken { token_hash: TokenHash },
    /// Replace the token.
    Renew { token_hash: TokenHash, grace: u32, accepts_superseded: bool },
    /// Change the session's own time limits.
    ChangeTimeouts(Timeouts),
    /// Change the session's own seconds between renewals of its token.
    ChangeRenewal { renewal_timeout: Option<u32> },
    /// Change for how many seconds the browser keeps the cookie, and the time limits that go with it.
    Remember { remembered: Option<u32>, timeouts: Timeouts },
    /// Act as another user.
    Impersonate { user: UserId, reason: String },
    /// Act as oneself again.
    EndImpersonation,
    /// Record the browser of a login.
    SeeDevice { device: DeviceId, is_new: bool },
    /// Keep a fact of the application's own.
    Note(Noted),
    /// End the session. `by` is the session of the same user that brings it about, if one does.
    End { reason: EndReason, last_seen: OffsetDateTime, by: Option<SessionId> },
}

/// A wish that cannot be granted. The session is as it was.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WishError {
    /// The session would hold more than its limit.
    #[error(
        "the session would hold {bytes} bytes, more than its limit of {max}: keep large data in a table of your own"
    )]
    TooLarge {
        /// How many bytes it would hold.
        bytes: usize,
        /// How many it may hold.
        max: usize,
    },
    /// A note that takes more room than a history gives one.
    #[error(
        "the note would take {bytes} bytes in JSON, more than the limit of {max}: note what happened, and keep the data \
         itself in a table of your own"
    )]
    NoteTooLarge {
        /// How many bytes it would take, with its name.
        bytes: usize,
        /// How many it may take.
        max: usize,
    },
    /// A user id that cannot be stored.
    #[error("a user id must have 1 to 255 bytes and no NUL character")]
    UserId,
    /// A name that cannot be stored.
    #[error(
        "a name of a session key, flash queue, note, end reason, operation or authentication method may have at most \
         255 bytes and no NUL character"
    )]
    Name,
    /// More authentication methods than a session has room for.
    #[error("an authentication may have at most 8 methods")]
    TooManyMethods,
    /// Only a signed-in user can do that.
    #[error("nobody is signed in to this session: call `login` first")]
    NobodySignedIn,
    /// An impersonation without a reason, or with one that cannot be stored.
    #[error(
        "to act as another user needs a reason of 1 to 255 bytes and no NUL character: the history shows it"
    )]
    NoReason,
    /// There is no grant for this operation: it was taken already, is void by now, or never was.
    #[error(
        "the operation was not granted, or its grant was taken or is void by now: let the user prove again who they \
         are, and grant it anew"
    )]
    NotGranted,
    /// A grant that would live for no time, or for too long.
    #[error("a grant must live for 1 to {max} seconds", max = GRANT_SECONDS_MAX)]
    GrantSeconds,
    /// The request's cookie was neither missing nor the present one, so that a session that it started would
    /// take the place of one that the browser may hold.
    #[error(
        "the request came with a cookie that is out of date, so that nothing was kept: load the page again"
    )]
    StaleCookie,
    /// Nothing follows an end.
    #[error("the session has ended: what comes after belongs into a new one")]
    Ended,
    /// Settings of the session that contradict each other or the policy.
    #[error(transparent)]
    Timeouts(#[from] PolicyError),
}

plain_debug!(WishError);

/// The most bytes of a key's, queue's, note's, end reason's or method's name.
const NAME_BYTES_MAX: usize = 255;

/// The most bytes of a note, with its name.
pub(super) const NOTE_BYTES_MAX: usize = 16 * 1024;

/// The most methods of one authentication: with their names they fit beside a full session's values.
const METHODS_MAX: usize = 8;

/// The most seconds that a grant lives.
const GRANT_SECONDS_MAX: u32 = 3_600;

/// The fact that grants `wish`, or none where it is granted already: unchanged values write nothing, and a
/// session ends once.
///
/// # Errors
///
/// See [`WishError`]. The size of the values and messages is checked against `bytes_max`.
pub fn decide(state: &SessionState, wish: Wish, bytes_max: usize) -> Result<Option<Event>, WishError> {
    if state.ended.is_some() {
        return if matches!(wish, Wish::End { .. }) { Ok(None) } else { Err(WishError::Ended) };
    }
    let (content, extras) = (&state.content, &state.content.extras);
    let fact = match wish {
        Wish::SetValue { key, value } => return set_value(content, key, value, bytes_max),
        Wish::RemoveValue { key } if !content.values.contains_key(&key) => return Ok(None),
        Wish::RemoveValue { key } => Event::ValueRemoved(ValueRemoved { key }),
        Wish::Clear if content.values.is_empty() => return Ok(None),
        Wish::Clear => Event::Cleared(Cleared {}),
        Wish::AddFlash { queue, message } if is_waiting(content, &queue, &message) => return Ok(None),
        Wish::AddFlash { queue, message } => {
            let new = if content.flashes.contains_key(&queue) { 0 } else { queue_size(named(&queue)?) };
            fits(content.size() + new + message_size(&message), bytes_max)?;
            Event::FlashAdded(FlashAdded { queue, message })
        }
        Wish::TakeFlash { queue } if !content.flashes.contains_key(&queue) => return Ok(None),
        Wish::TakeFlash { queue } => Event::FlashTaken(FlashTaken { queue }),
        Wish::LogIn { user, methods, assurance, auth_time } => {
            let methods = few(methods)?;
            user.check()?;
            Event::LoggedIn(LoggedIn::new(user, methods, assurance).at(auth_time))
        }
        Wish::Reauthenticate { methods, assurance, auth_time } => {
            signed_in(state)?;
            Event::Reauthenticated(Reauthenticated::new(few(methods)?, assurance).at(auth_time))
        }
        Wish::ChangeFactor { factor, ends_others } => change_factor(state, factor, ends_others)?,
        Wish::Grant { operation, seconds } => grant(state, operation, seconds)?,
        Wish::TakeGrant { operation, at } if !state.is_granted(&operation, at) => {
            return Err(WishError::NotGranted);
        }
        Wish::TakeGrant { operation, .. } => Event::GrantTaken(GrantTaken { operation }),
        Wish::OfferToken { token_hash } => Event::RenewalOffered(RenewalOffered { token_hash }),
        Wish::Renew { token_hash, grace, accepts_superseded } => {
            Event::Renewed(Renewed { token_hash, grace, accepts_superseded })
        }
        Wish::ChangeTimeouts(timeouts) => {
            return set_settings(content, timeouts, extras.renewal_timeout, extras.remembered);
        }
        Wish::ChangeRenewal { renewal_timeout } => {
            return set_settings(content, content.timeouts, renewal_timeout, extras.remembered);
        }
        Wish::Remember { remembered, timeouts } => {
            return set_settings(content, timeouts, extras.renewal_timeout, remembered);
        }
        Wish::Impersonate { user, reason } => impersonate(state, user, reason)?,
        Wish::EndImpersonation if extras.impersonated.is_none() => return Ok(None),
        Wish::EndImpersonation => Event::ImpersonationEnded(ImpersonationEnded {}),
        Wish::SeeDevice { device, is_new: false } if extras.device == Some(device) => return Ok(None),
        Wish::SeeDevice { device, is_new } => {
            signed_in(state)?;
            Event::DeviceSeen(DeviceSeen { device, is_new })
        }
        Wish::Note(noted) => {
            let bytes = named(&noted.name)?.len() + noted.value.bytes.len();
            if bytes > NOTE_BYTES_MAX {
                return Err(WishError::NoteTooLarge { bytes, max: NOTE_BYTES_MAX });
            }
            Event::Noted(noted)
        }
        Wish::End { reason, last_seen, by } => {
            reason.check()?;
            Event::Ended(Ended::new(reason, last_seen).by(by))
        }
    };
    Ok(Some(fact))
}

/// The value that a key has already is granted without an event.
fn set_value(
    content: &Content,
    key: String,
    value: Value,
    bytes_max: usize,
) -> Result<Option<Event>, WishError> {
    let old = content.values.get(&key);
    if old.is_some_and(|old| old.agrees_with(&value)) {
        return Ok(None);
    }
    let freed = old.map_or(0, |old| value_size(&key, old));
    fits(content.size() - freed + value_size(named(&key)?, &value), bytes_max)?;
    Ok(Some(Event::ValueSet(ValueSet { key, value })))
}

/// Settings that the session has already are granted without an event.
fn set_settings(
    content: &Content,
    timeouts: Timeouts,
    renewal_timeout: Option<u32>,
    remembered: Option<u32>,
) -> Result<Option<Event>, WishError> {
    let extras = &content.extras;
    let present = (content.timeouts, extras.renewal_timeout, extras.remembered);
    if (timeouts, renewal_timeout, remembered) == present {
        return Ok(None);
    }
    timeouts.validate()?;
    let timeouts = timeouts.into();
    Ok(Some(Event::SettingsChanged(SettingsChanged { timeouts, renewal_timeout, remembered })))
}

fn change_factor(state: &SessionState, factor: String, ends_others: bool) -> Result<Event, WishError> {
    signed_in(state)?;
    named(&factor)?;
    Ok(Event::FactorChanged(FactorChanged { factor, ends_others }))
}

fn impersonate(state: &SessionState, user: UserId, reason: String) -> Result<Event, WishError> {
    signed_in(state)?;
    user.check()?;
    if reason.trim().is_empty() || named(&reason).is_err() {
        return Err(WishError::NoReason);
    }
    Ok(Event::ImpersonationStarted(ImpersonationStarted { user, reason }))
}

fn grant(state: &SessionState, operation: String, seconds: u32) -> Result<Event, WishError> {
    signed_in(state)?;
    named(&operation)?;
    if !(1..=GRANT_SECONDS_MAX).contains(&seconds) {
        return Err(WishError::GrantSeconds);
    }
    Ok(Event::GrantGiven(GrantGiven { operation, seconds }))
}

/// Whether the same message waits in the queue already. A page shows it once, however often it was said.
fn is_waiting(content: &Content, queue: &str, message: &Flash) -> bool {
    content.flashes.get(queue).is_some_and(|waiting| waiting.contains(message))
}

fn fits(bytes: usize, max: usize) -> Result<(), WishError> {
    if bytes > max { Err(WishError::TooLarge { bytes, max }) } else { Ok(()) }
}

fn named(name: &str) -> Result<&str, WishError> {
    if name.len() > NAME_BYTES_MAX || name.contains('\0') { Err(WishError::Name) } else { Ok(name) }
}

fn few(methods: Vec<String>) -> Result<Vec<String>, WishError> {
    if methods.len() > METHODS_MAX {
        return Err(WishError::TooManyMethods);
    }
    methods.iter().try_for_each(|method| named(method).map(drop))?;
    Ok(methods)
}

impl EndReason {
    /// Makes sure that the reason can be stored.
    pub(crate) fn check(&self) -> Result<(), WishError> {
        named(self.as_str()).map(drop)
    }
}

impl UserId {
    /// Makes sure that the id can be stored.
    pub(crate) fn check(&self) -> Result<(), WishError> {
        if self.is_storable() { Ok(()) } else { Err(WishError::UserId) }
    }
}

fn signed_in(state: &SessionState) -> Result<(), WishError> {
    if state.user.is_some() { Ok(()) } else { Err(WishError::NobodySignedIn) }
}
