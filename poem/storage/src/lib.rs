//! poem's own sessions ([`poem::session::ServerSession`]) kept in a [`Ledger`], for applications that cannot
//! change their handlers yet. Handlers stay as they are; each change is an event, and a session that has ended
//! stays ended.
//!
//! ```no_run
//! use poem::session::{CookieConfig, ServerSession, Session};
//! use poem::web::cookie::{CookieKey, SameSite};
//! use poem::{Endpoint, EndpointExt, Route, handler};
//! use session_ledger::Ledger;
//! use session_ledger_storage::LedgerStorage;
//!
//! #[handler]
//! fn count(session: &Session) -> String {
//!     let count = session.get::<u32>("count").unwrap_or_default() + 1;
//!     session.set("count", count);
//!     count.to_string()
//! }
//!
//! fn site(ledger: &Ledger, key: CookieKey) -> Result<impl Endpoint, Box<dyn std::error::Error>> {
//!     let cookie = CookieConfig::private(key).name("__Host-poem").same_site(SameSite::Lax);
//!     let storage = LedgerStorage::new(ledger)?.user_entry("user");
//!     Ok(Route::new().at("/", count).with(ServerSession::new(cookie, storage)))
//! }
//! ```
//!
//! The table that leads from cookies to sessions is made by [`SCHEMA`], which the owner of the database runs once.
//!
//! # What it promises
//!
//! - Each entry of a session is a value of its own: the history has a `value_set` for each that has changed, and
//!   none for the others. `purge` and `renew` end the session (`discarded`).
//! - An id that poem has not made begins nothing. The database knows an id's SHA-256 alone, and is not asked for
//!   what is no id.
//! - A session that has ended, by `purge` in another tab or by `Ledger::end`, is not brought back: the request that
//!   would is answered 409.
//! - With [`user_entry`](LedgerStorage::user_entry) the ledger knows who is signed in: lists of a user's sessions,
//!   and to end them all, work.
//!
//! # What it cannot promise
//!
//! - **The last of two parallel requests wins.** poem hands over all entries at once, and does not say which of them
//!   the handler has changed. What another tab has set meanwhile is undone.
//! - **The session commits by itself**, after the handler and apart from its transaction. If it fails, the handler's
//!   own work stays.
//! - **A login renews the cookie only if the handler calls `renew`.** The id is chosen and set by poem. Without
//!   `renew` a planted cookie stays good (fixation).
//! - **No replay is noticed.** An old id simply opens nothing, and a stolen one opens the session until its end.
//! - **Events name neither address nor browser**, and a `renew` is an end and a start: the trait tells neither the
//!   request nor what the two ids have in common.
//! - **Reading keeps no session alive**: the idle limit counts from the last change, as with poem's own storages.
//! - **The removal of the cookie does not work with a `__Host-` name**: poem's lacks Path and Secure. The browser
//!   keeps the cookie, and it opens nothing.
//! - **A session whose entries were all removed before it was stored is not stored**, and messages, notes and limits
//!   of its own need [`session_ledger::Session`].
//! - It takes more trips: four to load, five and more to save.
#![forbid(unsafe_code)]

mod error;
mod start;

/// The programs of the guide.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/COMING_FROM.md")]
struct ComingFrom;

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use poem::session::SessionStorage;
use serde_json::Value;
use session_ledger::ledger::{Change, ChangeError};
use session_ledger::session::{EndReason, Form, Key, SessionId, UserId};
use session_ledger::{Ledger, Sessions};
use sha2::{Digest, Sha256};
use uuid::Uuid;

pub use error::{SetupError, StorageError};
use start::{Start, Starter};

/// The table that leads from cookies to sessions: SQL to be run once by the owner of the database. The
/// application's role needs `select`, `insert`, `update` and `delete` on it.
pub const SCHEMA: &str = include_str!("schema.sql");

/// How an entry is kept: as JSON, like poem itself does. The key's name stands in errors.
const ENTRY: Key<Value> = Key::json("entry of a poem session");

/// The bytes of an id as poem makes them.
const ID_BYTES: usize = 32;

/// A storage of poem's sessions in a ledger. See the [crate](self) for what it promises and what it cannot.
#[derive(Clone)]
pub struct LedgerStorage {
    ledger: Ledger,
    starter: Starter,
    user_entry: Option<String>,
}

impl fmt::Debug for LedgerStorage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut storage = f.debug_struct("LedgerStorage");
        storage.field("ledger", &self.ledger).field("user_entry", &self.user_entry).finish_non_exhaustive()
    }
}

/// What an id stands for in the table.
#[derive(Clone, Copy)]
struct Hash([u8; 32]);

impl Hash {
    /// The hash of an id; none of a text that is no id. An id has 256 random bits, so a plain hash hides it.
    fn of(id: &str) -> Option<Self> {
        let bytes = BASE64URL_NOPAD.decode(id.as_bytes()).ok().filter(|bytes| bytes.len() == ID_BYTES)?;
        let hash = Sha256::new().chain_update(b"session-ledger-storage 1").chain_update(bytes).finalize();
        Some(Self(hash.into()))
    }
}

