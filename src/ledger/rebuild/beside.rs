//! A rebuild beside the running application: search at one moment, in parallel; then mend, a few sessions at
//! a time.

use std::sync::{Arc, Mutex, PoisonError};
use std::vec::IntoIter;

use tokio::sync::mpsc::{Sender, channel};
use tokio::task::JoinSet;

use super::error::RebuildError;
use super::mending::mend;
use super::outcome::{RebuildOptions, Rebuilt};
use super::search::{Found, Search};
use crate::ledger::{Ledger, Progress};
use crate::store::connection::reading::Stretch;
use crate::store::projection::inspection::{Inspection, SharedMoment};
use crate::store::projection::replacement::UnrecordedRow;
use crate::store::projection::staging::Staging;

/// How many connections search at a time.
const SEARCHERS: usize = 4;

/// How many stretches the log is cut in: the searchers take one after the other, so that none is left alone
/// with a long one.
const STRETCHES: usize = 64;

/// How many reports of searches wait, each of about a thousand events, before the searchers wait.
const REPORTS_MAX: usize = 16;

/// How many rows are named that know more than the log.
const UNRECORDED_MAX: usize = 10;

/// The stretches that nobody has searched yet.
type Stretches = Arc<Mutex<IntoIter<Stretch>>>;

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
    let stretches: Stretches = Arc::new(Mutex::new(lead.stretches(STRETCHES).await?.into_iter()));
    let moment = lead.export().await?;
    let (tell, mut reports) = channel(REPORTS_MAX);
    let mut searchers = JoinSet::new();
    for _ in 0..SEARCHERS {
        let searcher = Searcher {
            ledger: ledger.clone(),
            moment: moment.clone(),
            stretches: stretches.clone(),
            options,
        };
        searchers.spawn(searcher.run(tell.clone()));
    }
    drop(tell);

    let (mut rebuilt, mut unrecorded) = (Rebuilt::default(), Unrecorded::default());
    while let Some(report) = reports.recv().await {
        let report: Found = report?;
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

/// One of those who search at a time.
struct Searcher {
    ledger: Ledger,
    moment: SharedMoment,
    stretches: Stretches,
    options: RebuildOptions,
}

impl Searcher {
    /// Searches stretches until none is left, and tells what it finds or why it cannot go on.
    async fn run(self, tell: Sender<Result<Found, RebuildError>>) {
        if let Err(error) = self.search(&tell).await {
            tell.send(Err(error)).await.ok();
        }
    }

    async fn search(&self, tell: &Sender<Result<Found, RebuildError>>) -> Result<(), RebuildError> {
        let mut inspection = None;
        while let Some(stretch) = self.next() {
            let inspection = match &mut inspection {
                Some(inspection) => inspection,
                none => {
                    none.insert(Inspection::join(self.ledger.own_connection().await?, &self.moment).await?)
                }
            };
            Search::open(inspection, stretch, self.options.skips_undecodable).await?.run(tell).await?;
        }
        Ok(())
    }

    fn next(&self) -> Option<Stretch> {
        self.stretches.lock().unwrap_or_else(PoisonError::into_inner).next()
    }
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
