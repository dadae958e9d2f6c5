//! The command line.

use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand};
use rand::TryRng;
use session_ledger::session::{SessionId, UserId};
use session_ledger::token::KeyState;

use crate::output::Format;
use crate::{Error, relay};

/// Operates a session ledger: the log of what happened to an application's sessions, and the tables derived
/// from it.
///
/// Exit codes: 0 if it was done or is so, 1 if not (`verify` found a difference, `history` no such session),
/// 2 for an error. Results go to standard output, everything else to standard error.
#[derive(Debug, Parser)]
#[command(name = "projector", version, arg_required_else_help = true)]
pub struct CommandLine {
    /// The database: a URL, or keys and values as libpq takes them
    ///
    /// Such as postgresql://shop@localhost/shop or "host=localhost user=shop dbname=shop". A password in an
    /// argument can be seen by other users of the machine: better set DATABASE_URL.
    #[arg(long, global = true, env = "DATABASE_URL", hide_env_values = true, value_name = "DATABASE")]
    pub database: Option<String>,

    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Bring the database's schema up to this version
    ///
    /// Applies the migrations that are missing and makes the log's partitions for the coming year; run it at
    /// each deployment, once a month where deployments are rarer, and after a restored dump or VACUUM FULL,
    /// which leave small tables that PostgreSQL would scan. Run twice, or by two at once, it does no harm. It
    /// needs a role that may create a schema and roles, and prints what it did.
    ///
    /// Example: projector migrate --database postgresql://admin@localhost/shop
    Migrate,
    /// Compare the projection with the log
    ///
    /// Reads the whole log at one moment, while the application runs, and names each difference between what
    /// it makes and what the tables hold. It also finds events that were changed, removed or added by hand.
    /// Exit code 0: equal; 1: different; 2: it could not be found out.
    ///
    /// Example: projector verify || mail -s 'session ledger differs' ops@example.com
    Verify,
    /// Derive the projection again from the log
    ///
    /// Writes the tables of live and ended sessions anew, in one transaction: stopped half-way (Ctrl-C) it
    /// has changed nothing. Nobody is logged out. It refuses to run while others are connected to the
    /// database.
    ///
    /// Example: projector rebuild && projector verify
    Rebuild(Rebuild),
    /// Tell what happened in a session
    ///
    /// Lists the session's events in order: what, when, by whom and from where. Of the values that a session
    /// holds only the size is told, and never its token. The machine formats have more fields: the event's
    /// id, when the database recorded it, and the browser's full name. Exit code 1: the log knows no such
    /// session.
    ///
    /// Example: projector history 0198b5c2-7a30-7cc3-98c4-dc0c0c07398f --format ndjson
    History(History),
    /// List a user's sessions
    ///
    /// Live and ended ones, the latest first. The address and the browser are those of an event of the
    /// session, as the browser told them.
    ///
    /// Example: projector sessions --user alice
    Sessions(Sessions),
    /// Follow the log and write what is appended to standard output
    ///
    /// One CloudEvents object a line (NDJSON), without tokens, values or flash messages. A subscription
    /// remembers how far it has come: a batch is written, flushed, and then remembered. So after a crash a
    /// line may come again, with the same id, but none is skipped; the lines of a session come in the order
    /// of its versions. Runs until it is interrupted. Several relays of one subscription may run: one
    /// follows, the others stand by.
    ///
    /// Example: projector relay --subscription audit --holder audit-1 >> audit.ndjson
    Relay(Relay),
    /// Make keys for the application's key ring
    Keys {
        /// What to do with keys.
        #[command(subcommand)]
        command: Keys,
    },
}

/// Arguments of `projector rebuild`.
#[derive(Debug, Args)]
pub struct Rebuild {
    /// Rebuild though others are connected: their requests wait until it is done
    ///
    /// The old rows are deleted one by one, so that the tables take twice their room until they are vacuumed.
    #[arg(long)]
    pub while_connected: bool,
}

/// Arguments of `projector history`.
#[derive(Debug, Args)]
pub struct History {
    /// The session's public id, as the application logs it and `projector sessions` lists it
    #[arg(value_name = "SESSION", value_parser = session_id)]
    pub session: SessionId,

    /// How to write the list
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// Arguments of `projector sessions`.
#[derive(Debug, Args)]
pub struct Sessions {
    /// The user's id, as the application gave it at login
    #[arg(long, value_parser = |id: &str| Ok::<_, String>(UserId::from(id)))]
    pub user: UserId,

    /// How to write the list
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// Arguments of `projector relay`.
#[derive(Debug, Args)]
pub struct Relay {
    /// The subscription's name; a new one starts at the beginning of the log
    #[arg(long, value_name = "NAME")]
    pub subscription: String,

    /// A name for this process, different from that of any other relay; a random one unless given
    ///
    /// Give one that stays the same when the process is restarted: then it goes on at once after a crash.
    /// Otherwise its former lease has to run out first, which takes 30 seconds.
    #[arg(long, value_name = "NAME")]
    pub holder: Option<String>,

    /// The `source` of the events: a URI reference that names this log
    #[arg(long, value_name = "URI", default_value = "/session-ledger")]
    pub source: String,

    /// About how many events are written before it is remembered how far it has come
    #[arg(long, value_name = "EVENTS", default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub batch: u32,

    /// For how many milliseconds to wait when there was nothing new
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=60_000))]
    pub idle_ms: u64,
}

/// What to do with keys.
#[derive(Debug, Subcommand)]
pub enum Keys {
    /// Print one new entry of a key ring
    ///
    /// The entry goes to standard output, advice to standard error. It is made of random bytes of the
    /// operating system, is stored nowhere and needs no database.
    ///
    /// Example: projector keys generate --state accept-only >> keys.txt
    Generate {
        /// What the key may do at first
        #[arg(long, default_value = KeyState::Primary.as_str(), value_parser = key_state())]
        state: KeyState,
    },
}

impl Relay {
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
            holder,
            source: self.source,
            batch: self.batch,
            idle: Duration::from_millis(self.idle_ms),
        })
    }
}

fn random_name(rng: &mut impl TryRng) -> Result<String, Error> {
    let number = rng.try_next_u64().map_err(|error| Error::Name(error.to_string()))?;
    Ok(format!("projector-{number:016x}"))
}

fn session_id(text: &str) -> Result<SessionId, String> {
    text.parse().map_err(|_| {
        "a session id looks like 0198b5c2-7a30-7cc3-98c4-dc0c0c07398f; `projector sessions --user USER` lists a user's"
            .to_owned()
    })
}

fn key_state() -> impl TypedValueParser<Value = KeyState> {
    let states = [KeyState::AcceptOnly, KeyState::Primary, KeyState::AcceptOld, KeyState::Retired];
    PossibleValuesParser::new(states.map(KeyState::as_str)).try_map(|word| word.parse::<KeyState>())
}

#[test]
fn the_command_line_contradicts_itself_nowhere() {
    use clap::CommandFactory;
    CommandLine::command().debug_assert();
}
