//! The commands that tell what was, and their arguments.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand};
use session_ledger::session::{EndReason, SessionId, UserId};
use session_ledger::web::IpNet;
use time::OffsetDateTime;

use super::logins::{Logins, Stats, Who};
use super::state_at::StateAt;
use super::tables::Tables;
use super::{network, session_id, user_id};
use crate::moment::{Moment, Span};
use crate::ocsf::{self, Service};
use crate::output::Format;
use crate::{Error, did, history, sessions};

/// The commands that tell what was.
#[derive(Debug, Subcommand)]
pub enum Audit {
    /// Tell what happened in a session, or to a user
    ///
    /// Lists the events in order: what happened, when, by whom and from where; of a user session after
    /// session, in the order of their starts, each from its first event on. Values are told by their size
    /// only, tokens never. The machine formats have more fields: the event's id, its facts as an object
    /// (`data`, as in the relay's events; a text in CSV), the time at which the database recorded it, and the
    /// browser's full name. --format ocsf writes logins, re-authentications, impersonations and ends as
    /// documents for a SIEM, and leaves the rest out. Exit code 1: there is no such event. It needs a role
    /// that is granted session_ledger_auditor.
    ///
    /// With --follow it goes on with new events as they happen, until it is interrupted, nobody reads the
    /// output any more, or the session has ended. It looks for versions above those that it has told, so each
    /// event comes once and those of a session in order. It holds no transaction and needs no subscription.
    ///
    /// With --did it lists the rows that the session wrote in tables of the application (--table, --tables),
    /// as they are now: one that was deleted is not told. Fields with a name such as password are hidden.
    /// Exit code 1: there are none. The command's user must be allowed to read the tables.
    ///
    /// A terminal that is too narrow does without columns that are empty, then without EVENT, FROM, VERSION,
    /// BY and USER, in this order.
    ///
    /// Example: projector history 0198b5c2-7a30-7cc3-98c4-dc0c0c07398f --format ndjson
    ///
    /// Example: projector history 0198b5c2-7a30-7cc3-98c4-dc0c0c07398f --did --table shop.orders.placed_by
    ///
    /// Example: projector history --user alice --kind logged_in --kind ended --since '30 d ago'
    History(History),
    /// List a user's sessions
    ///
    /// Lists live and ended sessions, the latest started first, each with an address and a browser that used
    /// it. The browser's name is its own word. Sessions of others who acted as the user are listed too, with
    /// their user under BY (`impersonated_by` in the machine formats). Exit code 1: there are none. It needs
    /// a role that is granted session_ledger_auditor.
    ///
    /// A terminal that is too narrow does without columns that are empty, then without BROWSER, LAST SEEN,
    /// FROM, STARTED and BY, in this order. A session's id is never broken.
    ///
    /// Example: projector sessions --user alice
    ///
    /// Example: projector sessions --user alice --ended --reason token_replayed
    Sessions(Sessions),
    /// List logins: who signed in, when, from where, and how that ended
    ///
    /// The latest first. A login lasts until the next one of its session, or until the session ends. It has
    /// the address and the browser that signed in. --format ocsf writes a Logon and, if it has ended, a
    /// Logoff for each. Exit code 1: there are none. It needs a role that is granted session_ledger_auditor.
    ///
    /// A terminal that is too narrow does without columns that are empty, then without PROOF, SESSION,
    /// BROWSER, BY, FOR, FROM and ENDED, in this order.
    ///
    /// With --failed it lists logins that failed: the user as it was tried, why, and from where. LEFT OUT
    /// says how many before it were not recorded, as they were too many. In OCSF each is a Logon of the
    /// status Failure. A narrow terminal does without SESSION, BROWSER, LEFT OUT and FROM.
    ///
    /// Example: projector logins --from-network 203.0.113.0/24 --since '7 d ago'
    ///
    /// Example: projector logins --failed --user alice --format ocsf
    Logins(Logins),
    /// Tell who was signed in at a moment
    ///
    /// Lists the logins that lasted then, the latest first, in the columns of `logins`. Time limits that only
    /// the application's policy knows, and not the session, end none here. Exit code 1: there are none. It
    /// needs a role that is granted session_ledger_auditor.
    ///
    /// Example: projector who
    ///
    /// Example: projector who --at 2025-03-01T09:30:00+01:00 --from-network 203.0.113.0/24
    Who(Who),
    /// Tell what a session was at a moment, or what has changed in it
    ///
    /// Lists who was signed in, the limits, the client, and what the session held: values by key and size,
    /// messages by their number. --values shows the values too: JSON as it is, others in hexadecimal, as only
    /// the application can read them. Nothing of a token is ever shown. --diff lists what has changed between
    /// an earlier point and this one. Exit code 1: there was no such session yet, or nothing has changed. It
    /// needs a role that is granted session_ledger_auditor.
    ///
    /// Example: projector state-at 0198b5c2-7a30-7cc3-98c4-dc0c0c07398f --at '2h ago'
    ///
    /// Example: projector state-at 0198b5c2-7a30-7cc3-98c4-dc0c0c07398f --version 9 --diff 4 --values
    StateAt(StateAt),
    /// Count logins and their ends over time
    ///
    /// Lists each hour or day of the span with the logins that began in it, how many users they were of, and
    /// the logins that ended in it; at a terminal with a bar for the first. Times are in UTC, and the span
    /// begins with a whole step. It looks at each login of the span, and at those that lasted before it. Exit
    /// code 1: none began or ended. It needs a role that is granted session_ledger_auditor.
    ///
    /// Example: projector stats --by day --since '90 d ago'
    Stats(Stats),
}

