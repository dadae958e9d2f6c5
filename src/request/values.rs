//! The values of a session by names that are known at run time alone.

use std::collections::BTreeMap;

use super::{Session, SessionError};
use crate::session::{Value, Wish};

/// Values as they are stored, for code that learns their names at run time: an adapter of another session
/// library, say. A handler has a [`Key`](crate::Key) for each of its values.
impl Session {
    /// All values as they are stored, by their names.
    ///
    /// ```
    /// use poem::{Result, handler};
    /// use session_ledger::web::SessionError;
    /// use session_ledger::{Key, Session};
    ///
    /// #[handler]
    /// fn names(session: Session) -> String {
    ///     session.values().into_keys().collect::<Vec<_>>().join(", ")
    /// }
    ///
    /// /// Keeps what a client sends under a name that it sends too.
    /// #[handler]
    /// fn keep(session: Session, name: String) -> Result<()> {
    ///     const ANY: Key<serde_json::Value> = Key::json("any");
    ///     let value = ANY.encode(&serde_json::json!(true)).map_err(SessionError::from)?;
    ///     Ok(session.set_value(&name, value)?)
    /// }
    /// ```
    #[doc(alias("entries", "keys", "items"))]
    pub fn values(&self) -> BTreeMap<String, Value> {
        self.state(|state| state.content.values.clone())
    }

    /// Keeps a stored value under a name. If the name has this value already, nothing is written. A
    /// [`Key`](crate::Key) encodes it, whatever the key's own name is.
    ///
    /// # Errors
    ///
    /// The name has more than 255 bytes or a NUL character, or the session would hold more than its limit.
    pub fn set_value(&self, name: &str, value: Value) -> Result<(), SessionError> {
        self.wish(Wish::SetValue { key: name.to_owned(), value })
    }

    /// Forgets the value of a name. The log keeps it.
    ///
    /// # Errors
    ///
    /// None that a live session gives.
    pub fn remove_value(&self, name: &str) -> Result<(), SessionError> {
        self.wish(Wish::RemoveValue { key: name.to_owned() })
    }
}
