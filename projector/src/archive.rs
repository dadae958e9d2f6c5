//! `projector archive`: months of the log, taken out into files that can be asked, and put back.

mod error;
mod export;
mod folder;
mod list;
mod manifest;
mod restore;

pub use error::ArchiveError;
pub use export::{Outcome, Plan, archive_due, export};
pub use folder::Folder;
pub use list::list;
pub use manifest::Manifest;
pub use restore::{check, restore};
