//! Exporting months of the log, and dropping them afterwards.
//!
//! The steps are: the file, its manifest, and the drop, which is one transaction. Each is finished before the
//! next begins, so a process that is killed in between has lost nothing, and the next one goes on from there.

use std::fs;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::pin::{Pin, pin};

use futures_util::FutureExt;
use session_ledger::Ledger;
use session_ledger::ledger::{Kept, Partition};
use session_ledger::session::{Archived, RetentionLimits, SessionId};
use zstd::stream::write::Encoder;

use super::ArchiveError;
use super::manifest::{Manifest, create, hash_of, sync, unfinished};
use crate::words::count;
use crate::{Answer, Console, Error};

/// How hard the events are compressed: zstd's own default.
const LEVEL: i32 = 3;

/// What is archived, and where to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The folder.
    pub folder: PathBuf,
    /// For how long facts stay in the log.
    pub limits: RetentionLimits,
    /// Whether each month is written as a table, too.
    pub has_tables: bool,
    /// Whether the months that were exported stay in the log as well.
    pub keeps: bool,
    /// Whether nothing is done but to say what would be.
    pub is_dry: bool,
}

/// What became of a month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It stays in the log.
    Kept(Kept),
    /// It would be archived.
    Due,
    /// It was exported, and stays in the log.
    Exported(Manifest),
    /// It was exported and dropped.
    Archived(Manifest),
}

/// Archives the months that are due, and says what became of each.
///
/// # Errors
///
/// The folder cannot be written, the database is away, or the role is not the schema's owner. Months that
/// were archived before stay so.
pub async fn export(
    ledger: &Ledger,
    plan: &Plan,
    stop: impl Future<Output = ()>,
    console: &mut Console<'_>,
) -> Result<Answer, Error> {
    let mut archived = 0;
    let mut stop = pin!(stop);
    for partition in ledger.partitions().await?.months {
        if stop.as_mut().now_or_never().is_some() {
            return Err(Error::ArchiveStopped);
        }
        let name = &partition.name;
        let told = match archive_due(ledger, plan, &partition, stop.as_mut()).await? {
            None => return Err(Error::ArchiveStopped),
            Some(Outcome::Kept(Kept::Present)) => continue,
            Some(Outcome::Kept(kept)) => format!("Kept {name}: {kept}.\n"),
            Some(Outcome::Due) => format!("Would archive {name}.\n"),
            Some(Outcome::Exported(manifest)) => {
                format!("Exported {name}: {}. It stays in the log.\n", told(&manifest))
            }
            Some(Outcome::Archived(manifest)) => {
                archived += 1;
                format!("Archived {name}: {}.\n", told(&manifest))
            }
        };
        console.print(&told)?;
    }
    if !plan.is_dry && !plan.keeps {
        console.print(&format!("Archived {} of the log.\n", count(archived, "month")))?;
    }
    Ok(Answer::Yes)
}

/// Archives a month if it is due. None if it was stopped before that.
///
/// # Errors
///
/// As [`export`].
pub async fn archive_due(
    ledger: &Ledger,
    plan: &Plan,
    partition: &Partition,
    stop: Pin<&mut impl Future<Output = ()>>,
) -> Result<Option<Outcome>, ArchiveError> {
    if let Some(kept) = ledger.kept(partition, &plan.limits).await? {
        return Ok(Some(Outcome::Kept(kept)));
    }
    if plan.is_dry {
        return Ok(Some(Outcome::Due));
    }
    fs::create_dir_all(&plan.folder).map_err(ArchiveError::of(&plan.folder))?;
    let Some(manifest) = exported(ledger, plan, partition, stop).await? else { return Ok(None) };
    if plan.keeps {
        return Ok(Some(Outcome::Exported(manifest)));
    }
    // What is about to be the only copy is read back from the disk first.
    manifest.check_file(&plan.folder)?;
    manifest.check_table(&plan.folder)?;
    ledger.drop_partition(partition, &manifest.export()).await?;
    Ok(Some(Outcome::Archived(manifest)))
}

