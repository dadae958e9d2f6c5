//! Facts about who the user is: how they proved it, as whom they act, and what they may do once.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::session::microseconds::{from_microseconds, microseconds};
use crate::session::{Assurance, UserId};

/// Payload of [`Event::LoggedIn`](super::Event::LoggedIn).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LoggedIn {
    /// The user.
    pub user: UserId,
    /// How they proved it, in the words of RFC 8176 where they fit (`pwd`, `otp`, `hwk`).
    pub methods: Vec<String>,
    /// How much that proves.
    pub assurance: Assurance,
    /// In microseconds since 1970-01-01T00:00Z.
    auth_time: Option<i64>,
}

/// Payload of [`Event::Reauthenticated`](super::Event::Reauthenticated).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Reauthenticated {
    /// How the user proved who they are, as in [`LoggedIn::methods`].
    pub methods: Vec<String>,
    /// How much that proves.
    pub assurance: Assurance,
    /// In microseconds since 1970-01-01T00:00Z.
    auth_time: Option<i64>,
}

/// Payload of [`Event::FactorChanged`](super::Event::FactorChanged).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FactorChanged {
    /// The factor, as in [`LoggedIn::methods`].
    pub factor: String,
    /// Whether the user's other sessions end with it.
    pub ends_others: bool,
}

/// Payload of [`Event::GrantGiven`](super::Event::GrantGiven).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GrantGiven {
    /// The operation, in the application's words.
    pub operation: String,
    /// For how many seconds the grant can be taken.
    pub seconds: u32,
}

/// Payload of [`Event::GrantTaken`](super::Event::GrantTaken).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GrantTaken {
    /// The operation.
    pub operation: String,
}

/// Payload of [`Event::ImpersonationStarted`](super::Event::ImpersonationStarted).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ImpersonationStarted {
    /// The user that the signed-in user acts as.
    pub user: UserId,
    /// Why, in the words of whoever acts. Empty in events of before it was asked for.
    pub reason: String,
}

/// Payload of [`Event::ImpersonationEnded`](super::Event::ImpersonationEnded).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ImpersonationEnded {}

macro_rules! of_an_authentication {
    ($($Payload:ident)*) => {$(
        impl $Payload {
            /// When an identity provider says that the user proved who they are (`auth_time` of OpenID
            /// Connect), if it has said so.
            pub fn auth_time(&self) -> Option<OffsetDateTime> {
                self.auth_time.map(from_microseconds)
            }

            /// The same fact with what an identity provider says, kept to the microsecond.
            #[doc(hidden)]
            #[must_use]
            pub fn at(self, auth_time: Option<OffsetDateTime>) -> Self {
                Self { auth_time: auth_time.map(microseconds), ..self }
            }
        }
    )*};
}

of_an_authentication!(LoggedIn Reauthenticated);

/// Payloads grow with new shapes, so other crates cannot name all fields. Tests make facts by these.
macro_rules! constructors {
    ($($Payload:ident($($field:ident: $of:ty),*) $({ $($unsaid:ident),* })?;)*) => {$(
        impl $Payload {
            #[doc(hidden)]
            pub fn new($($field: $of),*) -> Self {
                Self { $($field,)* $($($unsaid: None),*)? }
            }
        }
    )*};
}

constructors! {
    LoggedIn(user: UserId, methods: Vec<String>, assurance: Assurance) { auth_time };
    Reauthenticated(methods: Vec<String>, assurance: Assurance) { auth_time };
    FactorChanged(factor: String, ends_others: bool);
    GrantGiven(operation: String, seconds: u32);
    GrantTaken(operation: String);
    ImpersonationStarted(user: UserId, reason: String);
    ImpersonationEnded();
}
