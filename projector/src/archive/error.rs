//! What can be wrong with an archive.

use std::path::{Path, PathBuf};
use std::{fmt, io};

use session_ledger::ledger::{self, DropError, RestoreError};

/// An archive cannot be written, read or restored.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum ArchiveError {
    /// A file cannot be read or written.
    #[error("{}: {error}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        error: io::Error,
    },
    /// A file is not what was written.
    #[error("{}: {problem}: take the file from a copy of the archive", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The folder holds no archive.
    #[error("{} holds no archive: there is no file such as event_2025_01.json", .path.display())]
    Empty {
        /// The folder.
        path: PathBuf,
    },
    /// A table was asked for.
    #[error(
        "Parquet is not built in: build the projector with `--features parquet`, or leave the option out"
    )]
    NoTables,
    /// A month was not dropped.
    #[error(transparent)]
    Drop(#[from] DropError),
    /// The archive was not restored.
    #[error(transparent)]
    Restore(#[from] RestoreError),
    /// The database is away or refuses.
    #[error(transparent)]
    Store(#[from] ledger::Error),
}

/// As its `Display`.
impl fmt::Debug for ArchiveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl ArchiveError {
    /// The error of an operation on a file.
    pub(super) fn of(path: &Path) -> impl Fn(io::Error) -> Self {
        move |error| Self::File { path: path.to_owned(), error }
    }

    /// That a file is not what was written.
    pub(super) fn damaged(path: &Path, problem: impl Into<String>) -> Self {
        Self::Damaged { path: path.to_owned(), problem: problem.into() }
    }
}
