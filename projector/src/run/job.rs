//! What `projector run` can do.

use std::fmt;
use std::pin::pin;
use std::time::Duration;

use metrics::counter;
use session_ledger::Ledger;
use session_ledger::ledger::{Address, AgeLimits, Kept};

use super::told;
use crate::archive::{Outcome, Plan, archive_due};
use crate::{Error, database, sweep};

/// A job, and how often it is done.
#[derive(Debug)]
pub struct Job {
    /// What is done.
    pub work: Work,
    /// About how long the pause is between two times.
    pub every: Duration,
}

/// What is done.
pub enum Work {
    /// Sessions whose time is over end.
    Sweep,
    /// The partitions of the months to come are made. The address is that of the ledger: this takes a
    /// connection of its own.
    Partitions(Box<Address>),
    /// Months that are due are archived.
    Archive(Plan),
    /// Rows beside the log that are past their limits go.
    Retain(AgeLimits),
}

impl Work {
    /// Its name, which is also that of its lease.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Sweep => "sweep",
            Self::Partitions(_) => "partitions",
            Self::Archive(_) => "archive",
            Self::Retain(_) => "retain",
        }
    }

    /// Does it once. It may be dropped on its way.
    pub(super) async fn once(&self, ledger: &Ledger) -> Result<(), Error> {
        match self {
            Self::Sweep => {
                let (swept, _) = sweep::sweep(ledger, pin!(std::future::pending())).await?;
                counter!(told::SWEPT, "reason" => "idle_timeout").increment(swept.idle);
                counter!(told::SWEPT, "reason" => "absolute_timeout").increment(swept.absolute);
                counter!(told::SWEEP_LEFT).increment(swept.left);
                Ok(())
            }
            Self::Partitions(address) => {
                let config = address.config().clone();
                let migrated = Ledger::at(Address::clone(address)).migrate().await;
                let migrated = migrated.map_err(|error| database::schema_error(&config, error))?;
                if migrated.partitions > 0 {
                    tracing::info!(partitions = migrated.partitions, "partitions were made");
                }
                Ok(())
            }
            Self::Archive(plan) => archive(ledger, plan).await,
            Self::Retain(limits) => retain(ledger, limits).await,
        }
    }
}

async fn archive(ledger: &Ledger, plan: &Plan) -> Result<(), Error> {
    for partition in ledger.partitions().await?.months {
        let outcome = archive_due(ledger, plan, &partition, pin!(std::future::pending())).await?;
        match outcome {
            Some(Outcome::Archived(manifest)) => {
                counter!(told::ARCHIVED).increment(1);
                tracing::info!(partition = partition.name, events = manifest.events, "a month was archived");
            }
            Some(Outcome::Kept(kept @ (Kept::Followers { .. } | Kept::Forever { .. }))) => {
                tracing::warn!(partition = partition.name, "a month stays in the log: {kept}");
            }
            _ => {}
        }
    }
    Ok(())
}

async fn retain(ledger: &Ledger, limits: &AgeLimits) -> Result<(), Error> {
    let aged = ledger.age(limits).await?;
    for (rows, number) in told::aged(&aged) {
        told::retained(rows, number);
        if number > 0 {
            tracing::info!(rows, number, "rows were past their limit");
        }
    }
    Ok(())
}

impl fmt::Debug for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
