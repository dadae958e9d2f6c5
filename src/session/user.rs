//! The user that a session belongs to.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::plain_debug::plain_debug;

/// A user of the application, by whatever id the application uses: a UUID, an integer or a text.
///
/// Stored as text, at most [`UserId::BYTES_MAX`] bytes of it; a longer one is refused where it is used.
///
/// ```
/// use session_ledger::session::UserId;
/// assert_eq!(UserId::from(42_i64).as_str(), "42");
/// assert_eq!(UserId::from("alice").to_string(), "alice");
/// ```
///
/// # A type of the application's own
///
/// Any type can be logged in, and read back by [`to`](Self::to) or by
/// [`SignedIn::user_as`](crate::web::SignedIn::user_as), if it says how it is written and read:
///
/// ```
/// use std::str::FromStr;
/// use session_ledger::session::{UserId, UserIdError};
///
/// #[derive(Clone, Debug, PartialEq)]
/// struct AccountId(i64);
///
/// impl From<AccountId> for UserId {
///     fn from(id: AccountId) -> Self {
///         Self::from(id.0)
///     }
/// }
///
/// impl FromStr for AccountId {
///     type Err = std::num::ParseIntError;
///
///     fn from_str(text: &str) -> Result<Self, Self::Err> {
///         text.parse().map(Self)
///     }
/// }
///
/// # fn main() -> Result<(), UserIdError> {
/// let user = UserId::from(AccountId(42));
/// assert_eq!(user.to::<AccountId>()?, AccountId(42));
/// assert_eq!(user.to::<i64>()?, 42);
/// # Ok(()) }
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct UserId(String);

/// A user id is none of the type that it was asked for.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the session's user id is no `{type_name}`: log users in with ids of this type, or end the sessions of others"
)]
#[non_exhaustive]
pub struct UserIdError {
    /// The id. The message leaves it out, as it may be personal.
    pub user: UserId,
    /// The type's name.
    pub type_name: &'static str,
}

plain_debug!(UserIdError);

impl UserId {
    /// The most bytes that a user id may have.
    pub const BYTES_MAX: usize = 255;

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id as the application's own type: a [`Uuid`], an integer, a [`String`], or any other that is read
    /// from text. What is read is what was logged in: the value must be written as this very id.
    ///
    /// # Errors
    ///
    /// The id is none of that type; the error holds it.
    pub fn to<T: FromStr + Clone + Into<Self>>(&self) -> Result<T, UserIdError> {
        let is_same = |id: &T| id.clone().into() == *self;
        self.0
            .parse()
            .ok()
            .filter(is_same)
            .ok_or_else(|| UserIdError { user: self.clone(), type_name: std::any::type_name::<T>() })
    }

    /// Whether the id is neither empty nor too long, and free of NUL, which PostgreSQL cannot store.
    pub(crate) fn is_storable(&self) -> bool {
        (1..=Self::BYTES_MAX).contains(&self.0.len()) && !self.0.contains('\0')
    }
}

impl AsRef<str> for UserId {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl From<String> for UserId {
    fn from(id: String) -> Self {
        Self(id)
    }
}

impl From<&str> for UserId {
    fn from(id: &str) -> Self {
        Self(id.to_owned())
    }
}

macro_rules! from_display {
    ($($id:ty),*) => {$(
        impl From<$id> for UserId {
            fn from(id: $id) -> Self {
                Self(id.to_string())
            }
        }
    )*};
}

from_display!(Uuid, i32, i64, u32, u64);

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

#[test]
fn an_id_is_read_as_the_type_that_it_was_made_of() {
    let uuid = Uuid::from_u128(0x0190_a1b2_c3d4_7e5f_8899_aabb_ccdd_eeff);
    assert_eq!(UserId::from(uuid).to(), Ok(uuid));
    for id in [0, -1, i64::MAX, i64::MIN] {
        assert_eq!(UserId::from(id).to(), Ok(id));
    }
    assert_eq!(UserId::from(u64::MAX).to(), Ok(u64::MAX));
    assert_eq!(UserId::from("alice").to(), Ok("alice".to_owned()));
}

/// Otherwise a user would have two ids: the one that is stored, and the one that a value of the type makes.
#[test]
fn an_id_that_its_type_would_write_otherwise_is_none_of_it() {
    let is_number = |text: &str| UserId::from(text).to::<i64>().is_ok();
    assert_eq!(
        ["7", "-7", "07", "+7", "7 ", "", "9223372036854775808"].map(is_number),
        [true, true, false, false, false, false, false]
    );
    let is_uuid = |text: &str| UserId::from(text).to::<Uuid>().is_ok();
    let written = "0190a1b2-c3d4-7e5f-8899-aabbccddeeff";
    assert!(is_uuid(written));
    assert!(!is_uuid(&written.to_uppercase()));
    assert!(!is_uuid(&written.replace('-', "")));
}

#[test]
fn the_error_names_the_type_and_keeps_the_id_to_itself() {
    let error = UserId::from("alice").to::<Uuid>().unwrap_err();
    assert_eq!(
        error.to_string(),
        "the session's user id is no `uuid::Uuid`: log users in with ids of this type, or end the sessions of others"
    );
    assert_eq!(format!("{error:?}"), error.to_string());
    assert_eq!(error.user, UserId::from("alice"));
}
