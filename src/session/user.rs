//! The user that a session belongs to.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A user of the application, by whatever id the application uses: a UUID, an integer or a text.
///
/// Stored as text, at most [`UserId::BYTES_MAX`] bytes of it; a longer one is refused where it is used.
///
/// ```
/// use session_ledger::session::UserId;
/// assert_eq!(UserId::from(42_i64).as_str(), "42");
/// assert_eq!(UserId::from("alice").to_string(), "alice");
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct UserId(String);

impl UserId {
    /// The most bytes that a user id may have.
    pub const BYTES_MAX: usize = 255;

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
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
