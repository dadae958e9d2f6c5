//! A rebuild in the application's downtime: all rows anew, in one transaction.

use super::error::RebuildError;
use super::fold::{Folded, fold};
use super::outcome::Rebuilt;
use crate::ledger::Progress;
use crate::store::connection::watched::Watched;
use crate::store::projection::replacement::Replacement;
use crate::store::projection::row::ProjectedRow;

/// Replaces all rows.
pub(super) async fn rebuild(
    client: Watched,
    progress: impl FnMut(Progress) + Send,
) -> Result<Rebuilt, RebuildError> {
    let mut replacement = Replacement::begin(client).await.map_err(RebuildError::locked)?;
    match replace(&mut replacement, progress).await {
        Ok(rebuilt) => {
            replacement.commit().await?;
            Ok(rebuilt)
        }
        Err(error) => {
            replacement.rollback(error.of_store()).await;
            Err(error)
        }
    }
}

/// Makes sure that the log holds what the rows know, and writes them anew.
async fn replace(
    replacement: &mut Replacement,
    progress: impl FnMut(Progress) + Send,
) -> Result<Rebuilt, RebuildError> {
    let (rows, rows_total) = replacement.unrecorded_rows().await?;
    if !rows.is_empty() {
        return Err(RebuildError::EventsMissing { rows, rows_total });
    }
    replacement.empty().await?;
    replay(replacement, progress).await
}

/// Folds the log and sends the rows that it makes.
async fn replay(
    replacement: &mut Replacement,
    mut progress: impl FnMut(Progress) + Send,
) -> Result<Rebuilt, RebuildError> {
    let events_estimated = replacement.count_estimate().await?;
    let mut told = Progress { events_estimated, ..Progress::default() };
    progress(told);

    let mut rebuilt = Rebuilt::default();
    let mut log = replacement.log().await?;
    while let Some(session) = log.next_session().await? {
        let mut folded = Folded::default();
        fold(session, &mut log, &mut folded).await?;
        let row = ProjectedRow::of(&folded.state);
        rebuilt.count(&row, folded.logins.len());
        rebuilt.unknown_events += folded.unknown_events;
        for step in folded.logins {
            replacement.add_login(session, step).await?;
        }
        replacement.add(session, row).await?;
        told.count_session(folded.events, &mut progress);
    }
    replacement.send().await?;
    progress(Progress { is_read: true, ..told });
    Ok(Rebuilt { events: told.events, ..rebuilt })
}
