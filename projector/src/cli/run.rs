//! The arguments of `projector run`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use rand::TryRng;
use session_ledger::ledger::Address;

use super::archive::Keep;
use super::limits::Limits;
use super::relay::random_name;
use crate::Error;
use crate::archive::Plan;
use crate::run::{Job, Settings, Work};

/// How often the partitions are looked after, and months are looked for that are due.
const DAILY: Duration = Duration::from_secs(24 * 3_600);
const HOURLY: Duration = Duration::from_secs(3_600);

/// A job by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum JobName {
    /// End the sessions whose time is over; needs session_ledger_runtime
    Sweep,
    /// Make the partitions of the coming year; needs the schema's owner
    Partitions,
    /// Archive the months that are due; needs the schema's owner, and --archive-to
    Archive,
}

/// Arguments of `projector run`.
#[derive(Debug, Args)]
pub struct Run {
    /// What to do; archive is done where --archive-to is given
    #[arg(
        long,
        value_enum,
        value_delimiter = ',',
        value_name = "JOBS",
        default_value = "sweep,partitions",
        env = "SESSION_LEDGER_JOBS"
    )]
    pub jobs: Vec<JobName>,

    /// Where health, readiness and metrics are served
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9464", env = "SESSION_LEDGER_LISTEN")]
    pub listen: SocketAddr,

    /// A name for this process that no other has; random unless given
    #[arg(long, value_name = "NAME", env = "SESSION_LEDGER_HOLDER")]
    pub holder: Option<String>,

    /// After how many seconds another process takes over from one that has died: 1 to 3600
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=3_600))]
    pub lease: u32,

    /// The limits of the application's sessions.
    #[command(flatten)]
    pub limits: Limits,

    /// About how many seconds lie between two sweeps: 1 to 86400
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub sweep_every: u32,

    /// The folder for the archive
    #[arg(long, value_name = "FOLDER", env = "SESSION_LEDGER_ARCHIVE")]
    pub archive_to: Option<PathBuf>,

    /// For how long facts stay in the log before they are archived.
    #[command(flatten)]
    pub keep: Keep,
}

impl Run {
    /// What is done, and by whom.
    ///
    /// # Errors
    ///
    /// There is no folder for the archive, or the process needs a random name and the generator fails.
    pub fn settings(self, address: &Address, rng: &mut impl TryRng) -> Result<Settings, Error> {
        let mut names = self.jobs;
        if self.archive_to.is_some() && !names.contains(&JobName::Archive) {
            names.push(JobName::Archive);
        }
        let job = |name: &JobName| {
            let (work, every) = match name {
                JobName::Sweep => (Work::Sweep, Duration::from_secs(self.sweep_every.into())),
                JobName::Partitions => (Work::Partitions(Box::new(address.clone())), DAILY),
                JobName::Archive => {
                    let folder = self.archive_to.clone().ok_or_else(|| {
                        Error::Arguments("say with --archive-to where archived months go".to_owned())
                    })?;
                    let plan = Plan { folder, limits: self.keep.limits(), keeps: false, is_dry: false };
                    (Work::Archive(plan), HOURLY)
                }
            };
            Ok(Job { work, every })
        };
        let jobs = names.iter().map(job).collect::<Result<Vec<_>, Error>>()?;
        let holder = match self.holder {
            Some(holder) => holder,
            None => random_name(rng)?,
        };
        Ok(Settings { holder, lease: Duration::from_secs(self.lease.into()), listen: self.listen, jobs })
    }
}
