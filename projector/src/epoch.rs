//! `projector epoch`: tells or raises the database's epoch.

use session_ledger::Ledger;
use session_ledger::ledger::Address;

use crate::{Answer, Console, Error, database};

/// Prints the present epoch.
///
/// # Errors
///
/// The database is away; the output cannot be written.
pub async fn show(ledger: &Ledger, console: &mut Console<'_>) -> Result<Answer, Error> {
    let epoch = ledger.epoch().await?;
    console.print(&format!("{epoch}\n"))?;
    Ok(Answer::Yes)
}

/// Begins the next epoch and prints it.
///
/// # Errors
///
/// The schema is not that of this version, the database refuses or cannot be reached; the output cannot be
/// written.
pub async fn raise(address: Address, console: &mut Console<'_>) -> Result<Answer, Error> {
    let config = address.config().clone();
    let raised = Ledger::at(address).raise_epoch().await;
    let epoch = raised.map_err(|error| database::schema_error(&config, error))?;
    console.print(&format!(
        "The database is in epoch {epoch}. Tokens of earlier epochs open nothing: all users sign in again.\n"
    ))?;
    Ok(Answer::Yes)
}
