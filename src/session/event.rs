//! Events: facts in the past tense. The set is closed and versioned.
//!
//! Wire names never change and payload fields are never reordered: postcard is not self-describing. A new
//! layout of a payload is a new shape number beside the old one (see `codec.rs`).

mod noted;
mod proofs;

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::OffsetDateTime;

use super::microseconds::{from_microseconds, microseconds};
use super::{ClientChanged, DeviceSeen, Encoded, Flash, SessionId, StoredTimeouts, TokenHash, Value};
pub use noted::Noted;
pub use proofs::{
    FactorChanged, GrantGiven, GrantTaken, ImpersonationEnded, ImpersonationStarted, LoggedIn,
    Reauthenticated,
};

/// A fact about one session.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// The session began.
    Started(Started),
    /// A user was bound to the session.
    LoggedIn(LoggedIn),
    /// The user proved again who they are.
    Reauthenticated(Reauthenticated),
    /// A value was set under a key.
    ValueSet(ValueSet),
    /// The value of a key was removed.
    ValueRemoved(ValueRemoved),
    /// All values were removed. Flash messages stay.
    Cleared(Cleared),
    /// A message was queued for the next page.
    FlashAdded(FlashAdded),
    /// The messages of a queue were taken to be shown.
    FlashTaken(FlashTaken),
    /// The session's own settings changed.
    SettingsChanged(SettingsChanged),
    /// A new token was offered; the present one stays until the browser uses the new one.
    RenewalOffered(RenewalOffered),
    /// The token changed.
    Renewed(Renewed),
    /// The signed-in user began to act as another.
    ImpersonationStarted(ImpersonationStarted),
    /// The signed-in user acts as themselves again.
    ImpersonationEnded(ImpersonationEnded),
    /// The session was used from a client that it did not know.
    ClientChanged(ClientChanged),
    /// The browser of a login was recognised by its device cookie, or given one.
    DeviceSeen(DeviceSeen),
    /// One of the user's factors was changed or taken away: a password, a key.
    FactorChanged(FactorChanged),
    /// The user may do one operation once, for a short while.
    GrantGiven(GrantGiven),
    /// A grant was taken: its operation is done with this event, or not at all.
    GrantTaken(GrantTaken),
    /// A fact of the application's own, kept for the history. It changes nothing.
    Noted(Noted),
    /// The session ended. Nothing follows.
    Ended(Ended),
    /// An event of a kind or shape that this version of the library does not know, as it is stored. A fold
    /// skips it.
    Unknown(Encoded),
}

impl Event {
    /// Whether the event names its client even if that is the client of the event before.
    ///
    /// Events about who is signed in and how the session lives do: an auditor, or a follower of the feed, can
    /// read each of them alone. Events about the session's values are far more frequent, and mostly come from
    /// one browser.
    pub fn always_says_client(&self) -> bool {
        match self {
            Self::Started(_)
            | Self::LoggedIn(_)
            | Self::Reauthenticated(_)
            | Self::SettingsChanged(_)
            | Self::RenewalOffered(_)
            | Self::Renewed(_)
            | Self::ImpersonationStarted(_)
            | Self::ImpersonationEnded(_)
            | Self::ClientChanged(_)
            | Self::DeviceSeen(_)
            | Self::FactorChanged(_)
            | Self::GrantGiven(_)
            | Self::GrantTaken(_)
            | Self::Ended(_) => true,
            Self::ValueSet(_)
            | Self::ValueRemoved(_)
            | Self::Cleared(_)
            | Self::FlashAdded(_)
            | Self::FlashTaken(_)
            | Self::Noted(_)
            | Self::Unknown(_) => false,
        }
    }
}

/// Payload of [`Event::Started`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Started {
    /// The hash of the first token's secret.
    pub token_hash: TokenHash,
    /// The time limits the session starts with.
    pub timeouts: StoredTimeouts,
}

/// Payload of [`Event::ValueSet`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ValueSet {
    /// The key's name.
    pub key: String,
    /// The encoded value and its shape.
    pub value: Value,
}

/// Payload of [`Event::ValueRemoved`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ValueRemoved {
    /// The key's name.
    pub key: String,
}

/// Payload of [`Event::Cleared`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Cleared {}

/// Payload of [`Event::FlashAdded`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FlashAdded {
    /// The queue's name; empty for the usual one.
    pub queue: String,
    /// The message.
    pub message: Flash,
}

/// Payload of [`Event::FlashTaken`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FlashTaken {
    /// The queue's name; empty for the usual one.
    pub queue: String,
}

/// Payload of [`Event::SettingsChanged`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SettingsChanged {
    /// The time limits from now on.
    pub timeouts: StoredTimeouts,
    /// The seconds between renewals of the token from now on; none for the policy's.
    pub renewal_timeout: Option<u32>,
    /// The seconds for which the browser keeps the cookie from now on; none until it closes.
    pub remembered: Option<u32>,
}

