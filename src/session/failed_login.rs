//! A login that failed, as an application describes it.

use std::fmt;

use super::{Client, SessionId, UserId};

/// A login that failed: who was tried, and why it was refused. It is kept in the trail of the sessions, as
/// OWASP asks for (`authn_login_fail`): see [`Session::login_failed`](crate::web::Session::login_failed).
///
/// The secret that was tried has no place in it. The user id has, and it may be anything that a visitor has
/// typed: some type their password into the wrong field, and it would then be read by whoever reads the trail
/// (CWE-532). An application that can tell passes the ids that it knows, and otherwise
/// [`of_unknown`](Self::of_unknown):
///
/// ```
/// use session_ledger::session::{FailedLogin, LoginFailure};
///
/// # fn failed(account: Option<&str>) -> FailedLogin {
/// match account {
///     Some(known) => FailedLogin::of(known).because(LoginFailure::WrongSecret),
///     None => FailedLogin::of_unknown(),
/// }
/// # }
/// # assert_eq!(failed(None).reason(), &LoginFailure::UnknownUser);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a failed login is not recorded until a session or the ledger is given it"]
pub struct FailedLogin {
    user: Option<UserId>,
    reason: LoginFailure,
    client: Client,
    session: Option<SessionId>,
}

/// Why a login failed. It is stored by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoginFailure {
    /// There is no such user.
    UnknownUser,
    /// The password, code or key was not the user's.
    WrongSecret,
    /// The application lets nobody try this user for a while.
    Locked,
    /// The account is disabled.
    AccountDisabled,
    /// The user has as many sessions as they may have.
    TooManySessions,
    /// The application's own rules stand in the way: the wrong place, the wrong time.
    Refused,
    /// A reason of the application's own, or of a later version. At most 255 bytes of it are kept.
    Other(String),
}

/// The most bytes of a reason.
const REASON_BYTES_MAX: usize = 255;

impl FailedLogin {
    /// A login as this user, who was refused because of a wrong secret, unless said otherwise. The id is kept
    /// as it was tried, cut to [`UserId::BYTES_MAX`] bytes; nobody needs to have it.
    pub fn of(user: impl Into<UserId>) -> Self {
        let user = storable(user.into().as_str(), UserId::BYTES_MAX);
        let user = (!user.is_empty()).then(|| UserId::from(user));
        Self { user, reason: LoginFailure::WrongSecret, client: Client::default(), session: None }
    }

    /// A login as a user whom the application does not know, and whose name is not to be kept.
    pub fn of_unknown() -> Self {
        Self { user: None, ..Self::of("").because(LoginFailure::UnknownUser) }
    }

    /// Says why it failed.
    pub fn because(mut self, reason: impl Into<LoginFailure>) -> Self {
        self.reason = match reason.into() {
            LoginFailure::Other(name) => storable(&name, REASON_BYTES_MAX).as_str().into(),
            named => named,
        };
        self
    }

    /// Says where it came from. The handler of a request need not: the request's client is taken.
    pub fn from_client(mut self, client: Client) -> Self {
        self.client = client;
        self
    }

    /// Says in which session of the browser it was tried. The handler of a request need not.
    pub fn in_session(mut self, session: impl Into<Option<SessionId>>) -> Self {
        self.session = session.into();
        self
    }

    /// The user, as it was tried; none where that is not told.
    pub fn user(&self) -> Option<&UserId> {
        self.user.as_ref()
    }

    /// Why it failed.
    pub fn reason(&self) -> &LoginFailure {
        &self.reason
    }

    /// Where it came from.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The session of the browser, where it had one.
    pub fn session(&self) -> Option<SessionId> {
        self.session
    }
}

/// The beginning of a text, as PostgreSQL can store it: without NUL.
fn storable(text: &str, bytes_max: usize) -> String {
    let ends = text.char_indices().map(|(start, one)| start + one.len_utf8());
    let end = ends.take_while(|end| *end <= bytes_max).last().unwrap_or_default();
    text[..end].replace('\0', " ")
}

macro_rules! login_failures {
    ($($name:literal => $failure:ident;)*) => {
        impl LoginFailure {
            /// The name as it is stored.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$failure => $name,)*
                    Self::Other(name) => name,
                }
            }
        }

        impl From<&str> for LoginFailure {
            fn from(name: &str) -> Self {
                match name {
                    $($name => Self::$failure,)*
                    other => Self::Other(other.to_owned()),
                }
            }
        }
    };
}

login_failures! {
    "unknown_user" => UnknownUser;
    "wrong_secret" => WrongSecret;
    "locked" => Locked;
    "account_disabled" => AccountDisabled;
    "too_many_sessions" => TooManySessions;
    "refused" => Refused;
}

impl fmt::Display for LoginFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[test]
fn whatever_was_typed_can_be_stored() {
    let long = "ž".repeat(200);
    let failed = FailedLogin::of(long.as_str()).because(LoginFailure::Other("x\0".repeat(200)));
    assert_eq!(failed.user().map(|user| user.as_str().len()), Some(254), "no half of a character");
    assert!(failed.user().is_some_and(UserId::is_storable));
    assert_eq!(failed.reason().as_str().len(), 255);
    assert!(!failed.reason().as_str().contains('\0'));
    assert_eq!(FailedLogin::of("").user(), None);
    assert_eq!(FailedLogin::of("a\0b").user(), Some(&"a b".into()));
}

#[test]
fn a_reason_is_read_by_its_name() {
    let named = FailedLogin::of("alice").because("locked");
    assert_eq!(named.reason(), &LoginFailure::Locked);
    let other = FailedLogin::of("alice").because(LoginFailure::Other("refused".into()));
    assert_eq!(other.reason(), &LoginFailure::Refused);
    assert_eq!(LoginFailure::from("geofence"), LoginFailure::Other("geofence".into()));
}
