//! The arguments of `projector end`.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{ArgGroup, Args};
use session_ledger::session::{EndReason, SessionId, UserId};
use session_ledger::web::IpNet;

use super::{network, session_id, user_id};
use crate::Error;
use crate::end::{Order, Whom};

/// Reasons that a person may have. The others are the library's to find.
const REASONS: [&str; 6] =
    ["revoked", "credential_changed", "account_disabled", "token_replayed", "logged_out", "discarded"];

/// Arguments of `projector end`.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("whom").required(true).args(["sessions", "user", "from_network", "everything"])))]
pub struct End {
    /// The public ids of sessions
    #[arg(value_name = "SESSION", value_parser = session_id)]
    pub sessions: Vec<SessionId>,

    /// All live sessions of this user
    #[arg(long, value_parser = user_id)]
    pub user: Option<UserId>,

    /// A session of the user that stays
    #[arg(long, value_name = "SESSION", value_parser = session_id, requires = "user")]
    pub keep: Option<SessionId>,

    /// All sessions that were used from this network or address, or signed in to from there
    #[arg(long, value_name = "NETWORK", value_parser = network)]
    pub from_network: Option<IpNet>,

    /// All sessions, also those of visitors
    #[arg(long)]
    pub everything: bool,

    /// Why they end
    #[arg(long, value_name = "REASON", default_value = "revoked", value_parser = reason())]
    pub reason: EndReason,

    /// Why they end, as a reason of the application's own
    #[arg(long, value_name = "REASON", conflicts_with = "reason")]
    pub own_reason: Option<String>,

    /// Who ends them, as the history will show; may be left out for one session
    #[arg(long, value_name = "ACTOR", value_parser = user_id)]
    pub by: Option<UserId>,

    /// Do not ask
    #[arg(long)]
    pub yes: bool,

    /// End none, and say how many would end
    #[arg(long, conflicts_with_all = ["sessions", "yes"])]
    pub dry_run: bool,
}

impl End {
    /// What is to end.
    ///
    /// # Errors
    ///
    /// More than one session may end, and nobody is named who ends them.
    pub fn order(self) -> Result<Order, Error> {
        let whom = match (self.user, self.from_network) {
            (Some(user), _) => Whom::User { user, keep: self.keep },
            (None, Some(network)) => Whom::Network(network),
            (None, None) if self.everything => Whom::Everything,
            (None, None) => Whom::Sessions(self.sessions),
        };
        let is_one = matches!(&whom, Whom::Sessions(sessions) if sessions.len() == 1);
        if self.by.is_none() && !is_one && !self.dry_run {
            return Err(Error::Arguments(
                "say with --by who ends more than one session: the history shows it".to_owned(),
            ));
        }
        let reason = self.own_reason.map_or(self.reason, |own| EndReason::from(own.as_str()));
        Ok(Order { whom, reason, by: self.by, is_confirmed: self.yes, is_dry: self.dry_run })
    }
}

fn reason() -> impl TypedValueParser<Value = EndReason> {
    PossibleValuesParser::new(REASONS).map(|name| EndReason::from(name.as_str()))
}
