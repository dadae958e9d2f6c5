//! The schema: migrations, and the check that a database has those that this version needs.

use refinery::{Runner, Target};
use tokio_postgres::Client;

use super::connection::tls::EncryptionError;
use super::error::Error;

mod embedded {
    refinery::embed_migrations!("schema");
}

const APPLIED: &str = include_str!("sql/applied_migrations.sql");
const PREPARE: &str = include_str!("sql/prepare_migration.sql");
const RELEASE: &str = include_str!("sql/release_migration.sql");
const PARTITIONS: &str = include_str!("sql/create_partitions.sql");
pub(super) const PAD_TABLES: &str = include_str!("sql/pad_tables.sql");

/// How many months of partitions are made ahead of the present one.
const MONTHS_AHEAD: i32 = 12;

/// A schema that this version of the library cannot work with.
#[derive(Debug, thiserror::Error)]
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

/// The result of a migration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Migrated {
    /// The names of the migrations that were applied, in order.
    pub applied: Vec<String>,
    /// How many partitions of the log were made.
    pub partitions: i32,
}

/// Applies the missing migrations and makes the partitions of the coming year. If two run at once, both
/// succeed: an advisory lock makes the second wait for the first.
pub(crate) async fn migrate(client: &mut Client) -> Result<Migrated, SchemaError> {
    client.batch_execute(PREPARE).await.map_err(Error::from)?;
    let migrated = run(client).await;
    let released = client.batch_execute(RELEASE).await.map_err(Error::from);
    let migrated = migrated?;
    released?;
    Ok(migrated)
}

async fn run(client: &mut Client) -> Result<Migrated, SchemaError> {
    refuse_foreign(&applied(client).await?)?;
    let report = runner().run_async(client).await.map_err(|error| SchemaError::Failed(describe(&error)))?;
    let applied = report.applied_migrations().iter().map(ToString::to_string).collect();
    client.batch_execute(PAD_TABLES).await.map_err(Error::from)?;
    let row = client.query_one(PARTITIONS, &[&MONTHS_AHEAD]).await.map_err(Error::from)?;
    Ok(Migrated { applied, partitions: row.try_get("made").map_err(Error::from)? })
}

/// Refuses a database that has fewer, more or other migrations than this version of the library.
pub(crate) async fn check(client: &Client) -> Result<(), SchemaError> {
    let applied = applied(client).await?;
    refuse_foreign(&applied)?;
    let (found, needed) = (newest(&applied), newest(&known()));
    if found < needed { Err(SchemaError::Older { found, needed }) } else { Ok(()) }
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
