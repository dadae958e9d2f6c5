//! The front desk: a [`Ledger`] is a database with a schema that fits, and the rules of its sessions.
//!
//! Web applications hand it to the [`Sessions`](crate::web::Sessions) middleware. Administrators and the
//! `projector` use it outside of requests: to read histories, end sessions, follow the log, verify and
//! rebuild.

mod accounts;
mod age;
mod archive;
mod builder;
mod chain_before;
mod change;
mod committed;
mod condition;
mod dead_letters;
pub(crate) mod desk;
mod end;
mod ended;
mod ends;
mod event_pages;
mod failed_login_pages;
mod failed_logins;
mod feed;
mod fence;
mod finding;
mod impersonations;
mod irregularity;
mod jobs;
mod live_count;
mod login_pages;
mod neighbours;
mod others;
mod pages;
mod projections;
mod question;
mod quota;
mod read_feed;
mod rebuild;
mod recorder;
mod restore;
pub(crate) mod retry;
mod shares;
mod side_by_side;
mod signal_streams;
mod subscriptions;
mod surroundings;
mod sweep;
mod timekeeper;
mod transaction;
mod verification;
mod verify;
mod watch;
mod written_rows;

use std::pin::pin;
use std::sync::Arc;

use futures_util::TryStreamExt;
use time::OffsetDateTime;

use self::timekeeper::Timekeeper;
use crate::session::{Policy, Recorded, SessionId, SessionState, UserId};
use crate::store;
use crate::store::connection::deadline::answered;
use crate::store::connection::pool::{Connection, Pool};
use crate::store::connection::watched::Watched;
use crate::store::projection::activity::Activity;
use crate::store::request::group_commit::GroupCommit;
use crate::store::request::group_load::GroupLoad;

pub use age::{AgeLimits, Aged};
pub use archive::{DropError, Kept};
pub use builder::{Builder, StartError};
pub use change::{Change, ChangeError};
pub use committed::Committed;
pub use end::End;
pub use event_pages::EventPage;
pub use failed_login_pages::FailedLoginPage;
pub use feed::{Batch, FeedError, Refusal, Subscription};
pub use fence::FENCE;
pub use finding::{Difference, Finding};
pub use irregularity::Irregularity;
pub use jobs::JobLease;
pub use live_count::LiveCount;
pub use login_pages::LoginPage;
pub(crate) use others::Ends;
pub use others::LoginRefused;
pub use projections::{Followed, ProjectionDifferences, ProjectionError, Step};
pub use question::QuestionError;
pub use read_feed::FeedReader;
pub use rebuild::{RebuildError, RebuildOptions, Rebuilt, Undecodable};
pub use restore::{Restore, RestoreError};
pub use store::accounts::DisabledAccount;
pub use store::backends::Backend;
pub use store::condition::{Condition, TableCondition};
pub use store::connection::address::{Address, AddressError};
pub use store::connection::tls::EncryptionError;
pub use store::error::Error;
pub use store::failed_logins::FailedLogin;
pub use store::impersonations::Impersonation;
pub use store::log::cursor::{FeedCursor, FeedCursorError};
pub use store::log::dead_letters::DeadLetter;
pub use store::log::partitions::{ArchivedPartition, Export, KindCount, Partition, Partitions};
pub use store::log::subscriptions::{SubscriptionError, SubscriptionSummary};
pub use store::logins::{EndCount, Login, LoginCount};
pub use store::projection::own::staging::RowDifference;
pub use store::projection::own::{DerivedTable, Fact, Projection, Statement, Value};
pub use store::projection::replacement::UnrecordedRow;
pub use store::request::savepoint::Savepoint;
pub use store::schema::{Migrated, SchemaError};
pub use store::sessions::SessionSummary;
pub use store::settling::{Mended, Unmended};
pub use store::signal_streams::SignalStream;
pub use sweep::Swept;
pub use transaction::Transaction;
pub use verification::Verification;
pub use written_rows::WrittenRows;

/// The driver and the pool whose types stand in the signatures of [`Builder`], [`Transaction`] and
/// [`Tx`](crate::web::Tx).
pub use {deadpool_postgres, tokio_postgres};

/// The sessions of one database. Cheap to clone.
#[derive(Clone)]
#[doc(alias("SessionStorage", "SessionStore", "MemoryStorage"))]
#[doc(alias("RedisStorage", "SESSION_ENGINE"))]
pub struct Ledger(Arc<Parts>);

struct Parts {
    pool: Pool,
    loads: GroupLoad,
    commits: GroupCommit,
    activity: Activity,
    timekeeper: Timekeeper,
    policy: Arc<Policy>,
    watch: watch::Watch,
    teller: committed::Teller,
    recorder: recorder::Recorder,
}

impl Ledger {
    /// The events of a session in order; none for a session that the log does not know.
    /// [`Recorded::client`] tells the client of each event, also where its [`entry`](Recorded::entry), which
    /// is as the log holds it, names none.
    ///
    /// The whole history is held in memory, however long it is. [`history_stream`](Self::history_stream) and
    /// [`history_page`](Self::history_page) hold a bounded part of it.
    ///
    /// # Errors
    ///
    /// The database is away.
    pub async fn history(&self, session: SessionId) -> Result<Vec<Recorded>, Error> {
        self.lend(async |connection| store::log::history::history(connection, session).await).await
    }

