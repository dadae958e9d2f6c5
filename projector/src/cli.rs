//! The command line.

mod keys;
mod serve;

use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use rand::TryRng;
use session_ledger::session::{SessionId, UserId};

use crate::output::Format;
use crate::{Error, relay, verify};
pub use keys::Keys;
pub use serve::{ConsoleUser, Serve};

/// Operates a session ledger: the log of an application's sessions, and the tables derived from it.
///
/// Results go to standard output, everything else to standard error. Exit codes: 0 for yes or done; 1 for
/// no (`verify` found a difference; `history`, `sessions` or `subscriptions list` found nothing); 2 for an
/// error.
///
/// On a terminal that is too narrow a table leaves out columns, and says which. Colours are for terminals,
/// and not if NO_COLOR is set.
#[derive(Debug, Parser)]
#[command(name = "projector", version, arg_required_else_help = true)]
pub struct CommandLine {
    /// The database: a URL, or keys and values as psql takes them
    ///
    /// Such as postgresql://shop@localhost/shop, postgres:///shop (by the socket in /var/run/postgresql) or
    /// "host=localhost user=shop dbname=shop". What it leaves open comes from PGHOST, PGHOSTADDR, PGPORT,
    /// PGUSER, PGPASSWORD, PGDATABASE, PGSSLMODE, PGSSLROOTCERT and their like. To another machine sslmode
    /// must be said: require, verify-ca and verify-full all verify the server's certificate and name, disable
    /// does not encrypt. Password and service files are not read, client certificates are not supported.
    /// Other users of the machine can see a password in an argument: set DATABASE_URL or PGPASSWORD instead.
    #[arg(long, global = true, env = "DATABASE_URL", hide_env_values = true, value_name = "DATABASE")]
    pub database: Option<String>,

    /// The command to run.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Bring the database's schema up to this version
    ///
    /// Applies the missing migrations, gives the roles their rights, makes the log's partitions for the
    /// coming year, and prints what it did. Run it at each deployment, and at least once a month. Run it also
    /// after a restored dump, which has no roles, and after VACUUM FULL: both leave tables so small that
    /// PostgreSQL would scan them. Running it twice, or two at once, does no harm. Requests go on meanwhile:
    /// if a transaction that does not end is in the way, it gives up after some seconds and names it. It
    /// needs a role that may create a schema and roles.
    ///
    /// Example: projector migrate --database postgresql://admin@localhost/shop
    Migrate,
    /// Compare the projection with the log
    ///
    /// Reads the whole log as of one moment, while the application runs. Derives the rows from it and names
    /// each difference from the tables. It also finds events that were changed, removed or added by hand,
    /// cursors that were moved, and guards that are gone. It says what it cannot show.
    /// Exit codes: 0 for equal, 1 for different, 2 if it could not be found out. It needs a role that is
    /// granted session_ledger_auditor.
    ///
    /// Example: projector verify || mail -s 'session ledger differs' ops@example.com
    Verify(Verify),
    /// Derive the projection again from the log
    ///
    /// Writes the tables of live and ended sessions anew, in one transaction. Stopped half-way (Ctrl-C), it
    /// has changed nothing. Nobody is logged out. It refuses to run while others are connected to the
    /// database. It needs a role that is granted session_ledger_operator.
    ///
    /// Example: projector rebuild && projector verify
    Rebuild(Rebuild),
    /// Tell what happened in a session
    ///
    /// Lists the session's events in order: what happened, when, by whom and from where. Values are told by
    /// their size only, tokens never. The machine formats have more fields: the event's id, its facts as an
    /// object (`data`, as in the relay's events; a text in CSV), the time at which the database recorded it,
    /// and the browser's full name. Exit code 1: the log knows no such session. It needs a role that is
    /// granted session_ledger_auditor.
    ///
    /// A terminal that is too narrow does without columns that are empty, then without EVENT, FROM, VERSION,
    /// BY and USER, in this order.
    ///
    /// Example: projector history 0198b5c2-7a30-7cc3-98c4-dc0c0c07398f --format ndjson
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
    Sessions(Sessions),
    /// Follow the log and write new events to standard output
    ///
    /// Each event is one CloudEvents object on one line (NDJSON), without tokens, values or flash messages. A
    /// batch is written and flushed; then the subscription remembers it. So after a crash a line may come
    /// again, with the same id, but none is skipped. The lines of a session come in the order of its
    /// versions. Several relays of one subscription may run: one follows, the others stand by. It needs a
    /// role that is granted session_ledger_relay.
    ///
    /// Runs until it is interrupted, or nobody reads the output any more; then it lets others follow and ends
    /// with exit code 0. What a pipe has taken counts as delivered. With --once it ends when all that is in
    /// the log has been written.
    ///
    /// Example: projector relay --subscription audit --create --holder audit-1 >> audit.ndjson
    Relay(Relay),
    /// List the subscriptions with their lag, or drop one
    Subscriptions {
        /// The command about subscriptions.
        #[command(subcommand)]
        command: Subscriptions,
    },
    /// Tell or raise the database's epoch, after a restore
    Epoch {
        /// The command about the epoch.
        #[command(subcommand)]
        command: Epoch,
    },
    /// Make the keys of the application's key ring, and let them take turns
    Keys {
        /// The command about keys.
        #[command(subcommand)]
        command: Keys,
    },
    /// Serve the console: the audit as pages for a browser
    ///
    /// Search a user, an address, a network or a session; read a session as a picture, as a table and step by
    /// step; see who was signed in at a moment, and logins and ends over time; watch logins as they come; end
    /// sessions. It works without scripts, and on a phone.
    ///
    /// Whatever somebody looks at or ends is noted in their own session, on the same ledger: ask the console
    /// for the user console:NAME. So it needs a role that is granted session_ledger_auditor and
    /// session_ledger_runtime, also where nobody may end anything.
    ///
    /// It speaks plain http. Without --users it listens on this machine only, and asks nobody for a password.
    /// For others, put a proxy with https before it, name its host with --allow-host, and give --users; then
    /// the cookie goes over https only. Its key ring is that of --keys, of SESSION_LEDGER_KEYS_FILE or of
    /// SESSION_LEDGER_KEYS, or else one that is made at the start: then everybody signs in again after the
    /// next start. Runs until it is interrupted, and ends with exit code 0.
    ///
    /// Example: projector serve --users /etc/shop/console-users --allow-host audit.example
    Serve(Serve),
    /// Print a line for the file of the console's users
    ///
    /// Reads the password from standard input, from a terminal without showing it. Add the line to the file
    /// of `projector serve --users`; a line of the same name must go. The console reads the file anew at each
    /// request. Nobody but its owner may read it. It needs no database.
    ///
    /// Example: projector console-user anna ender >> /etc/shop/console-users
    ConsoleUser(ConsoleUser),
}