/// Payload of [`Event::RenewalOffered`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RenewalOffered {
    /// The hash of the offered token's secret.
    pub token_hash: TokenHash,
}

/// Payload of [`Event::Renewed`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Renewed {
    /// The hash of the new token's secret.
    pub token_hash: TokenHash,
    /// For how many seconds the superseded token counts as late rather than replayed.
    pub grace: u32,
    /// Whether the superseded token still opens the session meanwhile, for requests that are under way. Not
    /// after a login: then it opens nothing any more (ASVS 7.2.4).
    pub accepts_superseded: bool,
}

/// Payload of [`Event::Ended`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Ended {
    /// The reason.
    pub reason: EndReason,
    /// When the session was last seen before, in microseconds since 1970-01-01T00:00Z.
    last_seen: i64,
    /// The session of the same user whose login, or whose change of a factor, has ended this one.
    pub by: Option<SessionId>,
}

/// Payloads grow with new shapes, so other crates cannot name all fields. Tests make facts by these.
macro_rules! constructors {
    ($($Payload:ident($($field:ident: $of:ty),*);)*) => {$(
        impl $Payload {
            #[doc(hidden)]
            pub fn new($($field: $of),*) -> Self {
                Self { $($field),* }
            }
        }
    )*};
}

constructors! {
    Started(token_hash: TokenHash, timeouts: StoredTimeouts);
    ValueSet(key: String, value: Value);
    ValueRemoved(key: String);
    Cleared();
    FlashAdded(queue: String, message: Flash);
    FlashTaken(queue: String);
    RenewalOffered(token_hash: TokenHash);
    Renewed(token_hash: TokenHash, grace: u32, accepts_superseded: bool);
}

impl SettingsChanged {
    /// A change of the time limits; nothing else is set.
    #[doc(hidden)]
    pub fn new(timeouts: StoredTimeouts) -> Self {
        Self { timeouts, renewal_timeout: None, remembered: None }
    }
}

impl Ended {
    /// An end for `reason`, of a session last seen at `last_seen` (kept to the microsecond). An
    /// [`EndReason::Other`] with the name of another reason becomes that reason, as it does when it is read.
    pub fn new(reason: EndReason, last_seen: OffsetDateTime) -> Self {
        Self { reason: reason.as_str().into(), last_seen: microseconds(last_seen), by: None }
    }

    /// The same end, brought about by this session.
    #[must_use]
    pub fn by(self, by: Option<SessionId>) -> Self {
        Self { by, ..self }
    }

    /// When the session was last seen before it ended.
    pub fn last_seen(&self) -> OffsetDateTime {
        from_microseconds(self.last_seen)
    }
}

/// Why a session ended. It is stored by its name. An older version reads a reason that it does not know as
/// [`EndReason::Other`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EndReason {
    /// The user logged out.
    LoggedOut,
    /// The application ended the session, signed in or not. The log keeps what it held.
    Discarded,
    /// The session was not used for its idle timeout.
    IdleTimeout,
    /// The session reached its absolute timeout.
    AbsoluteTimeout,
    /// The user or an administrator ended it from elsewhere.
    Revoked,
    /// The user has more sessions than allowed.
    LimitExceeded,
    /// The user's password or other credential changed.
    CredentialChanged,
    /// The account was disabled or deleted.
    AccountDisabled,
    /// A token came back that had been superseded: two parties hold the session.
    TokenReplayed,
    /// Another user logged in from the same browser.
    UserSwitched,
    /// The session was used from another browser or network than it knows, and the policy ends it then.
    ClientChanged,
    /// The database was restored to an older state, and the session's token is from a time after it, or from
    /// before the epoch was raised.
    DatabaseRolledBack,
    /// A reason of the application's own, or of a later version.
    Other(String),
}

macro_rules! end_reasons {
    ($($name:literal => $reason:ident;)*) => {
        impl EndReason {
            /// The name as it is stored.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$reason => $name,)*
                    Self::Other(name) => name,
                }
            }
        }

        impl From<&str> for EndReason {
            fn from(name: &str) -> Self {
                match name {
                    $($name => Self::$reason,)*
                    other => Self::Other(other.to_owned()),
                }
            }
        }
    };
}

end_reasons! {
    "logged_out" => LoggedOut;
    "discarded" => Discarded;
    "idle_timeout" => IdleTimeout;
    "absolute_timeout" => AbsoluteTimeout;
    "revoked" => Revoked;
    "limit_exceeded" => LimitExceeded;
    "credential_changed" => CredentialChanged;
    "account_disabled" => AccountDisabled;
    "token_replayed" => TokenReplayed;
    "user_switched" => UserSwitched;
    "client_changed" => ClientChanged;
    "database_rolled_back" => DatabaseRolledBack;
}

impl fmt::Display for EndReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for EndReason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for EndReason {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|name| Self::from(name.as_str()))
    }
}
