//! The commands about relays and their subscriptions.

use std::num::NonZeroU32;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use rand::TryRng;
use session_ledger::session::{Encoded, FeedFilter, SessionId, UserId};

use super::signals::{self, Signals};
use super::telling::Telling;
use super::webhook::Webhook;
use super::{session_id, user_id};
use crate::moment::Moment;
use crate::output::Format;
use crate::relay::target::{Means, Target};
use crate::{Error, relay};

/// How many shapes of a kind are looked at to know it.
const SHAPES_MAX: i16 = 99;

/// Commands about relays.
#[derive(Debug, Subcommand)]
pub enum Relays {
    /// Follow the log and deliver new events
    ///
    /// To standard output, or where --to says. Each event is a CloudEvents object, without tokens, values or
    /// flash messages; a line of JSON each (NDJSON) where it is an output or a file. A batch is delivered and
    /// acknowledged; then the subscription remembers it. So after a crash an event may come again, with the
    /// same id, but none is skipped. The events of a session come in the order of its versions. Several
    /// relays of one subscription may run: one follows, the others stand by. It needs a role that is granted
    /// session_ledger_relay.
    ///
    /// What the other side will never take becomes a dead letter: the later events of its session wait behind
    /// it, and the other sessions' go on. See `projector relay dead-letters`. While the other side is away,
    /// the relay warns and tries again. One that wants no more events closes the subscription: see `projector
    /// relay reopen`.
    ///
    /// Runs until it is interrupted, or nobody reads the output any more; then it lets others follow and ends
    /// with exit code 0. What a pipe has taken counts as delivered. With --once it ends when all that is in
    /// the log has been delivered.
    ///
    /// Example: projector relay run --subscription audit --create --holder audit-1 --to file:audit.ndjson
    Run(Box<RelayRun>),
    /// Make a subscription with a filter, at the beginning of the log
    ///
    /// The filter is kept with the subscription, so that all of its relays agree. It needs a role that is
    /// granted session_ledger_relay.
    ///
    /// Example: projector relay create mailer --kind logged_in --kind ended --note export_downloaded
    Create {
        /// A name that no subscription has
        #[arg(value_name = "NAME", value_parser = subscription_name)]
        name: String,
        /// What is delivered.
        #[command(flatten)]
        filter: Passing,
    },
    /// Give a subscription another filter
    ///
    /// Without arguments it is delivered all events. It counts from the next batch of its relay on. It needs
    /// a role that is granted session_ledger_relay.
    ///
    /// Example: projector relay filter mailer --kind ended
    Filter {
        /// The exact name
        #[arg(value_name = "NAME")]
        name: String,
        /// What is delivered.
        #[command(flatten)]
        filter: Passing,
    },
    /// List the subscriptions
    ///
    /// Tells of each how many events it was not delivered yet (LAG), when the first of these was recorded
    /// (SINCE), how many it was, when it last moved, which relay holds it, how many of its events are dead
    /// letters (DEAD), how many sessions wait behind one (PARKED), and since when it is closed, as the other
    /// side wants no more events (CLOSED). All are counted up to 100000. Exit code 1: there are none. It
    /// needs a role that is granted session_ledger_auditor, session_ledger_relay or session_ledger_operator.
    ///
    /// A terminal that is too narrow does without columns that are empty, then without MOVED, DELIVERED,
    /// SINCE and HELD BY, in this order.
    ///
    /// Example: projector relay list --format json
    List {
        /// How to write the list
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Tell how one subscription is
    ///
    /// Exit code 1: it has dead letters, or is closed. It needs a role that is granted
    /// session_ledger_auditor, session_ledger_relay or session_ledger_operator.
    ///
    /// Example: projector relay status audit
    Status {
        /// The exact name
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// List the events that were refused
    ///
    /// The oldest first, at most 1000: each with the reason, and how many later events of its session wait
    /// behind it (WAITING). Exit code 1: there are none. It needs a role that is granted
    /// session_ledger_auditor, session_ledger_relay or session_ledger_operator.
    ///
    /// Example: projector relay dead-letters audit
    DeadLetters {
        /// The subscription; all unless given
        #[arg(value_name = "NAME")]
        name: Option<String>,
        /// How to write the list
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Have events delivered again
    ///
    /// With --session or --all: dead letters, and then what waits behind them, in order. With --from: all
    /// events that were recorded since, with the ids that they had; the cure when the other side has lost
    /// what it had acknowledged. Parked sessions wait on. The relay of the subscription delivers them, when
    /// it next looks. It needs a role that is granted session_ledger_relay.
    ///
    /// Example: projector relay replay audit --all
    ///
    /// Example: projector relay replay audit --from '2 h ago'
    Replay(Replay),
    /// Give dead letters up, and have the events behind them delivered
    ///
    /// What is given up stays in the list of dead letters, and is never delivered. It needs a role that is
    /// granted session_ledger_relay.
    ///
    /// Example: projector relay skip audit --session 0198b5c2-7a30-7cc3-98c4-dc0c0c07398f
    Skip(Parked),
    /// Move a subscription to the beginning or to the end of the log
    ///
    /// To the beginning: all events are delivered again. To now: what was not delivered by now never is. It
    /// wants --yes. It needs a role that is granted session_ledger_relay.
    ///
    /// Example: projector relay reset audit --to beginning --yes
    Reset {
        /// The exact name
        #[arg(value_name = "NAME")]
        name: String,
        /// Where it goes on
        #[arg(long, value_enum)]
        to: Place,
        /// Do it
        #[arg(long)]
        yes: bool,
    },
    /// Let a subscription go on that was closed
    ///
    /// A webhook that answers 410 (Gone) wants no more events: its subscription is closed then, and no relay
    /// asks again. Once the other side wants events again, this lets it go on where it was. A relay of
    /// `projector run` notices within a minute. Exit code 1: it was open. It needs a role that is granted
    /// session_ledger_relay.
    ///
    /// Example: projector relay reopen audit
    Reopen {
        /// The exact name
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Print the JSON Schema of the events
    ///
    /// It is that of this version. `dataschema` of an event names the part that its data follows.
    ///
    /// Example: projector relay schema > events.schema.json
    Schema,
    /// Drop a subscription that nobody holds, with its place in the log
    ///
    /// A relay of that name would start at the beginning of the log again. It needs a role that is granted
    /// session_ledger_operator.
    ///
    /// Example: projector relay drop audit
    Drop {
        /// The exact name
        #[arg(value_name = "NAME")]
        name: String,
    },
}

/// A place in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Place {
    /// Before the first event
    Beginning,
    /// Behind the last event
    Now,
}

/// Which events a subscription is delivered.
#[derive(Clone, Debug, Default, Args)]
pub struct Passing {
    /// Events of this kind, as `projector history` names them; may be given several times
    #[arg(long, value_name = "KIND", value_parser = kind)]
    pub kind: Vec<String>,

    /// The application's notes of this name; may be given several times
    #[arg(long, value_name = "NAME")]
    pub note: Vec<String>,

    /// Only events of this user's sessions; may be given several times
    #[arg(long, value_name = "USER", value_parser = user_id)]
    pub user: Vec<UserId>,
}

/// Arguments of `projector relay replay`.
#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("what").required(true).args(["session", "all", "from"])))]
pub struct Replay {
    /// The exact name
    #[arg(value_name = "NAME")]
    pub name: String,

    /// The dead letter of this session
    #[arg(long, value_name = "SESSION", value_parser = session_id)]
    pub session: Option<SessionId>,

    /// All dead letters
    #[arg(long)]
    pub all: bool,

    /// All events that were recorded since: a time, or how long ago
    #[arg(long, value_name = "MOMENT")]
    pub from: Option<Moment>,
}

/// Arguments of `projector relay skip`.
#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("what").required(true).args(["session", "all"])))]
pub struct Parked {
    /// The exact name
    #[arg(value_name = "NAME")]
    pub name: String,

    /// The dead letter of this session
    #[arg(long, value_name = "SESSION", value_parser = session_id)]
    pub session: Option<SessionId>,

    /// All dead letters
    #[arg(long)]
    pub all: bool,
}

/// Arguments of `projector relay run`.
#[derive(Debug, Args)]
pub struct RelayRun {
    /// The subscription's name: how far it has come is remembered under it
    #[arg(long, value_name = "NAME", value_parser = subscription_name)]
    pub subscription: String,

    /// Where the events go: - for standard output, file:PATH for lines of JSON in a file, the https://
    /// address of a webhook, the ssf+https:// address of a receiver of Shared Signals, or the kafka://,
    /// nats://, amqps:// or rediss:// address of a broker, where that is built in
    #[arg(long, value_name = "TARGET", default_value = "-")]
    pub to: Target,

    /// Make the subscription if there is none of that name: it starts at the beginning of the log
    #[arg(long)]
    pub create: bool,

    /// End when all that is in the log has been delivered, for an export
    ///
    /// If another relay holds the subscription, or the database or the other side is away, that is an error.
    #[arg(long)]
    pub once: bool,

    /// A name for this process that no other relay has; random unless given
    ///
    /// Give a name that stays the same when the process restarts: then the relay goes on at once after a
    /// crash. Otherwise it waits until its former lease runs out, which takes 30 seconds.
    #[arg(long, value_name = "NAME")]
    pub holder: Option<String>,

    /// How events are told
    #[command(flatten)]
    pub telling: Telling,

    /// How a webhook is posted to
    #[command(flatten)]
    pub webhook: Webhook,

    /// How security events are told
    #[command(flatten)]
    pub signals: Signals,

    /// About how many events are delivered before the subscription remembers them: 1 to 10000
    #[arg(long, value_name = "EVENTS", default_value_t = relay::BATCH, value_parser = |text: &str| number(text, 1, 10_000))]
    pub batch: u32,

    /// How many milliseconds to wait at the most when there was nothing new: 1 to 60000
    ///
    /// The pause begins at a sixteenth of it, and doubles as long as nothing comes.
    #[arg(long, value_name = "MILLISECONDS", default_value_t = relay::IDLE_MS, value_parser = |text: &str| number(text, 1, 60_000))]
    pub idle_ms: u32,

    /// How often an event may fail before it is a dead letter; for ever unless given
    ///
    /// A failure counts only if the other side takes other events meanwhile: while all of it is away, nothing
    /// is given up. The pauses between the tries grow to 30 seconds.
    #[arg(long, value_name = "TRIES")]
    pub tries: Option<NonZeroU32>,
}

impl Relays {
    /// The command's name, and the role that it needs.
    pub(super) fn duty(&self) -> (&'static str, &'static str) {
        const RELAY: &str = "a role that is granted session_ledger_relay";
        const READER: &str =
            "a role that is granted session_ledger_auditor, session_ledger_relay or session_ledger_operator";
        match self {
            Self::Run(_) => ("relay run", RELAY),
            Self::Create { .. } => ("relay create", RELAY),
            Self::Filter { .. } => ("relay filter", RELAY),
            Self::List { .. } => ("relay list", READER),
            Self::Status { .. } => ("relay status", READER),
            Self::DeadLetters { .. } => ("relay dead-letters", READER),
            Self::Replay(_) => ("relay replay", RELAY),
            Self::Skip(_) => ("relay skip", RELAY),
            Self::Reset { .. } => ("relay reset", RELAY),
            Self::Reopen { .. } => ("relay reopen", RELAY),
            Self::Schema => ("relay schema", "no role"),
            Self::Drop { .. } => ("relay drop", "a role that is granted session_ledger_operator"),
        }
    }
}

impl RelayRun {
    /// What the target needs; `environment` has secrets.
    ///
    /// # Errors
    ///
    /// A secret or a key cannot be read.
    pub fn means(&self, environment: impl Fn(&str) -> Option<String>) -> Result<Means, Error> {
        signals::means(&self.webhook, &self.signals, environment)
    }

    /// The relay that these arguments ask for.
    ///
    /// # Errors
    ///
    /// The process needs a random name, and the generator fails.
    pub fn settings(self, rng: &mut impl TryRng) -> Result<relay::Relay, Error> {
        let holder = match self.holder {
            Some(holder) => holder,
            None => random_name(rng)?,
        };
        Ok(relay::Relay {
            subscription: self.subscription,
            create: self.create,
            once: self.once,
            holder,
            telling: self.telling.settings(),
            batch: self.batch,
            idle: Duration::from_millis(self.idle_ms.into()),
            tries_max: self.tries.map(NonZeroU32::get),
        })
    }
}

impl Passing {
    /// The filter that these arguments say.
    pub fn filter(self) -> FeedFilter {
        let mut filter = FeedFilter::all();
        (filter.kinds, filter.notes, filter.users) = (self.kind, self.note, self.user);
        filter
    }
}

/// A name that no other process has.
pub(crate) fn random_name(rng: &mut impl TryRng) -> Result<String, Error> {
    let number = rng.try_next_u64().map_err(|error| Error::Name(error.to_string()))?;
    Ok(format!("projector-{number:016x}"))
}

fn number(text: &str, least: u32, most: u32) -> Result<u32, String> {
    let number = text.parse().ok().filter(|number| (least..=most).contains(number));
    number.ok_or_else(|| format!("it must be a number from {least} to {most}"))
}

pub(super) fn subscription_name(text: &str) -> Result<String, String> {
    let is_name = !text.trim().is_empty();
    is_name
        .then(|| text.to_owned())
        .ok_or("it must have a name; `projector relay list` lists them".to_owned())
}

/// A kind of events. With a typo nothing would ever be delivered.
fn kind(text: &str) -> Result<String, String> {
    let is_known = |shape| Encoded::new(text.to_owned(), shape, Vec::new()).is_known();
    let told = "no event is of this kind; kinds are logged_in, ended and noted, say, as `projector history` names them";
    (1..=SHAPES_MAX).any(is_known).then(|| text.to_owned()).ok_or(told.to_owned())
}