/// Arguments of `projector verify`.
#[derive(Debug, Args)]
pub struct Verify {
    /// How to write the report
    #[arg(long, value_enum, default_value_t)]
    pub format: verify::Format,
}

/// Arguments of `projector rebuild`.
#[derive(Debug, Args)]
pub struct Rebuild {
    /// Rebuild although others are connected: their requests wait until it is done
    ///
    /// The old rows are deleted one by one, so the tables take twice their space until they are vacuumed.
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
    /// The subscription's name: how far it has come is remembered under it
    #[arg(long, value_name = "NAME", value_parser = subscription_name)]
    pub subscription: String,

    /// Make the subscription if there is none of that name: it starts at the beginning of the log
    #[arg(long)]
    pub create: bool,

    /// End when all that is in the log has been written, for an export
    ///
    /// If another relay holds the subscription, or the database is away, that is an error.
    #[arg(long)]
    pub once: bool,

    /// A name for this process that no other relay has; random unless given
    ///
    /// Give a name that stays the same when the process restarts: then the relay goes on at once after a
    /// crash. Otherwise it waits until its former lease runs out, which takes 30 seconds.
    #[arg(long, value_name = "NAME")]
    pub holder: Option<String>,

    /// The `source` of the events: a URI reference that names this log
    #[arg(long, value_name = "URI", default_value = "/session-ledger")]
    pub source: String,

    /// About how many events are written before the subscription remembers them: 1 to 10000
    #[arg(long, value_name = "EVENTS", default_value_t = 500, value_parser = |text: &str| number(text, 1, 10_000))]
    pub batch: u32,

    /// How many milliseconds to wait when there was nothing new: 1 to 60000
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 100, value_parser = |text: &str| number(text, 1, 60_000))]
    pub idle_ms: u32,
}

