//! The arguments of `projector retain`.

use clap::{ArgGroup, Args};
use session_ledger::ledger::AgeLimits;
use time::Duration;

use super::lasting;

/// Arguments of `projector retain`.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("what").required(true).multiple(true).args(["ended", "logins", "failed_logins", "activity", "clients"])))]
pub struct Retain {
    /// Rows of ended sessions and their logins whose events are archived, such as 800d after the end
    #[arg(long, value_name = "SPAN", value_parser = lasting)]
    pub ended: Option<Duration>,

    /// Rows of logins whose events are archived
    #[arg(long, value_name = "SPAN", value_parser = lasting)]
    pub logins: Option<Duration>,

    /// Failed logins
    #[arg(long, value_name = "SPAN", value_parser = lasting)]
    pub failed_logins: Option<Duration>,

    /// When sessions that are over were last seen
    #[arg(long, value_name = "SPAN", value_parser = lasting)]
    pub activity: Option<Duration>,

    /// Addresses and browsers of sessions that ended so long ago, the log's too, and of failed logins
    #[arg(long, value_name = "SPAN", value_parser = lasting)]
    pub clients: Option<Duration>,
}

impl Retain {
    /// The limits.
    pub fn limits(&self) -> AgeLimits {
        limits(self.ended, self.logins, self.failed_logins, self.activity, self.clients)
    }
}

/// The same limits as arguments of `projector run`. Without any, the job `retain` is not done.
#[derive(Debug, Args)]
pub struct RetainJob {
    /// Delete rows of ended sessions and their logins whose events are archived, such as 800d after the end
    #[arg(long, value_name = "SPAN", env = "SESSION_LEDGER_RETAIN_ENDED", value_parser = lasting)]
    pub retain_ended: Option<Duration>,

    /// Delete rows of logins whose events are archived
    #[arg(long, value_name = "SPAN", env = "SESSION_LEDGER_RETAIN_LOGINS", value_parser = lasting)]
    pub retain_logins: Option<Duration>,

    /// Delete failed logins
    #[arg(long, value_name = "SPAN", env = "SESSION_LEDGER_RETAIN_FAILED_LOGINS", value_parser = lasting)]
    pub retain_failed_logins: Option<Duration>,

    /// Delete when sessions that are over were last seen
    #[arg(long, value_name = "SPAN", env = "SESSION_LEDGER_RETAIN_ACTIVITY", value_parser = lasting)]
    pub retain_activity: Option<Duration>,

    /// Take addresses and browsers out of sessions that ended so long ago, the log's too, and failed logins
    #[arg(long, value_name = "SPAN", env = "SESSION_LEDGER_RETAIN_CLIENTS", value_parser = lasting)]
    pub retain_clients: Option<Duration>,
}

impl RetainJob {
    /// The limits; none if not one was given.
    pub fn limits(&self) -> Option<AgeLimits> {
        let limits = limits(
            self.retain_ended,
            self.retain_logins,
            self.retain_failed_logins,
            self.retain_activity,
            self.retain_clients,
        );
        (limits != AgeLimits::default()).then_some(limits)
    }
}

fn limits(
    ended: Option<Duration>,
    logins: Option<Duration>,
    failed_logins: Option<Duration>,
    activity: Option<Duration>,
    clients: Option<Duration>,
) -> AgeLimits {
    let mut limits = AgeLimits::default();
    limits.ended_sessions = ended;
    limits.logins = logins;
    limits.failed_logins = failed_logins;
    limits.activity = activity;
    limits.clients = clients;
    limits
}