/// The manifest of a month that was exported: now, or by a process that did not come to the drop.
async fn exported(
    ledger: &Ledger,
    plan: &Plan,
    partition: &Partition,
    mut stop: Pin<&mut impl Future<Output = ()>>,
) -> Result<Option<Manifest>, ArchiveError> {
    let folder = &plan.folder;
    let manifest = match Manifest::read(&Manifest::path(folder, &partition.name))? {
        Some(manifest) => manifest,
        None => match write_lines(ledger, folder, partition, stop.as_mut()).await? {
            Some(manifest) => manifest,
            None => return Ok(None),
        },
    };
    if plan.has_tables && manifest.table.is_none() {
        return with_table(folder, manifest, stop).await;
    }
    Ok(Some(manifest))
}

/// The manifest of a month once its table is written. None if it was stopped.
#[cfg(feature = "parquet")]
async fn with_table(
    folder: &Path,
    mut manifest: Manifest,
    stop: Pin<&mut impl Future<Output = ()>>,
) -> Result<Option<Manifest>, ArchiveError> {
    let Some(table) = super::table::make(folder, &manifest, stop).await? else { return Ok(None) };
    manifest.table = Some(table);
    manifest.write(folder)?;
    Ok(Some(manifest))
}

#[cfg(not(feature = "parquet"))]
async fn with_table(
    _: &Path,
    _: Manifest,
    _: Pin<&mut impl Future<Output = ()>>,
) -> Result<Option<Manifest>, ArchiveError> {
    Err(ArchiveError::NoTables)
}

/// Writes a month as lines of JSON, then its manifest. None if it was stopped.
async fn write_lines(
    ledger: &Ledger,
    folder: &Path,
    partition: &Partition,
    stop: Pin<&mut impl Future<Output = ()>>,
) -> Result<Option<Manifest>, ArchiveError> {
    let Some(mut manifest) = write_events(ledger, folder, partition, stop).await? else { return Ok(None) };
    let (unfinished, path) = (unfinished(folder, &partition.name), folder.join(&manifest.file));
    (manifest.bytes, manifest.sha256) = hash_of(&unfinished)?;
    fs::rename(&unfinished, &path).map_err(ArchiveError::of(&path))?;
    sync(folder)?;
    manifest.write(folder)?;
    Ok(Some(manifest))
}

/// Writes the events of a month into a file, page by page. None if it was stopped.
async fn write_events(
    ledger: &Ledger,
    folder: &Path,
    partition: &Partition,
    mut stop: Pin<&mut impl Future<Output = ()>>,
) -> Result<Option<Manifest>, ArchiveError> {
    let path = unfinished(folder, &partition.name);
    let failed = ArchiveError::of(&path);
    let file = create(&path).map_err(&failed)?;
    let mut writer = Encoder::new(BufWriter::new(file), LEVEL).map_err(&failed)?;
    let (mut manifest, mut after) = (Manifest::begin(partition), None);
    loop {
        if stop.as_mut().now_or_never().is_some() {
            return Ok(None);
        }
        let page = ledger.partition_page(partition, after).await?;
        let Some(last) = page.last() else { break };
        let end = (last.recorded.session_id, last.recorded.entry.version);
        manifest.count(&page, after.map(|(session, _)| session));
        for event in &page {
            let line = event.line().map_err(|error| ArchiveError::damaged(&path, error.to_string()))?;
            writer.write_all(line.as_bytes()).and_then(|()| writer.write_all(b"\n")).map_err(&failed)?;
        }
        after = Some(end);
    }
    let file = writer.finish().and_then(|buffer| buffer.into_inner().map_err(Into::into)).map_err(&failed)?;
    file.sync_all().map_err(&failed)?;
    Ok(Some(manifest))
}

impl Manifest {
    /// Counts a page of events, of which the one before was of this session.
    fn count(&mut self, page: &[Archived], mut before: Option<SessionId>) {
        for Archived { recorded, .. } in page {
            self.events += 1;
            self.sessions += u64::from(before != Some(recorded.session_id));
            before = Some(recorded.session_id);
            *self.kinds.entry(recorded.entry.encoded.kind().to_owned()).or_default() += 1;
        }
    }
}

fn told(manifest: &Manifest) -> String {
    let table = manifest.table.as_ref().map(|table| format!(", and a table in {}", table.file));
    format!(
        "{} of {} in {} of {}{}",
        count(manifest.events, "event"),
        count(manifest.sessions, "session"),
        count(manifest.bytes, "byte"),
        manifest.file,
        table.unwrap_or_default()
    )
}
