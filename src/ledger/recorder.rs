//! The recorder of logins that failed: in the background, and no more than so many.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use super::Error;
use super::quota::Quota;
use super::retry::{backoff, may_try_again};
use super::shares::Shares;
use crate::session::{EventId, FailedLogin};
use crate::store::connection::lending::lend;
use crate::store::connection::pool::{Connection, Pool};
use crate::store::failed_logins::{Recording, record};
use crate::store::request::grouping::{Grouping, Leader};
use crate::telemetry;

/// How many failed logins a process records in a minute, unless set.
pub(super) const PER_MINUTE: u32 = 1_000;

/// How many statements are under way before a failed login has to wait. No request waits for one.
const STATEMENTS_MAX: usize = 1;

/// The application's ear for failed logins.
pub(super) type FailedLoginHook = Arc<dyn Fn(&FailedLogin) + Send + Sync>;

/// Records the failed logins of a ledger.
pub(super) struct Recorder {
    pool: Pool,
    pub(super) grouping: Grouping<Pending>,
    quota: Arc<Quota>,
    shares: Shares,
    hook: Option<FailedLoginHook>,
}

impl Recorder {
    pub(super) fn new(pool: Pool, per_minute: u32, hook: Option<FailedLoginHook>) -> Self {
        let (grouping, quota) = (Grouping::new(STATEMENTS_MAX), Arc::new(Quota::per_minute(per_minute)));
        Self { pool, grouping, quota, shares: Shares::of(per_minute), hook }
    }

    /// Makes ready to record a failed login; none if they are too many, in all or from its address.
    pub(super) fn pending(&self, failed: FailedLogin) -> Option<Pending> {
        let now = Instant::now();
        let is_within_share = failed.client().ip.is_none_or(|address| self.shares.take(address, now));
        if !is_within_share {
            self.quota.leave_out(1);
        }
        let Some(left_out) = is_within_share.then(|| self.quota.take(now)).flatten() else {
            telemetry::failed_login("left_out");
            return None;
        };
        let event_id = EventId::from_random(rand::random());
        let recording = Recording { event_id, failed, left_out };
        Some(Pending { recording, quota: Arc::clone(&self.quota), is_settled: false })
    }

    /// Sends statements until there is nothing more to record.
    pub(super) async fn work(&self, mut leader: Leader<Pending>) {
        while let Some(pending) = leader.next() {
            let failed_logins = pending.len();
            if let Err(error) = self.write(pending).await {
                tracing::warn!(%error, failed_logins, "failed logins were not recorded");
            }
        }
    }

    /// Records them in one statement, and tells of them. If a connection is lost on the way, it is sent
    /// again.
    pub(super) async fn write(&self, mut pending: Vec<Pending>) -> Result<(), Error> {
        let (started, mut attempt) = (Instant::now(), 1);
        loop {
            let recordings: Vec<&Recording> = pending.iter().map(|one| &one.recording).collect();
            let recording =
                lend(&self.pool, async |connection: &Connection| record(connection, &recordings).await);
            match recording.await {
                Ok(()) => break,
                Err(error) if may_try_again(error.prospect(), attempt, started, started.elapsed()) => {
                    tokio::time::sleep(backoff(attempt)).await;
                    attempt += 1;
                }
                Err(error) => {
                    pending.iter_mut().for_each(Pending::lose);
                    return Err(error);
                }
            }
        }
        for one in &mut pending {
            one.is_settled = true;
            self.tell(&one.recording.failed);
        }
        Ok(())
    }

    /// Tells the metrics, the log and the application of a failed login that is recorded. The line of the log
    /// holds no user and no address: the table has them.
    fn tell(&self, failed: &FailedLogin) {
        telemetry::failed_login("recorded");
        let session = failed.session().map(tracing::field::display);
        let (owasp, reason) = (failed.owasp(), failed.reason());
        tracing::info!(target: super::committed::TARGET, owasp, session, %reason, "a login failed");
        if let Some(hook) = &self.hook {
            hook(failed);
        }
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").field("quota", &self.quota).finish_non_exhaustive()
    }
}

/// A failed login that is yet to be recorded. It is never lost without a word.
#[derive(Debug)]
pub(super) struct Pending {
    recording: Recording,
    quota: Arc<Quota>,
    /// Whether it is known what became of it.
    is_settled: bool,
}

impl Pending {
    /// It was not recorded. The next one that is says so.
    fn lose(&mut self) {
        self.is_settled = true;
        self.quota.leave_out(self.recording.left_out.saturating_add(1));
        telemetry::failed_login("lost");
    }
}

/// The runtime has stopped before it was recorded.
impl Drop for Pending {
    fn drop(&mut self) {
        if !self.is_settled {
            self.lose();
            tracing::warn!("a failed login was not recorded, as the process stops");
        }
    }
}