impl LedgerStorage {
    /// A storage in this ledger, whose table was made by [`SCHEMA`].
    ///
    /// # Errors
    ///
    /// There is no randomness for the key with which sessions are started.
    pub fn new(ledger: &Ledger) -> Result<Self, SetupError> {
        let sessions = Sessions::new(ledger.clone(), start::passing_key()?);
        Ok(Self { ledger: ledger.clone(), starter: Starter::new(sessions), user_entry: None })
    }

    /// The entry that says who is signed in, a text or a number: what the application sets at its login and
    /// removes at its logout. The ledger then knows the user. A session whose user changes ends, and another
    /// begins under the same cookie.
    #[must_use]
    pub fn user_entry(mut self, name: impl Into<String>) -> Self {
        self.user_entry = Some(name.into());
        self
    }

    /// Deletes the rows of cookies whose sessions have ended more than a day ago, and says how many. Until then
    /// they keep a late request from beginning the session again.
    ///
    /// # Errors
    ///
    /// The database is away, or refuses.
    pub async fn delete_ended(&self) -> Result<u64, session_ledger::Error> {
        let delete = include_str!("delete_ended.sql");
        self.ledger.transaction(async |tx| Ok(tx.execute(delete, &[]).await?)).await
    }

    async fn session_of(&self, hash: Hash) -> Result<Option<SessionId>, StorageError> {
        let select = include_str!("session_of.sql");
        let row = self
            .ledger
            .transaction(async |tx| {
                Ok::<_, session_ledger::Error>(tx.query_opt(select, &[&hash.0.as_slice()]).await?)
            })
            .await?;
        Ok(row.map(|row| SessionId::from(row.get::<_, Uuid>(0))))
    }

    fn user_of(&self, entries: &BTreeMap<String, Value>) -> Option<UserId> {
        match entries.get(self.user_entry.as_ref()?)? {
            Value::String(user) => Some(UserId::from(user.as_str())),
            Value::Number(user) => Some(UserId::from(user.to_string())),
            _ => None,
        }
    }

    async fn load(&self, id: &str) -> Result<Option<BTreeMap<String, Value>>, StorageError> {
        let Some(hash) = Hash::of(id) else { return Ok(None) };
        let Some(session) = self.session_of(hash).await? else { return Ok(None) };
        match self.ledger.change(session, |session| entries_of(session)).await {
            Ok(entries) => Ok(Some(entries)),
            Err(ChangeError::Ended { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    async fn update(
        &self,
        id: &str,
        entries: &BTreeMap<String, Value>,
        expires: Option<Duration>,
    ) -> Result<(), poem::Error> {
        let hash = Hash::of(id).ok_or(StorageError::Id)?;
        let user = self.user_of(entries);
        if let Some(session) = self.session_of(hash).await? {
            let update = |session: &mut Change| {
                if self.user_entry.is_some() && session.user() != user.as_ref() {
                    return Ok(false);
                }
                save(session, entries).map(|()| true)
            };
            if self.ledger.change(session, update).await.map_err(StorageError::from)? {
                return Ok(());
            }
        }
        let idle = expires.and_then(|expires| self.idle_limit(expires));
        self.starter.start(Start { hash: hash.0, entries: entries.clone(), user, idle }).await
    }

    /// The idle limit of a session whose cookie lives so long; none if the ledger's policy is stricter.
    fn idle_limit(&self, expires: Duration) -> Option<u32> {
        let limits = self.ledger.policy().timeouts();
        let seconds = u32::try_from(expires.as_secs().max(1)).ok()?;
        let is_stricter = |limit: Option<u32>| limit.is_none_or(|limit| seconds < limit);
        (is_stricter(limits.idle) && is_stricter(limits.absolute)).then_some(seconds)
    }
}

/// The entries of a session: its values in JSON. Others are those of handlers that use the library itself.
fn entries_of(session: &Change) -> Result<BTreeMap<String, Value>, ChangeError> {
    let json = session.values().iter().filter(|(_, value)| value.form == Form::Json);
    json.map(|(name, value)| Ok((name.clone(), ENTRY.decode(value)?))).collect()
}

/// Writes what has changed.
fn save(session: &mut Change, entries: &BTreeMap<String, Value>) -> Result<(), ChangeError> {
    let gone: Vec<String> =
        entries_of(session)?.into_keys().filter(|name| !entries.contains_key(name)).collect();
    for name in gone {
        session.remove_value(&name)?;
    }
    for (name, entry) in entries {
        session.set_value(name, ENTRY.encode(entry)?)?;
    }
    Ok(())
}

impl SessionStorage for LedgerStorage {
    async fn load_session<'a>(
        &'a self,
        session_id: &'a str,
    ) -> poem::Result<Option<BTreeMap<String, Value>>> {
        Ok(self.load(session_id).await?)
    }

    async fn update_session<'a>(
        &'a self,
        session_id: &'a str,
        entries: &'a BTreeMap<String, Value>,
        expires: Option<Duration>,
    ) -> poem::Result<()> {
        self.update(session_id, entries, expires).await
    }

    async fn remove_session<'a>(&'a self, session_id: &'a str) -> poem::Result<()> {
        let Some(hash) = Hash::of(session_id) else { return Ok(()) };
        if let Some(session) = self.session_of(hash).await.map_err(poem::Error::from)? {
            self.ledger.end(session, EndReason::Discarded).await?;
        }
        Ok(())
    }
}
