//! The schema: migrations, and the check that a database has those that this version needs.

use refinery::{Runner, Target};
use tokio_postgres::Client;

use super::backends::{Backend, list, lock_holders};
use super::connection::pool::Pool;
use super::connection::tls::EncryptionError;
use super::connection::watched::watched;
use super::error::Error;
use super::patience::{Patience, is_lock_refusal, is_locked};
use super::readiness::{self, Readiness, readiness};
use super::settling::{self, Mended, Unmended};
use crate::plain_debug::plain_debug;
use crate::store::bare::bare;

mod embedded {
    refinery::embed_migrations!("schema");
}

const APPLIED: &str = bare(include_str!("sql/applied_migrations.sql"));
const PREPARE: &str = bare(include_str!("sql/prepare_migration.sql"));
const RELEASE: &str = bare(include_str!("sql/release_migration.sql"));
const MAKE_PARTITION: &str = bare(include_str!("sql/make_partition.sql"));
const CHECK_OTHERWISE: &str = bare(include_str!("sql/check_otherwise.sql"));
const ATTACH_PARTITION: &str = bare(include_str!("sql/attach_partition.sql"));

/// How many months of partitions are made ahead of the present one.
const MONTHS_AHEAD: i32 = 12;

/// A schema that this version of the library cannot work with.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum SchemaError {
    /// The database has fewer migrations than the library knows, or none.
    #[error(
        "the database's schema is at version {found}, this library needs {needed}: run `projector migrate`"
    )]
    Older {
        /// The newest migration that the database has; 0 for none.
        found: i32,
        /// The newest that the library knows.
        needed: i32,
    },
    /// The database has a migration that the library does not know.
    #[error(
        "the database's schema is at version {found}, newer than the {known} that this library knows: deploy the \
         session-ledger version that migrated it, or a later one"
    )]
    Newer {
        /// The newest migration that the database has.
        found: i32,
        /// The newest that the library knows.
        known: i32,
    },
    /// A migration was changed after it had been applied.
    #[error(
        "migration V{version} differs from the one that was applied to this database: released migrations are frozen; \
         run a released version of session-ledger"
    )]
    Changed {
        /// Its number.
        version: i32,
    },
    /// Others keep a lock on a table of the ledger that a migration needs for a moment, such as a dump or a
    /// verification that reads the whole log. What was done before stays done.
    #[error(
        "the ledger's tables are in use by a transaction that does not end ({}), and requests would have to wait with a \
         migration that waits for it: run `projector migrate` again when it has ended; what was done so far stays",
        held_by(.backends)
    )]
    Held {
        /// The other connections; none if they have gone by now.
        backends: Vec<Backend>,
    },
    /// The database has an encoding in which some texts of browsers cannot be stored.
    #[error(
        "the database's encoding is {found}, in which not every text can be stored: make one with \
         `create database … encoding 'UTF8' template template0`"
    )]
    Encoding {
        /// The encoding.
        found: String,
    },
    /// The user may not do what requests do.
    #[error(
        "user `{user}` lacks rights ({}): run `grant session_ledger_runtime to \"{user}\"` as the owner of the schema; \
         if there is no such role, run `projector migrate` first, as a restored dump has lost the roles", .lacking.join(", ")
    )]
    RightsMissing {
        /// The user.
        user: String,
        /// The rights.
        lacking: Vec<String>,
    },
    /// A migration failed. Those before it stay applied.
    #[error("a migration failed: {0}")]
    Failed(String),
    /// The connection cannot be encrypted as demanded.
    #[error(transparent)]
    Encryption(#[from] EncryptionError),
    /// The database could not be asked.
    #[error(transparent)]
    Store(#[from] Error),
}

plain_debug!(SchemaError);

/// The result of a migration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Migrated {
    /// The names of the migrations that were applied, in order.
    pub applied: Vec<String>,
    /// How many partitions of the log were made.
    pub partitions: i32,
    /// Whatever else was not as it should be, and is now. Rights that come with a migration do not count.
    pub mended: Vec<Mended>,
    /// Whatever is not as it should be, and was left.
    pub unmended: Vec<Unmended>,
}

/// Applies the missing migrations and makes the partitions of the coming year. If two run at once, both
/// succeed: an advisory lock makes the second wait for the first. Each migration and each partition is a
/// transaction of its own. None makes requests wait: see [`patience`](super::patience).
///
/// `pool` leads to the same server. A server that falls silent is noticed: see [`watched`].
pub(crate) async fn migrate(client: &mut Client, pool: &Pool) -> Result<Migrated, SchemaError> {
    refuse_encoding(&watched(pool, readiness(client)).await?)?;
    watched(pool, send(client, PREPARE)).await?;
    let migrated = run(client, pool).await;
    if !matches!(migrated, Err(SchemaError::Store(Error::Disconnected(_)))) {
        let released = watched(pool, send(client, RELEASE)).await;
        return migrated.and_then(|migrated| released.map(|()| migrated));
    }
    migrated
}

async fn send(client: &Client, text: &str) -> Result<(), SchemaError> {
    Ok(client.batch_execute(text).await.map_err(Error::from)?)
}

async fn run(client: &mut Client, pool: &Pool) -> Result<Migrated, SchemaError> {
    let mut patience = Patience::new();
    let mut work = Work::default();
    loop {
        match watched(pool, work.advance(client)).await {
            Ok(migrated) => return Ok(migrated),
            Err(Halt::Failed(error)) => return Err(error),
            Err(Halt::Locked) if patience.allows_another_try().await => {}
            Err(Halt::Locked) => {
                return Err(SchemaError::Held { backends: watched(pool, lock_holders(client)).await? });
            }
        }
    }
}