/// From when and until when.
#[derive(Clone, Copy, Debug, Args)]
pub struct Times {
    /// From this moment on: a time, a date, or a span before now
    ///
    /// A time with its offset from UTC (2025-03-01T09:30:00+01:00, also 2025-03-01 09:30Z); a date, which is
    /// its midnight in UTC (2025-03-01); a span before now in s, min, h, d or w ('90 min ago', 2h,
    /// '1 d 12 h'); or now. A day has 24 hours. Names of time zones are not known. Now is by this machine's
    /// clock.
    #[arg(long, value_name = "MOMENT", allow_hyphen_values = true)]
    pub since: Option<Moment>,

    /// Before this moment, in the same forms
    ///
    /// All of March 1 in UTC is --since 2025-03-01 --until 2025-03-02.
    #[arg(long, value_name = "MOMENT", allow_hyphen_values = true)]
    pub until: Option<Moment>,
}

/// Arguments of `projector history`.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("whose").required(true).args(["session", "user"])))]
pub struct History {
    /// The session's public id, as the application logs it and `projector sessions` lists it
    #[arg(value_name = "SESSION", value_parser = session_id)]
    pub session: Option<SessionId>,

    /// The events of all sessions that are this user's, also those from before the login
    #[arg(long, value_parser = user_id)]
    pub user: Option<UserId>,

    /// The folder of an archive: asks that, and no database
    #[arg(long, value_name = "FOLDER", conflicts_with = "follow")]
    pub archive: Option<PathBuf>,

    /// Events of this kind alone, as the column EVENT has it; may be given several times
    #[arg(long, value_name = "KIND")]
    pub kind: Vec<String>,

    /// Events by this actor alone, who is not the session's user: an administrator, an impersonator
    #[arg(long, value_name = "ACTOR", value_parser = user_id)]
    pub by: Option<UserId>,

    /// Events that say that they came from this network or address
    ///
    /// An event about a session's values says so only if that is news.
    #[arg(long, value_name = "NETWORK", value_parser = network)]
    pub from_network: Option<IpNet>,

    #[command(flatten)]
    #[allow(missing_docs)]
    pub times: Times,

