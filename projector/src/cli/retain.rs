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

    /// Addresses and browsers, in failed logins and in rows whose events are archived
    #[arg(long, value_name = "SPAN", value_parser = lasting)]
    pub clients: Option<Duration>,
}

impl Retain {
    /// The limits.
    pub fn limits(&self) -> AgeLimits {
        let mut limits = AgeLimits::default();
        limits.ended_sessions = self.ended;
        limits.logins = self.logins;
        limits.failed_logins = self.failed_logins;
        limits.activity = self.activity;
        limits.clients = self.clients;
        limits
    }
}
