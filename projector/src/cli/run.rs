//! The arguments of `projector run`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use rand::TryRng;
use session_ledger::ledger::Address;

use super::archive::{Keep, tables};
use super::limits::Limits;
use super::relay::{random_name, subscription_name};
use super::retain::RetainJob;
use super::signals::{Signals, means};
use super::telling::Telling;
use super::webhook::Webhook;
use crate::Error;
use crate::archive::Plan;
use crate::envelope;
use crate::relay::target::{Target, TargetError};
use crate::relay::{BATCH, IDLE_MS, Relay};
use crate::run::{Job, Relaying, Settings, Work};

/// How often the partitions are looked after and rows are looked for that are past their limits, and how
/// often months are that are due.
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
    /// Delete rows beside the log that are past their limits; needs session_ledger_operator beside
    /// session_ledger_runtime, and a limit such as --retain-activity
    Retain,
}

/// Arguments of `projector run`.
#[derive(Debug, Args)]
pub struct Run {
    /// What to do; archive is done where --archive-to is given, retain where one of its limits is
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

    /// A subscription to deliver, and where its events go, such as audit=file:/var/log/audit.ndjson; may be
    /// given several times
    ///
    /// As `projector relay run` does it, which says what targets there are. `projector relay create` makes
    /// the subscription. It needs session_ledger_relay.
    #[arg(long = "relay", value_name = "NAME=TARGET", value_parser = relay)]
    pub relays: Vec<(String, Target)>,

    /// How events are told
    #[command(flatten)]
    pub telling: Telling,

    /// How webhooks are posted to
    #[command(flatten)]
    pub webhook: Webhook,

    /// How security events are told
    #[command(flatten)]
    pub signals: Signals,

    /// The limits of the application's sessions.
    #[command(flatten)]
    pub limits: Limits,

    /// About how many seconds lie between two sweeps: 1 to 86400
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub sweep_every: u32,

    /// The folder for the archive
    #[arg(long, value_name = "FOLDER", env = "SESSION_LEDGER_ARCHIVE")]
    pub archive_to: Option<PathBuf>,

    /// Archive each month as a table as well, as `projector archive export --parquet` does
    #[arg(long, requires = "archive_to")]
    pub archive_parquet: bool,

    /// For how long facts stay in the log before they are archived.
    #[command(flatten)]
    pub keep: Keep,

    /// For how long rows beside the log stay.
    #[command(flatten)]
    pub retain: RetainJob,
}

impl Run {
    /// What is done, and by whom.
    ///
    /// # Errors
    ///
    /// There is no folder for the archive, tables are asked for and not built in, there is no limit for the
    /// job retain, or the process needs a random name and the generator fails.
    pub fn settings(self, address: &Address, rng: &mut impl TryRng) -> Result<Settings, Error> {
        let mut names = self.jobs;
        if self.archive_to.is_some() && !names.contains(&JobName::Archive) {
            names.push(JobName::Archive);
        }
        let age_limits = self.retain.limits();
        if age_limits.is_some() && !names.contains(&JobName::Retain) {
            names.push(JobName::Retain);
        }
        let job = |name: &JobName| {
            let (work, every) = match name {
                JobName::Sweep => (Work::Sweep, Duration::from_secs(self.sweep_every.into())),
                JobName::Partitions => (Work::Partitions(Box::new(address.clone())), DAILY),
                JobName::Archive => {
                    let folder = self.archive_to.clone().ok_or_else(|| {
                        Error::Arguments("say with --archive-to where archived months go".to_owned())
                    })?;
                    let has_tables = tables(self.archive_parquet)?;
                    let limits = self.keep.limits();
                    let plan = Plan { folder, limits, has_tables, keeps: false, is_dry: false };
                    (Work::Archive(plan), HOURLY)
                }
                JobName::Retain => {
                    let limits = age_limits.ok_or_else(|| {
                        let advice =
                            "say with --retain-activity 30d or another limit what the job retain deletes";
                        Error::Arguments(advice.to_owned())
                    })?;
                    (Work::Retain(limits), DAILY)
                }
            };
            Ok(Job { work, every })
        };
        let jobs = names.iter().map(job).collect::<Result<Vec<_>, Error>>()?;
        let holder = match self.holder {
            Some(holder) => holder,
            None => random_name(rng)?,
        };
        let lease = Duration::from_secs(self.lease.into());
        let means = means(&self.webhook, &self.signals, |name| std::env::var(name).ok())?;
        let telling = self.telling.settings();
        let relaying = |(name, target)| Relaying {
            relay: relay_of(name, &holder, telling.clone()),
            target,
            means: means.clone(),
        };
        let relays = self.relays.into_iter().map(relaying).collect();
        Ok(Settings { holder, lease, listen: self.listen, jobs, relays })
    }
}

fn relay_of(subscription: String, holder: &str, telling: envelope::Telling) -> Relay {
    Relay {
        subscription,
        create: false,
        once: false,
        holder: holder.to_owned(),
        telling,
        batch: BATCH,
        idle: Duration::from_millis(IDLE_MS.into()),
        tries_max: None,
    }
}

/// A subscription and its target.
fn relay(text: &str) -> Result<(String, Target), String> {
    let (name, target) = text.split_once('=').ok_or("it looks like audit=file:/var/log/audit.ndjson")?;
    let target = target.parse().map_err(|error: TargetError| error.to_string())?;
    if target == Target::Stdout {
        return Err("standard output is for this command's own words: name another target".to_owned());
    }
    Ok((subscription_name(name)?, target))
}

#[test]
fn a_relay_has_a_name_and_a_target_of_its_own() {
    assert_eq!(relay("audit=file:a=b"), Ok(("audit".to_owned(), Target::File("a=b".into()))));
    assert_eq!(relay("audit"), Err("it looks like audit=file:/var/log/audit.ndjson".to_owned()));
    let own_words = "standard output is for this command's own words: name another target";
    assert_eq!(relay("audit=-"), Err(own_words.to_owned()));
    assert_eq!(relay("=file:a"), Err("it must have a name; `projector relay list` lists them".to_owned()));
}