    /// Go on with new events as they happen
    #[arg(long)]
    pub follow: bool,

    /// What the session did: rows of the application's tables that it wrote, instead of its events
    #[arg(long, conflicts_with_all = ["user", "follow", "kind", "by", "from_network", "since", "until"])]
    pub did: bool,

    #[command(flatten)]
    #[allow(missing_docs)]
    pub tables: Tables,

    /// How to write the list
    #[arg(long, value_enum, default_value_t)]
    pub format: ocsf::Format,

    /// The service that users sign in to, as OCSF documents name it
    #[arg(long, value_name = "NAME", default_value = "session-ledger")]
    pub service: String,
}

/// Arguments of `projector sessions`.
#[derive(Debug, Args)]
pub struct Sessions {
    /// The user's id, as the application gave it at login
    #[arg(long, value_parser = user_id)]
    pub user: UserId,

    /// Live sessions alone
    #[arg(long, conflicts_with_all = ["ended", "reason"])]
    pub live: bool,

    /// Ended sessions alone
    #[arg(long)]
    pub ended: bool,

    /// Sessions that ended for this reason alone, such as revoked
    #[arg(long, value_name = "REASON")]
    pub reason: Option<String>,

    /// Sessions whose latest event came from this network or address
    #[arg(long, value_name = "NETWORK", value_parser = network)]
    pub from_network: Option<IpNet>,

    #[command(flatten)]
    #[allow(missing_docs)]
    pub times: Times,

    /// How to write the list
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

impl Audit {
    /// The command's name.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::History(_) => "history",
            Self::Sessions(_) => "sessions",
            Self::Logins(_) => "logins",
            Self::Who(_) => "who",
            Self::StateAt(_) => "state-at",
            Self::Stats(_) => "stats",
        }
    }
}

impl Times {
    pub(super) fn span(self, now: OffsetDateTime) -> Result<Span, Error> {
        Span::new(self.since, self.until, now)
    }
}

impl History {
    /// The question for rows that these arguments ask.
    ///
    /// # Errors
    ///
    /// No table is named, or the format is one for authentications.
    pub fn question_of_rows(self) -> Result<did::Question, Error> {
        let session = self.session.ok_or_else(|| Error::Arguments("name a session".to_owned()))?;
        let columns = self.tables.columns()?;
        if columns.is_empty() {
            return Err(Error::Arguments(
                "no table is named: say with --table what column of a table holds the ids of sessions"
                    .to_owned(),
            ));
        }
        let Some(format) = self.format.list() else {
            return Err(Error::Arguments(
                "rows are no authentications: take another format than ocsf".to_owned(),
            ));
        };
        Ok(did::Question { session, columns, format })
    }

    /// The question that these arguments ask at `now`.
    ///
    /// # Errors
    ///
    /// The span is empty.
    pub fn question(self, now: OffsetDateTime) -> Result<history::Question, Error> {
        let whose = match (self.session, self.user) {
            (Some(session), _) => history::Whose::Session(session),
            (None, Some(user)) => history::Whose::User(user),
            (None, None) => return Err(Error::Arguments("name a session, or a user with --user".to_owned())),
        };
        let conditions = history::Conditions {
            kinds: self.kind,
            actor: self.by,
            network: self.from_network,
            span: self.times.span(now)?,
        };
        Ok(history::Question { whose, conditions, format: self.format, service: Service(self.service) })
    }
}

impl Sessions {
    /// The question that these arguments ask at `now`.
    ///
    /// # Errors
    ///
    /// The span is empty.
    pub fn question(self, now: OffsetDateTime) -> Result<sessions::Question, Error> {
        Ok(sessions::Question {
            is_live: (self.live || self.ended).then_some(self.live),
            span: self.times.span(now)?,
            network: self.from_network,
            reason: self.reason.as_deref().map(EndReason::from),
            ..sessions::Question::new(self.user, self.format)
        })
    }
}
