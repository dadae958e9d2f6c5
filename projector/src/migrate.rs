//! `projector migrate`: brings the schema up to this version.

use session_ledger::Ledger;
use session_ledger::ledger::Address;

use crate::words::count;
use crate::{Answer, Console, Error, database};

/// Applies the missing migrations and makes the log's partitions for the coming year.
///
/// # Errors
///
/// The database is newer than this version, refuses, or cannot be reached; the output cannot be written.
pub async fn run(address: Address, console: &mut Console<'_>) -> Result<Answer, Error> {
    let config = address.config().clone();
    let migrated = Ledger::at(address).migrate().await;
    let migrated = migrated.map_err(|error| database::schema_error(&config, error))?;
    for migration in &migrated.applied {
        console.print(&format!("Applied {migration}.\n"))?;
    }
    for mended in &migrated.mended {
        console.print(&format!("Mended: {mended}.\n"))?;
    }
    for unmended in &migrated.unmended {
        console.note(&format!("warning: {unmended}"))?;
    }
    let partitions = u64::try_from(migrated.partitions).unwrap_or_default();
    console.print(&match (migrated.applied.len() as u64, partitions) {
        (0, 0) if !migrated.mended.is_empty() => "The schema is up to date.\n".to_owned(),
        (0, 0) => "Nothing was missing: the schema is up to date, the roles have their rights, and the log has its partitions.\n".to_owned(),
        (applied, made) => format!(
            "The schema is up to date: {} applied, {} of the log made.\n",
            count(applied, "migration"),
            count(made, "partition")
        ),
    })?;
    Ok(Answer::Yes)
}