/// What a migration has done.
#[derive(Default)]
struct Work {
    /// The migrations that the database had before, once it was asked.
    before: Option<Vec<Migration>>,
    partitions: i32,
    mended: Vec<Mended>,
}

/// A migration that did not come to its end.
enum Halt {
    /// A lock was not to be had at once.
    Locked,
    Failed(SchemaError),
}

impl Work {
    /// Does what is left to be done. What an earlier call has done is not done again.
    async fn advance(&mut self, client: &mut Client) -> Result<Migrated, Halt> {
        let before = match self.before.take() {
            Some(before) => before,
            None => applied(client).await?,
        };
        refuse_foreign(&before).map_err(Halt::Failed)?;
        let before = self.before.insert(before);
        runner().run_async(client).await.map_err(Halt::of_migration)?;
        let applied = names_of_others(before);
        let mended = settling::settle(client).await?;
        if applied.is_empty() {
            self.mended.extend(mended);
        }
        for month in 0..=MONTHS_AHEAD {
            let made = client.query_one(MAKE_PARTITION, &[&month]).await?;
            if made.try_get("is_due")? {
                client.execute(CHECK_OTHERWISE, &[&month]).await?;
                client.execute(ATTACH_PARTITION, &[&month]).await?;
                self.partitions += 1;
            }
        }
        let unmended = settling::unmended(client, MONTHS_AHEAD).await?;
        let mended = std::mem::take(&mut self.mended);
        Ok(Migrated { applied, partitions: self.partitions, mended, unmended })
    }
}

impl Halt {
    fn of_migration(error: refinery::Error) -> Self {
        let mut source = std::error::Error::source(&error);
        while let Some(cause) = source {
            if cause.downcast_ref::<tokio_postgres::Error>().is_some_and(is_lock_refusal) {
                return Self::Locked;
            }
            source = cause.source();
        }
        Self::Failed(SchemaError::Failed(describe(&error)))
    }
}

impl From<Error> for Halt {
    fn from(error: Error) -> Self {
        if is_locked(&error) { Self::Locked } else { Self::Failed(error.into()) }
    }
}

impl From<tokio_postgres::Error> for Halt {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::from(Error::from(error))
    }
}

/// Refuses a database that has fewer, more or other migrations than this version of the library.
pub(crate) async fn check(client: &Client) -> Result<(), SchemaError> {
    let applied = applied(client).await?;
    refuse_foreign(&applied)?;
    let (found, needed) = (newest(&applied), newest(&known()));
    if found < needed { Err(SchemaError::Older { found, needed }) } else { Ok(()) }
}

/// Refuses a database in which requests would fail: its encoding, or the rights of its user.
pub(crate) async fn check_readiness(client: &Client) -> Result<(), SchemaError> {
    let found = readiness(client).await?;
    refuse_encoding(&found)?;
    let Readiness { user, lacking, .. } = found;
    if lacking.is_empty() { Ok(()) } else { Err(SchemaError::RightsMissing { user, lacking }) }
}

fn refuse_encoding(found: &Readiness) -> Result<(), SchemaError> {
    if found.encoding == readiness::ENCODING {
        return Ok(());
    }
    Err(SchemaError::Encoding { found: found.encoding.clone() })
}

/// A migration's number and checksum.
type Migration = (i32, String);

fn runner() -> Runner {
    let mut runner = embedded::migrations::runner().set_grouped(false).set_target(Target::Latest);
    runner.set_migration_table_name("session_ledger.migration");
    runner
}

fn known() -> Vec<Migration> {
    let mut known: Vec<_> =
        runner().get_migrations().iter().map(|one| (one.version(), one.checksum().to_string())).collect();
    known.sort();
    known
}

/// The names of the migrations that are not among `before`, in order.
fn names_of_others(before: &[Migration]) -> Vec<String> {
    let runner = runner();
    let mut others: Vec<_> = runner
        .get_migrations()
        .iter()
        .filter(|one| before.iter().all(|(version, _)| *version != one.version()))
        .collect();
    others.sort_by_key(|one| one.version());
    others.iter().map(ToString::to_string).collect()
}

fn newest(migrations: &[Migration]) -> i32 {
    migrations.iter().map(|(version, _)| *version).max().unwrap_or(0)
}

fn refuse_foreign(applied: &[Migration]) -> Result<(), SchemaError> {
    let known = known();
    for (version, checksum) in applied {
        match known.iter().find(|(number, _)| number == version) {
            None => return Err(SchemaError::Newer { found: newest(applied), known: newest(&known) }),
            Some((_, ours)) if ours != checksum => return Err(SchemaError::Changed { version: *version }),
            Some(_) => {}
        }
    }
    Ok(())
}

/// The migrations that the database has; none if it was never migrated.
async fn applied(client: &Client) -> Result<Vec<Migration>, Error> {
    use tokio_postgres::error::SqlState;
    // Typed, and so unnamed: an application may ask this through a pooler.
    match client.query_typed(APPLIED, &[]).await {
        Ok(rows) => rows.iter().map(|row| Ok((row.try_get("version")?, row.try_get("checksum")?))).collect(),
        Err(error)
            if matches!(error.code(), Some(&SqlState::UNDEFINED_TABLE | &SqlState::INVALID_SCHEMA_NAME)) =>
        {
            Ok(Vec::new())
        }
        Err(error) => Err(error.into()),
    }
}

fn describe(error: &refinery::Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

fn held_by(backends: &[Backend]) -> String {
    if backends.is_empty() { "it has ended just now".to_owned() } else { list(backends) }
}
