//! The manifest of an archived month: what its file holds, and the hash that proves it.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use session_ledger::ledger::{Export, Partition};
use session_ledger::session::SessionId;
use sha2::{Digest, Sha256};

use super::ArchiveError;

/// The number of the form of archives. A reader refuses one that it does not know.
pub(super) const FORM: u32 = 1;

/// How much of a file is hashed at a time.
const PIECE: usize = 1 << 16;

/// What a file of an archive holds. It is written after the file, so a file without one is not finished.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Manifest {
    /// The form of the archive: 1.
    pub form: u32,
    /// The month's table, such as `event_2025_01`.
    pub partition: String,
    /// The first session id that the month was for.
    pub first_session: String,
    /// The id after the last one.
    pub end_session: String,
    /// How many events there are.
    pub events: u64,
    /// Of how many sessions.
    pub sessions: u64,
    /// How many there are of each kind.
    pub kinds: BTreeMap<String, u64>,
    /// The file with the events, beside the manifest.
    pub file: String,
    /// Its size.
    pub bytes: u64,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
    /// The same events as a table, where one was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<Table>,
}

/// A Parquet file beside the file of a month.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// Its name.
    pub file: String,
    /// Its size.
    pub bytes: u64,
    /// SHA-256 of it, in hexadecimal.
    pub sha256: String,
}

impl Manifest {
    /// What there is to say of a month before it is exported.
    pub(super) fn begin(partition: &Partition) -> Self {
        Self {
            form: FORM,
            partition: partition.name.clone(),
            first_session: partition.first_id.to_string(),
            end_session: partition.end_id.to_string(),
            events: 0,
            sessions: 0,
            kinds: BTreeMap::new(),
            file: format!("{}.ndjson.zst", partition.name),
            bytes: 0,
            sha256: String::new(),
            table: None,
        }
    }

    /// Where the manifest of a month lies.
    pub(super) fn path(folder: &Path, partition: &str) -> PathBuf {
        folder.join(format!("{partition}.json"))
    }

    /// Reads one; none if there is none.
    pub(super) fn read(path: &Path) -> Result<Option<Self>, ArchiveError> {
        let text = match fs::read(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(ArchiveError::of(path)(error)),
        };
        let damaged = |problem: String| ArchiveError::damaged(path, problem);
        let manifest: Self = serde_json::from_slice(&text).map_err(|error| damaged(error.to_string()))?;
        if manifest.form != FORM {
            return Err(damaged(format!(
                "form {} of an archive is not known to this version",
                manifest.form
            )));
        }
        let files = [Some(&manifest.file), manifest.table.as_ref().map(|table| &table.file)];
        if files.into_iter().flatten().any(|file| file.contains(['/', '\\']) || file.starts_with('.')) {
            return Err(damaged("its file must lie beside it".to_owned()));
        }
        Ok(Some(manifest))
    }

    /// Writes it, so that it is there whole or not at all.
    pub(super) fn write(&self, folder: &Path) -> Result<(), ArchiveError> {
        let (path, unfinished) = (Self::path(folder, &self.partition), unfinished(folder, &self.partition));
        let text = serde_json::to_vec_pretty(self).map_err(|error| ArchiveError::of(&path)(error.into()))?;
        let mut file = create(&unfinished).map_err(ArchiveError::of(&unfinished))?;
        file.write_all(&text).and_then(|()| file.sync_all()).map_err(ArchiveError::of(&unfinished))?;
        fs::rename(&unfinished, &path).map_err(ArchiveError::of(&path))?;
        sync(folder)
    }

    /// Makes sure that the file is the one that was written.
    pub(super) fn check_file(&self, folder: &Path) -> Result<(), ArchiveError> {
        check(&folder.join(&self.file), self.bytes, &self.sha256)
    }

    /// The same of its table, if it has one.
    pub(super) fn check_table(&self, folder: &Path) -> Result<(), ArchiveError> {
        let Some(Table { file, bytes, sha256 }) = &self.table else { return Ok(()) };
        check(&folder.join(file), *bytes, sha256)
    }

    /// What was exported, as the database is told.
    pub(super) fn export(&self) -> Export {
        let mut file_hash = [0; 32];
        for (place, byte) in file_hash.iter_mut().enumerate() {
            let digits = self.sha256.get(2 * place..2 * place + 2).unwrap_or_default();
            *byte = u8::from_str_radix(digits, 16).unwrap_or_default();
        }
        Export { events: self.events, sessions: self.sessions, file_hash }
    }

    /// The first session id that the month was for.
    pub(super) fn first(&self) -> Result<SessionId, ArchiveError> {
        let wrong = |_| ArchiveError::damaged(self.partition.as_ref(), "its manifest names no first session");
        self.first_session.parse().map_err(wrong)
    }

    /// Whether the month is for this session.
    pub(super) fn is_for(&self, session: SessionId) -> bool {
        let (first, end) = (self.first_session.parse::<SessionId>(), self.end_session.parse::<SessionId>());
        first.is_ok_and(|first| first <= session) && end.is_ok_and(|end| session < end)
    }
}

/// Makes sure that a file has this size and this hash.
fn check(path: &Path, bytes: u64, sha256: &str) -> Result<(), ArchiveError> {
    let (found_bytes, found) = hash_of(path)?;
    if found_bytes != bytes || found != sha256 {
        return Err(ArchiveError::damaged(path, "it is not the file that its manifest names"));
    }
    Ok(())
}

/// Where something is written that is not finished. No reader looks at such a file, and the next export
/// writes it anew.
pub(super) fn unfinished(folder: &Path, partition: &str) -> PathBuf {
    folder.join(format!(".{partition}.unfinished"))
}

/// Makes a file that nobody but its owner may read: it holds who was where, and what sessions held.
pub(super) fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Makes sure that the names in a folder are on the disk.
pub(super) fn sync(folder: &Path) -> Result<(), ArchiveError> {
    let opened = File::open(folder).map_err(ArchiveError::of(folder))?;
    // Not every system can do this for a folder, and those that cannot have no need of it.
    match opened.sync_all() {
        Err(error) if error.kind() != io::ErrorKind::InvalidInput => Err(ArchiveError::of(folder)(error)),
        _ => Ok(()),
    }
}

/// The size and the hash of a file.
pub(super) fn hash_of(path: &Path) -> Result<(u64, String), ArchiveError> {
    let mut file = File::open(path).map_err(ArchiveError::of(path))?;
    let (mut hash, mut piece, mut bytes) = (Sha256::new(), vec![0; PIECE], 0);
    loop {
        let read = file.read(&mut piece).map_err(ArchiveError::of(path))?;
        if read == 0 {
            return Ok((bytes, hexadecimal(&hash.finalize())));
        }
        hash.update(piece.get(..read).unwrap_or_default());
        bytes += read as u64;
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
