//! `projector archive`: months of the log, taken out into files that can be asked, and put back.

mod error;
mod export;
mod folder;
mod list;
mod manifest;
mod restore;
mod table;

pub use error::ArchiveError;
pub use export::{Outcome, Plan, archive_due, export};
pub use folder::Folder;
pub use list::list;
pub use manifest::{Manifest, Table};
pub use restore::{check, restore};
pub use table::is_built_in as tables_are_built_in;
