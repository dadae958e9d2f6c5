//! The arguments of the commands about logins: `logins`, `who` and `stats`.

use clap::Args;
use session_ledger::session::{EndReason, FailedLoginFilter, LoginFailure, LoginFilter, UserId};
use session_ledger::web::IpNet;
use time::OffsetDateTime;

use super::audit::Times;
use super::{network, user_id};
use crate::moment::{Moment, Span};
use crate::ocsf::{self, Service};
use crate::output::Format;
use crate::{Error, failed_logins, logins, stats};

/// Arguments of `projector logins`.
#[derive(Debug, Args)]
pub struct Logins {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub people: People,

    /// Logins that ended for this reason alone, such as revoked; with --failed, that failed for it
    #[arg(long, value_name = "REASON")]
    pub reason: Option<String>,

    /// Logins that failed, instead of those that succeeded
    #[arg(long)]
    pub failed: bool,

    #[command(flatten)]
    #[allow(missing_docs)]
    pub times: Times,
}

/// Arguments of `projector who`.
#[derive(Debug, Args)]
pub struct Who {
    /// The moment: a time, a date, or a span before now; now unless given
    ///
    /// In the forms of `projector logins --since`.
    #[arg(long, value_name = "MOMENT", allow_hyphen_values = true)]
    pub at: Option<Moment>,

    #[command(flatten)]
    #[allow(missing_docs)]
    pub people: People,
}

/// Whose logins, and how they are listed.
#[derive(Debug, Args)]
pub struct People {
    /// Logins of this user alone
    #[arg(long, value_parser = user_id)]
    pub user: Option<UserId>,

    /// Logins from this network or address alone
    #[arg(long, value_name = "NETWORK", value_parser = network)]
    pub from_network: Option<IpNet>,

    /// How to write the list
    #[arg(long, value_enum, default_value_t)]
    pub format: ocsf::Format,

    /// The service that users sign in to, as OCSF documents name it
    #[arg(long, value_name = "NAME", default_value = "session-ledger")]
    pub service: String,
}

/// Arguments of `projector stats`.
#[derive(Debug, Args)]
pub struct Stats {
    /// The length of a step
    #[arg(long, value_enum, default_value_t)]
    pub by: stats::Step,

    /// Logins of this user alone
    #[arg(long, value_parser = user_id)]
    pub user: Option<UserId>,

    /// Logins from this network or address alone
    #[arg(long, value_name = "NETWORK", value_parser = network)]
    pub from_network: Option<IpNet>,

    #[command(flatten)]
    #[allow(missing_docs)]
    pub times: Times,

    /// How to write the counts
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

impl Logins {
    /// The question that these arguments ask at `now`.
    ///
    /// # Errors
    ///
    /// The span is empty.
    pub fn question(self, now: OffsetDateTime) -> Result<logins::Question, Error> {
        let Span { since, until } = self.times.span(now)?;
        let question = self.people.question();
        let mut filter = question.filter;
        if let Some(since) = since {
            filter = filter.began_from(since);
        }
        if let Some(until) = until {
            filter = filter.began_before(until);
        }
        if let Some(reason) = &self.reason {
            filter = filter.ended_because(EndReason::from(reason.as_str()));
        }
        Ok(logins::Question { filter, ..question })
    }
}

impl Logins {
    /// The question for failed logins that these arguments ask at `now`.
    ///
    /// # Errors
    ///
    /// The span is empty.
    pub fn question_of_failures(self, now: OffsetDateTime) -> Result<failed_logins::Question, Error> {
        let Span { since, until } = self.times.span(now)?;
        let mut filter = FailedLoginFilter::all();
        if let Some(user) = self.people.user {
            filter = filter.of_user(user);
        }
        if let Some(network) = self.people.from_network {
            filter = filter.from_network(network);
        }
        if let Some(since) = since {
            filter = filter.failed_from(since);
        }
        if let Some(until) = until {
            filter = filter.failed_before(until);
        }
        if let Some(reason) = &self.reason {
            filter = filter.because(LoginFailure::from(reason.as_str()));
        }
        let (format, service) = (self.people.format, Service(self.people.service));
        Ok(failed_logins::Question { filter, format, service })
    }
}

impl Who {
    /// The question that these arguments ask at `now`.
    pub fn question(self, now: OffsetDateTime) -> logins::Question {
        let question = self.people.question();
        let filter = match self.at {
            Some(at) => question.filter.open_at(at.at(now)),
            None => logins::still_open(question.filter),
        };
        logins::Question { filter, ..question }
    }
}

impl People {
    fn question(self) -> logins::Question {
        let mut filter = LoginFilter::all();
        if let Some(user) = self.user {
            filter = filter.of_user(user);
        }
        if let Some(network) = self.from_network {
            filter = filter.from_network(network);
        }
        logins::Question { filter, format: self.format, service: Service(self.service) }
    }
}

impl Stats {
    /// The question that these arguments ask at `now`.
    ///
    /// # Errors
    ///
    /// The span is empty.
    pub fn question(self, now: OffsetDateTime) -> Result<stats::Question, Error> {
        let question = stats::Question::new(self.times.span(now)?, self.by, now);
        let (user, network, format) = (self.user, self.from_network, self.format);
        Ok(stats::Question { user, network, format, ..question })
    }
}
