//! A month of an archive as a table, for programs that analyse logs: a Parquet file with a row for each
//! event, in OCSF's columns. The lines of JSON stay what an archive is asked and restored from.
//!
//! Such a file tells what documents of OCSF tell: users, addresses and browsers, but no token, no hash and
//! nothing that a session held.

#[cfg(feature = "parquet")]
mod columns;
#[cfg(feature = "parquet")]
mod file;
#[cfg(feature = "parquet")]
mod made;

use super::ArchiveError;

#[cfg(feature = "parquet")]
pub(super) use made::make;

/// Makes sure that tables can be written.
///
/// # Errors
///
/// They are not built in.
pub fn is_built_in() -> Result<(), ArchiveError> {
    if cfg!(feature = "parquet") { Ok(()) } else { Err(ArchiveError::NoTables) }
}