    /// The state of a session after its `version`th event, or after its last event if there are fewer.
    ///
    /// # Errors
    ///
    /// The database is away, or one of these events cannot be decoded.
    pub async fn state_at(&self, session: SessionId, version: i64) -> Result<SessionState, Error> {
        self.state_while(session, |recorded| recorded.entry.version <= version).await
    }

    /// The state of a session at a moment: after the last event that had occurred by then. Before its first
    /// event, and for a session that the log does not know, its version is 0.
    /// [`differences_to`](SessionState::differences_to) tells what has changed between two moments.
    ///
    /// # Errors
    ///
    /// The database is away, or one of these events cannot be decoded.
    pub async fn state_at_time(
        &self,
        session: SessionId,
        moment: OffsetDateTime,
    ) -> Result<SessionState, Error> {
        self.state_while(session, |recorded| recorded.entry.occurred_at <= moment).await
    }

    /// The state of a session after its first events, as long as they are `wanted`.
    async fn state_while(
        &self,
        session: SessionId,
        wanted: impl Fn(&Recorded) -> bool,
    ) -> Result<SessionState, Error> {
        let mut events = pin!(self.history_stream(session));
        let mut state = SessionState::default();
        while let Some(recorded) = events.try_next().await?
            && wanted(&recorded)
        {
            state.advance(&recorded.entry).map_err(|error| Error::Undecodable { session, error })?;
        }
        Ok(state)
    }

    /// A user's sessions, live and ended, the latest seen first.
    ///
    /// All of them are held in memory, however many they are. [`sessions_stream`](Self::sessions_stream) and
    /// [`sessions_page`](Self::sessions_page) hold a bounded number.
    ///
    /// # Errors
    ///
    /// The user's id cannot be stored, or the database is away.
    pub async fn sessions(&self, user: &UserId) -> Result<Vec<SessionSummary>, Error> {
        let policy = self.policy().timeouts();
        self.lend(async |connection| store::sessions::sessions_of(connection, user, policy).await).await
    }

    /// One of a user's sessions, live or ended. `None` if there is no such session, or if it is another
    /// user's: an application that gets a session's id from a browser asks this before it shows or ends the
    /// session.
    ///
    /// # Errors
    ///
    /// The user's id cannot be stored, or the database is away.
    pub async fn session_of(
        &self,
        user: &UserId,
        session: SessionId,
    ) -> Result<Option<SessionSummary>, Error> {
        let policy = self.policy().timeouts();
        self.lend(async |connection| store::sessions::session_of(connection, user, session, policy).await)
            .await
    }

    /// The rules of the sessions.
    pub fn policy(&self) -> &Policy {
        &self.0.policy
    }

    pub(crate) fn pool(&self) -> &Pool {
        &self.0.pool
    }

    /// A connection that will not go back to the pool: for a long transaction that may be left unfinished.
    pub(crate) async fn own_connection(&self) -> Result<Watched, Error> {
        Ok(Watched::new(answered(self.client()).await?.detach(), self.pool()))
    }

    /// Does `work`, statements of our own outside any transaction, on a connection. May be dropped on its
    /// way.
    pub(crate) async fn lend<T>(
        &self,
        work: impl AsyncFnOnce(&Connection) -> Result<T, Error>,
    ) -> Result<T, Error> {
        store::connection::lending::lend(self.pool(), work).await
    }

    /// Does `work`, one statement of our own that only reads, on a connection. May be dropped on its way.
    async fn read<T>(&self, work: impl AsyncFnOnce(&Connection) -> Result<T, Error>) -> Result<T, Error> {
        store::connection::lending::lend_to_read(self.pool(), work).await
    }

    /// A connection of the pool. Must not be dropped while it is at a statement.
    pub(crate) async fn client(&self) -> Result<Connection, Error> {
        self.0.pool.get().await
    }
}

/// How far a [`verify`](Ledger::verify) or [`rebuild`](Ledger::rebuild) has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// How many sessions have been read from the log.
    pub sessions: u64,
    /// How many events.
    pub events: u64,
    /// About how many events the log holds, as the server last counted them; none if it never did.
    pub events_estimated: Option<u64>,
    /// Whether the log has been read to its end. A rebuild commits next: dropped from now on, it may have
    /// happened.
    pub is_read: bool,
    /// How many sessions a rebuild beside the running application has found whose rows differ.
    pub sessions_found: u64,
    /// How many of these have got their rebuilt rows.
    pub sessions_written: u64,
}

impl Progress {
    /// After how many events progress is told.
    const EVENTS_BETWEEN: u64 = 1000;

    /// Counts events, and tells `told` now and then.
    fn count_events(&mut self, events: u64, told: &mut impl FnMut(Self)) {
        let before = self.events / Self::EVENTS_BETWEEN;
        self.events += events;
        if self.events / Self::EVENTS_BETWEEN > before {
            told(*self);
        }
    }

    /// Counts a session with its events.
    fn count_session(&mut self, events: u64, told: &mut impl FnMut(Self)) {
        self.sessions += 1;
        self.count_events(events, told);
    }
}

impl std::fmt::Debug for Ledger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ledger").field("policy", &self.0.policy).finish_non_exhaustive()
    }
}
