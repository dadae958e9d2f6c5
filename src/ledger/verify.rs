//! Comparing the projection with the log, and the log with itself.

mod found;
mod logins;
mod ranges;
mod rows;
mod stream;

use std::sync::Arc;

use super::finding::{Difference, Finding};
use super::side_by_side::{STRETCHES, read};
use super::surroundings::{Surroundings, Tally};
use super::verification::Verification;
use super::{Error, Ledger, Progress};
use crate::store::connection::reading::Stretch;
use crate::store::projection::inspection::Inspection;
use found::Scope;
use ranges::Part;

impl Ledger {
    /// Compares the projection with the rows that the log makes, and the log with itself: the versions of
    /// each session are 1..n, nothing follows an end, the hash chain holds, and the columns that the database
    /// has filled in agree with their neighbours. It also looks at what stands around the log: guards,
    /// counters, cursors. It sees one moment, may run while the application does, and keeps a bounded number
    /// of rows in memory. It needs the rights of `session_ledger_auditor`. See
    /// [`Verification::LIMITS`] for what it cannot show.
    ///
    /// The log is read as a whole. The rows are not: of each range of sessions the server sums its rows up,
    /// and only where that is not the sum of the rows that the log makes are they fetched and compared.
    ///
    /// `activity` is not derived from the log: only a time in the future is found there. Of `resend`, a token
    /// that is kept to be sent again, only the form and the occasion are checked.
    ///
    /// An event that cannot be read is a difference, not an error. `progress` is called now and then and at
    /// the end.
    ///
    /// # Errors
    ///
    /// The database is away, or the role may not read the log.
    pub async fn verify(&self, mut progress: impl FnMut(Progress) + Send) -> Result<Verification, Error> {
        let lead = Inspection::begin(self.own_connection().await?).await?;
        let told = begin(&lead, &mut progress).await?;
        let surroundings = Arc::new(Surroundings::read(&lead).await?);
        let (stretches, scope) = (lead.stretches(STRETCHES).await?, Scope::Whole(surroundings.clone()));
        let (mut report, tally) = self.compare(&lead, &scope, stretches, told, &mut progress).await?;
        for (session, last_seen) in lead.seen_ahead().await? {
            report.add(Difference { session, finding: Finding::SeenAhead { last_seen } });
        }
        if let Some(tally) = tally {
            report.irregularities = surroundings.irregularities(&tally);
        }
        lead.end().await?;
        Ok(report)
    }

    /// As [`verify`](Self::verify), of about so many sessions only, which are picked at random: where the
    /// whole takes too long. Of the surroundings it looks at the guards alone, and a row whose session the
    /// log does not hold is not found.
    ///
    /// # Errors
    ///
    /// As for the whole.
    pub async fn verify_sample(
        &self,
        sessions: u32,
        mut progress: impl FnMut(Progress) + Send,
    ) -> Result<Verification, Error> {
        let lead = Inspection::begin(self.own_connection().await?).await?;
        let surroundings = Arc::new(Surroundings::read(&lead).await?);
        let mut picked = lead.sample().await?;
        picked.dedup();
        picked.sort_by_cached_key(|_| rand::random::<u64>());
        picked.truncate(sessions as usize);
        let stretches = picked.into_iter().map(Stretch::one).collect();
        let scope = Scope::Whole(surroundings.clone());
        let compared = self.compare(&lead, &scope, stretches, Progress::default(), &mut progress);
        let (mut report, _) = compared.await?;
        report.irregularities = surroundings.guards();
        lead.end().await?;
        Ok(report)
    }

    /// Compares how this version of the library reads the log with what the tables say, which another version
    /// has written: for the code of a release before it is released. Each session that it would read
    /// otherwise is a difference, as is each event that it cannot read; damage of the log is another matter,
    /// and nothing around the log is looked at. See [`Builder::without_schema_check`].
    ///
    /// It reads as [`verify`](Self::verify) does, and changes nothing. It needs no migration of this version,
    /// unless one adds a column that it reads, and may ask a standby.
    ///
    /// [`Builder::without_schema_check`]: crate::ledger::Builder::without_schema_check
    ///
    /// # Errors
    ///
    /// The database is away, the role may not read the log, or a table lacks what this version reads.
    pub async fn verify_fold(
        &self,
        mut progress: impl FnMut(Progress) + Send,
    ) -> Result<Verification, Error> {
        let lead = Inspection::begin(self.own_connection().await?).await?;
        let told = begin(&lead, &mut progress).await?;
        let stretches = lead.stretches(STRETCHES).await?;
        let (report, _) = self.compare(&lead, &Scope::Fold, stretches, told, &mut progress).await?;
        lead.end().await?;
        Ok(report)
    }

    /// Compares the sessions of these stretches.
    async fn compare(
        &self,
        lead: &Inspection,
        scope: &Scope,
        stretches: Vec<Stretch>,
        mut told: Progress,
        progress: &mut (impl FnMut(Progress) + Send),
    ) -> Result<(Verification, Option<Tally>), Error> {
        let shared = scope.clone();
        let comparing = read(self, lead, stretches, move |inspection, stretch, tell| {
            let scope = shared.clone();
            async move { Part::begin(&scope).compare(&scope, &inspection, stretch, &tell).await }
        });
        let (mut parts, Part { mut report, mut tally }) = (comparing.await?, Part::begin(scope));
        while let Some(part) = parts.next().await? {
            told.sessions += part.report.sessions;
            told.count_events(part.report.events, progress);
            if let (Some(tally), Some(more)) = (&mut tally, &part.tally) {
                tally.add(more);
            }
            report.merge(part.report);
        }
        progress(Progress { is_read: true, ..told });
        Ok((report, tally))
    }
}

/// Tells how many events there are to read.
async fn begin(lead: &Inspection, progress: &mut (impl FnMut(Progress) + Send)) -> Result<Progress, Error> {
    let told = Progress { events_estimated: lead.count_estimate().await?, ..Progress::default() };
    progress(told);
    Ok(told)
}
