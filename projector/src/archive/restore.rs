//! Restoring an archive into an empty database, and looking through one.

use session_ledger::Ledger;
use session_ledger::session::Archived;

use super::{ArchiveError, Folder};
use crate::words::count;
use crate::{Answer, Console, Error};

/// How many events are written with one statement.
const PIECE: usize = 1_000;

/// Reads each event of an archive, and checks it against its file's hash and its session's chain.
///
/// # Errors
///
/// A file is missing or damaged.
pub fn check(folder: &Folder, console: &mut Console<'_>) -> Result<Answer, Error> {
    let (mut events, mut sessions) = (0, 0);
    for month in folder.months() {
        let mut found = 0;
        for event in folder.events(month)? {
            event?;
            found += 1;
        }
        if found != month.events {
            let problem = format!("it holds {found} events, and its manifest says {}", month.events);
            return Err(ArchiveError::damaged(month.file.as_ref(), problem).into());
        }
        folder.check_table(month)?;
        (events, sessions) = (events + found, sessions + month.sessions);
    }
    console.print(&format!(
        "Checked {}: {} of {}, each as it was archived.\n",
        count(folder.months().len() as u64, "month"),
        count(events, "event"),
        count(sessions, "session")
    ))?;
    Ok(Answer::Yes)
}

/// Writes the events of an archive into an empty log, in one transaction.
///
/// # Errors
///
/// The log is not empty, a file is missing or damaged, or the role is not the schema's owner. Then nothing
/// was written.
pub async fn restore(ledger: &Ledger, folder: &Folder, console: &mut Console<'_>) -> Result<Answer, Error> {
    let mut restore = ledger.restore().await.map_err(ArchiveError::from)?;
    let mut written = 0;
    for month in folder.months() {
        restore.month(month.first()?).await.map_err(ArchiveError::from)?;
        let mut piece: Vec<Archived> = Vec::with_capacity(PIECE);
        for event in folder.events(month)? {
            piece.push(event?);
            if piece.len() == PIECE {
                restore.add(&piece).await.map_err(ArchiveError::from)?;
                written += PIECE as u64;
                piece.clear();
            }
        }
        restore.add(&piece).await.map_err(ArchiveError::from)?;
        written += piece.len() as u64;
    }
    restore.commit().await.map_err(ArchiveError::from)?;
    console.print(&format!(
        "Restored {} of {}.\n",
        count(written, "event"),
        count(folder.months().len() as u64, "month")
    ))?;
    Ok(Answer::Yes)
}
