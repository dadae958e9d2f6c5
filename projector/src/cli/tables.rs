//! The arguments about tables of the application that say which session wrote a row.

use std::path::PathBuf;

use clap::Args;
use session_ledger::session::WrittenBy;

use crate::Error;

/// Columns of the application's tables that hold session ids.
#[derive(Debug, Default, Args)]
pub struct Tables {
    /// A table of the application and its column with the session's id, such as shop.orders.placed_by; it may
    /// be given several times
    ///
    /// The column has the type uuid, such as one with the default session_ledger.current_session(). The
    /// command's user must be allowed to read the table: its owner grants that (grant select on shop.orders
    /// to …, and grant usage on schema shop to …). The column should have an index.
    #[arg(long = "table", value_name = "TABLE.COLUMN")]
    pub tables: Vec<WrittenBy>,

    /// A file with such columns, one a line; empty lines and those with a # before them do not count
    #[arg(long = "tables", value_name = "FILE")]
    pub tables_file: Option<PathBuf>,
}

impl Tables {
    /// All columns.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or a line of it names no column.
    pub fn columns(self) -> Result<Vec<WrittenBy>, Error> {
        let mut columns = self.tables;
        let Some(file) = self.tables_file else { return Ok(columns) };
        let named = file.display();
        let text = std::fs::read_to_string(&file)
            .map_err(|error| Error::Arguments(format!("the file {named} cannot be read: {error}")))?;
        for (number, line) in text.lines().map(str::trim).enumerate() {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let refused = |error| Error::Arguments(format!("the file {named}, line {}: {error}", number + 1));
            columns.push(line.parse().map_err(refused)?);
        }
        Ok(columns)
    }
}