/// Commands about subscriptions.
#[derive(Debug, Subcommand)]
pub enum Subscriptions {
    /// List the subscriptions
    ///
    /// Tells of each how many events it was not delivered yet (LAG), when the first of these was recorded
    /// (SINCE), how many it was, when it last moved, and which relay holds it. A lag is counted up to 100000.
    /// Exit code 1: there are none. It needs a role that is granted session_ledger_auditor,
    /// session_ledger_relay or session_ledger_operator.
    ///
    /// A terminal that is too narrow does without columns that are empty, then without MOVED, DELIVERED,
    /// SINCE and HELD BY, in this order.
    ///
    /// Example: projector subscriptions list --format json
    List {
        /// How to write the list
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Drop a subscription that nobody holds, with its place in the log
    ///
    /// A relay of that name would start at the beginning of the log again. It needs a role that is granted
    /// session_ledger_operator.
    ///
    /// Example: projector subscriptions drop audit
    Drop {
        /// The exact name
        #[arg(value_name = "NAME")]
        name: String,
    },
}

/// Commands about the epoch.
#[derive(Clone, Copy, Debug, Subcommand)]
pub enum Epoch {
    /// Print the present epoch
    ///
    /// It is 1, and one more for each time that it was raised. It needs a role that may use the schema.
    Show,
    /// Begin the next epoch: everybody signs in again
    ///
    /// Run it after the database was restored to an older state, before requests come. Such a database takes
    /// sessions for live that have ended since, and does not know the tokens that browsers have got since. No
    /// token from before opens a session any more, and a session ends when such a token is shown. If the dump
    /// was restored into a new cluster, `relay` goes on only after this. Nothing is taken back: the epoch
    /// cannot be lowered. It needs the role that owns the schema session_ledger.
    ///
    /// Example: pg_restore --dbname=shop shop.dump && projector migrate && projector epoch raise
    Raise,
}

impl Command {
    /// The command's name, and the role that it needs.
    pub fn duty(&self) -> Duty {
        let (command, role) = match self {
            Self::Migrate => ("migrate", "the role that owns the schema session_ledger, or may create it"),
            Self::Verify(_) => ("verify", "a role that is granted session_ledger_auditor"),
            Self::Rebuild(_) => ("rebuild", "a role that is granted session_ledger_operator"),
            Self::History(_) => ("history", "a role that is granted session_ledger_auditor"),
            Self::Sessions(_) => ("sessions", "a role that is granted session_ledger_auditor"),
            Self::Relay(_) => ("relay", "a role that is granted session_ledger_relay"),
            Self::Subscriptions { command: Subscriptions::List { .. } } => (
                "subscriptions list",
                "a role that is granted session_ledger_auditor, session_ledger_relay or session_ledger_operator",
            ),
            Self::Subscriptions { command: Subscriptions::Drop { .. } } => {
                ("subscriptions drop", "a role that is granted session_ledger_operator")
            }
            Self::Epoch { command: Epoch::Show } => {
                ("epoch show", "a role that may use the schema session_ledger")
            }
            Self::Epoch { command: Epoch::Raise } => {
                ("epoch raise", "the role that owns the schema session_ledger")
            }
            Self::Keys { .. } => ("keys", "no role"),
            Self::Serve(_) => {
                ("serve", "a role that is granted session_ledger_auditor and session_ledger_runtime")
            }
            Self::ConsoleUser(_) => ("console-user", "no role"),
        };
        Duty { command, role }
    }
}

/// A command's name, and the role that it needs, as a message says them.
#[derive(Clone, Copy, Debug)]
pub struct Duty {
    /// The command's name.
    pub command: &'static str,
    /// The role.
    pub role: &'static str,
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
            create: self.create,
            once: self.once,
            holder,
            source: self.source,
            batch: self.batch,
            idle: Duration::from_millis(self.idle_ms.into()),
        })
    }
}

fn random_name(rng: &mut impl TryRng) -> Result<String, Error> {
    let number = rng.try_next_u64().map_err(|error| Error::Name(error.to_string()))?;
    Ok(format!("projector-{number:016x}"))
}

fn number(text: &str, least: u32, most: u32) -> Result<u32, String> {
    let number = text.parse().ok().filter(|number| (least..=most).contains(number));
    number.ok_or_else(|| format!("it must be a number from {least} to {most}"))
}

fn subscription_name(text: &str) -> Result<String, String> {
    let is_name = !text.trim().is_empty();
    is_name
        .then(|| text.to_owned())
        .ok_or("it must have a name; `projector subscriptions list` lists them".to_owned())
}

fn session_id(text: &str) -> Result<SessionId, String> {
    text.parse().map_err(|_| {
        "a session id looks like 0198b5c2-7a30-7cc3-98c4-dc0c0c07398f; `projector sessions --user USER` lists a user's"
            .to_owned()
    })
}

#[test]
fn the_command_line_contradicts_itself_nowhere() {
    use clap::CommandFactory;
    CommandLine::command().debug_assert();
}
