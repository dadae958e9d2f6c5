//! Jobs that one process at a time does, though several could.

use std::time::Duration;

use super::{Error, Ledger};
use crate::store::jobs;

/// That a job is a process's, until the lease runs out. It grows with each holder: see
/// [`take_job`](Ledger::take_job).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobLease {
    job: String,
    holder: String,
    fence: i64,
}

impl JobLease {
    /// The number of the holding: another one has held the job in between if it has grown.
    pub fn fence(&self) -> i64 {
        self.fence
    }
}

impl Ledger {
    /// Takes the lease of a job for `holder`, a name that no other process has, or renews it. None if another
    /// holder has it. Whoever does the job renews the lease well before it runs out, and stops if that fails.
    ///
    /// # Errors
    ///
    /// The database is away, or the role is not granted `session_ledger_runtime`.
    pub async fn take_job(
        &self,
        job: &str,
        holder: &str,
        lease: Duration,
    ) -> Result<Option<JobLease>, Error> {
        let seconds = lease.as_secs_f64();
        let taken = self.lend(async |connection| jobs::take(connection, job, holder, seconds).await).await?;
        Ok(taken.map(|fence| JobLease { job: job.to_owned(), holder: holder.to_owned(), fence }))
    }

    /// Gives a lease back, so that another process need not wait until it runs out.
    ///
    /// # Errors
    ///
    /// The database is away.
    pub async fn release_job(&self, lease: &JobLease) -> Result<(), Error> {
        let JobLease { job, holder, fence } = lease;
        self.lend(async |connection| jobs::release(connection, job, holder, *fence).await).await
    }
}
