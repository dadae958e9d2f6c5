//! The table of a month, made of the month's lines of JSON.

use std::io::{BufWriter, Write};
use std::path::Path;
use std::pin::Pin;

use futures_util::FutureExt;
use serde_json::Value;
use session_ledger::session::{Archived, Recorded};
use tokio::task::yield_now;

use super::super::folder::Clients;
use super::super::manifest::{Table, create, hash_of, sync, unfinished};
use super::super::{ArchiveError, Folder, Manifest};
use super::columns::COLUMNS;
use super::file::{File, ROWS_MAX};
use crate::ocsf::{self, Authentication, BaseEvent, Service};

/// After how many rows the table lets others go on, and looks whether it is to stop.
const ROWS_AT_A_TIME: usize = 1_000;

/// Writes the table of a month beside its lines. None if it was stopped.
///
/// # Errors
///
/// The lines are not those that were written, or the table cannot be written.
pub(in crate::archive) async fn make(
    folder: &Path,
    manifest: &Manifest,
    mut stop: Pin<&mut impl Future<Output = ()>>,
) -> Result<Option<Table>, ArchiveError> {
    let path = unfinished(folder, &manifest.partition);
    let failed = ArchiveError::of(&path);
    let mut rows = Rows::begin(BufWriter::new(create(&path).map_err(&failed)?), ROWS_MAX).map_err(&failed)?;
    for (nth, event) in Folder::open(folder)?.events(manifest)?.enumerate() {
        if nth % ROWS_AT_A_TIME == 0 {
            yield_now().await;
            if stop.as_mut().now_or_never().is_some() {
                return Ok(None);
            }
        }
        rows.add(event?).map_err(&failed)?;
    }
    let written = rows.finish(&manifest.partition).map_err(&failed)?.into_inner();
    written.map_err(|error| failed(error.into_error()))?.sync_all().map_err(&failed)?;
    let file = format!("{}.parquet", manifest.partition);
    let (bytes, sha256) = hash_of(&path)?;
    let finished = folder.join(&file);
    std::fs::rename(&path, &finished).map_err(ArchiveError::of(&finished))?;
    sync(folder)?;
    Ok(Some(Table { file, bytes, sha256 }))
}

/// The rows of a table that is being written.
struct Rows<W> {
    file: File<W>,
    clients: Clients,
    service: Service,
}

impl<W: Write> Rows<W> {
    fn begin(out: W, rows_max: usize) -> std::io::Result<Self> {
        let file = File::begin(out, COLUMNS, rows_max)?;
        Ok(Self { file, clients: Clients::default(), service: Service::default() })
    }

    /// Adds an event: those of a session come together and in order.
    fn add(&mut self, Archived { mut recorded, .. }: Archived) -> std::io::Result<()> {
        self.clients.tell(&mut recorded);
        self.file.add(&document(&recorded, &self.service)?)
    }

    fn finish(self, partition: &str) -> std::io::Result<W> {
        self.file.finish(&[("partition", partition), ("ocsf", ocsf::SCHEMA_VERSION)])
    }
}

/// The document of an event: an authentication if it is one, or else a base event.
fn document(recorded: &Recorded, service: &Service) -> std::io::Result<Value> {
    let document = match Authentication::of_event(recorded, service) {
        Some(authentication) => serde_json::to_value(authentication),
        None => serde_json::to_value(BaseEvent::of_event(recorded)),
    };
    Ok(document?)
}

/// The workspace `examples/beside` reads these files by another crate, and compares them with the lines.
#[test]
fn the_golden_lines_make_the_golden_tables() {
    let golden = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/archive"));
    let lines = std::fs::read_to_string(golden.join("event_2025_03.ndjson")).unwrap();
    for (name, rows_max) in [("event_2025_03.parquet", ROWS_MAX), ("in_groups.parquet", 10)] {
        let mut rows = Rows::begin(Vec::new(), rows_max).unwrap();
        lines.lines().for_each(|line| rows.add(Archived::of_line(line).unwrap()).unwrap());
        let (made, path) = (rows.finish("event_2025_03").unwrap(), golden.join(name));
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(&path, &made).unwrap();
        }
        assert!(made == std::fs::read(&path).unwrap(), "the table differs from {}", path.display());
    }
}
