//! A rebuild beside the running application: search at one moment, in parallel; then mend, a few sessions at
//! a time.

use super::error::RebuildError;
use super::mending::mend;
use super::outcome::{RebuildOptions, Rebuilt};
use super::search::Search;
use crate::ledger::side_by_side::{STRETCHES, read};
use crate::ledger::{Ledger, Progress};
use crate::store::projection::inspection::Inspection;
use crate::store::projection::replacement::UnrecordedRow;
use crate::store::projection::staging::Staging;

/// How many rows are named that know more than the log.
const UNRECORDED_MAX: usize = 10;

/// Searches, and mends what was found unless that is not wanted.
pub(super) async fn rebuild(
    ledger: &Ledger,
    options: RebuildOptions,
    mut progress: impl FnMut(Progress) + Send,
) -> Result<Rebuilt, RebuildError> {
    let mut staging = match options.only_searches {
        true => None,
        false => {
            let staging = Staging::claim(ledger.own_connection().await?).await?;
            Some(staging.ok_or(RebuildError::UnderWay)?)
        }
    };
    let (mut rebuilt, mut told) = search(ledger, options, staging.as_mut(), &mut progress).await?;
    told.is_read = true;
    progress(told);
    if let Some(mut staging) = staging {
        mend(&mut staging, options, &mut rebuilt, told, &mut progress).await?;
        staging.empty().await?;
    }
    Ok(rebuilt)
}

/// Searches all stretches at one moment. The rows that the log makes instead are put in `staging`.
async fn search(
    ledger: &Ledger,
    options: RebuildOptions,
    mut staging: Option<&mut Staging>,
    progress: &mut (impl FnMut(Progress) + Send),
) -> Result<(Rebuilt, Progress), RebuildError> {
    let lead = Inspection::begin(ledger.own_connection().await?).await?;
    let mut told = Progress { events_estimated: lead.count_estimate().await?, ..Progress::default() };
    progress(told);
    let stretches = lead.stretches(STRETCHES).await?;
    let skips = options.skips_undecodable;
    let searching = read(ledger, &lead, stretches, move |inspection, stretch, tell| async move {
        Search::open(&inspection, stretch, skips).await?.run(&tell).await
    });
    let mut reports = searching.await?;

    let (mut rebuilt, mut unrecorded) = (Rebuilt::default(), Unrecorded::default());
    while let Some(report) = reports.next().await? {
        told.sessions += report.sessions;
        told.sessions_found += report.differing.len() as u64;
        rebuilt.unknown_events += report.unknown_events;
        rebuilt.add_undecodable(report.undecodable);
        unrecorded.add(report.unrecorded);
        for differing in report.differing {
            rebuilt.count(&differing.row, differing.logins.len());
            if let Some(staging) = &mut staging {
                staging.add(differing).await?;
            }
        }
        told.count_events(report.events, progress);
    }
    if let Some(staging) = staging {
        staging.send().await?;
    }
    lead.end().await?;
    rebuilt.events = told.events;
    unrecorded.none()?;
    Ok((rebuilt, told))
}

/// Rows that know more than the log.
#[derive(Default)]
struct Unrecorded {
    rows: Vec<UnrecordedRow>,
    rows_total: u64,
}

impl Unrecorded {
    fn add(&mut self, mut rows: Vec<UnrecordedRow>) {
        self.rows_total += rows.len() as u64;
        self.rows.append(&mut rows);
        self.rows.sort_by_key(|row| row.session);
        self.rows.truncate(UNRECORDED_MAX);
    }

    /// Makes sure that there are none.
    fn none(self) -> Result<(), RebuildError> {
        let Self { rows, rows_total } = self;
        if rows.is_empty() { Ok(()) } else { Err(RebuildError::EventsMissing { rows, rows_total }) }
    }
}
