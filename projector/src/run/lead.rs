//! A job's turns: to wait for its lease, to do it while the lease is held, to give it back.

use std::time::{Duration, Instant};

use metrics::{counter, gauge};
use rand::rngs::SysRng;
use session_ledger::Ledger;
use session_ledger::ledger::{self, JobLease};
use tokio::sync::watch;
use tokio::time::sleep;

use super::{Job, pause_after, told};
use crate::{Error, sweep};

/// One job of one process.
pub(super) struct Turn {
    pub(super) ledger: Ledger,
    pub(super) holder: String,
    pub(super) lease: Duration,
    pub(super) job: Job,
}

/// How the holding of a lease ended.
enum Led {
    /// Another process may have it by now.
    Lost,
    /// The job failed.
    Failed(Error),
}

impl Turn {
    /// Does the job whenever the lease is to be had, until it is stopped.
    pub(super) async fn take_turns(self, mut stopped: watch::Receiver<bool>) {
        let (name, mut failures) = (self.job.work.name(), 0);
        gauge!(told::LEADER, "job_name" => name).set(0.0);
        while !*stopped.borrow() {
            let pause = match self.take().await {
                Ok(Some(lease)) => {
                    let led = tokio::select! {
                        biased;
                        _ = stopped.wait_for(|is_stopped| *is_stopped) => None,
                        led = self.lead(&lease, &mut failures) => Some(led),
                    };
                    gauge!(told::LEADER, "job_name" => name).set(0.0);
                    if !matches!(led, Some(Led::Lost)) {
                        self.release(&lease).await;
                    }
                    match led {
                        None => return,
                        Some(Led::Lost) => {
                            tracing::warn!(job = name, "the lease was lost: another process may do the job");
                            Duration::ZERO
                        }
                        Some(Led::Failed(error)) => self.failed(&error, &mut failures),
                    }
                }
                Ok(None) => self.lease / 3,
                Err(error) => self.failed(&error.into(), &mut failures),
            };
            tokio::select! {
                _ = stopped.wait_for(|is_stopped| *is_stopped) => {}
                () = sleep(pause) => {}
            }
        }
    }

    async fn take(&self) -> Result<Option<JobLease>, ledger::Error> {
        self.ledger.take_job(self.job.work.name(), &self.holder, self.lease).await
    }

    async fn release(&self, lease: &JobLease) {
        if let Err(error) = self.ledger.release_job(lease).await {
            tracing::warn!(job = self.job.work.name(), "the lease was not given back and runs out: {error}");
        }
    }

    /// Does the job again and again, and renews the lease beside it.
    async fn lead(&self, lease: &JobLease, failures: &mut u32) -> Led {
        let name = self.job.work.name();
        tracing::info!(job = name, fence = lease.fence(), "this process does the job");
        gauge!(told::LEADER, "job_name" => name).set(1.0);
        let working = async {
            loop {
                if let Err(error) = self.job.work.once(&self.ledger).await {
                    return Led::Failed(error);
                }
                *failures = 0;
                counter!(told::RUNS, "job_name" => name, "outcome" => "done").increment(1);
                match sweep::jittered(self.job.every, &mut SysRng) {
                    Ok(pause) => sleep(pause).await,
                    Err(error) => return Led::Failed(error),
                }
            }
        };
        tokio::select! {
            biased;
            () = self.renew(lease) => Led::Lost,
            failed = working => failed,
        }
    }

    /// Renews the lease until it is lost. While the database is away, nobody else can take it either; but
    /// this process stops before the lease runs out.
    async fn renew(&self, lease: &JobLease) {
        let mut renewed = Instant::now();
        loop {
            sleep(self.lease / 3).await;
            match self.take().await {
                Ok(Some(again)) if again.fence() == lease.fence() => renewed = Instant::now(),
                Ok(_) => return,
                Err(_) if renewed.elapsed() < self.lease * 2 / 3 => {}
                Err(_) => return,
            }
        }
    }

    /// How long to wait after a failure.
    fn failed(&self, error: &Error, failures: &mut u32) -> Duration {
        let name = self.job.work.name();
        let pause = pause_after(*failures);
        *failures = failures.saturating_add(1);
        counter!(told::RUNS, "job_name" => name, "outcome" => "failed").increment(1);
        tracing::error!(job = name, "the job failed, and is begun again in {} s: {error}", pause.as_secs());
        pause
    }
}
