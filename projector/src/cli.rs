//! The command line.

mod archive;
mod audit;
mod end;
mod keys;
mod limits;
mod logins;
mod rebuild;
mod relay;
mod retain;
mod run;
mod serve;
mod signals;
mod state_at;
mod sweep;
mod tables;
mod telling;
mod verify;
mod webhook;

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Parser, Subcommand};
use clap_complete::Shell;
use session_ledger::session::{SessionId, UserId};
use session_ledger::web::IpNet;

pub use archive::{Archive, Export, Keep};
pub use audit::{Audit, History, Sessions, Times};
pub use end::End;
pub use keys::Keys;
pub use limits::{Limit, Limits};
pub use logins::{Logins, People, Stats, Who};
pub use rebuild::Rebuild;
pub(crate) use relay::random_name;
pub use relay::{Parked, Passing, Place, RelayRun, Relays, Replay};
pub use retain::Retain;
pub use run::{JobName, Run};
pub use serve::{ConsoleUser, Serve};
pub use signals::{Signals, Ssf, SsfServe};
pub use state_at::{StateAt, VersionOrMoment};
pub use sweep::Sweep;
pub use tables::Tables;
pub use telling::Telling;
pub use verify::Verify;
pub use webhook::Webhook;

/// Operates a session ledger: the log of an application's sessions, and the tables derived from it.
///
/// Results go to standard output, everything else to standard error. Exit codes: 0 for yes or done; 1 for
/// no (`verify` found a difference; there was nothing to list or to end); 2 for an error.
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
    /// each difference from the tables. Rows are fetched only where the server's sum over a range of them
    /// differs, so it can run every hour. It also finds events that were changed, removed or added by hand,
    /// cursors that were moved, and guards that are gone. It says what it cannot show.
    /// Exit codes: 0 for equal, 1 for different, 2 if it could not be found out. It needs a role that is
    /// granted session_ledger_auditor.
    ///
    /// Example: projector verify || mail -s 'session ledger differs' ops@example.com
    Verify(Verify),
    /// Derive the projection again from the log
    ///
    /// Writes the tables of live and ended sessions and of login steps anew, in one transaction. Stopped
    /// half-way (Ctrl-C), it has changed nothing. Nobody is logged out. It refuses to run while others are
    /// connected to the database, unless it is told to work beside them. It needs a role that is granted
    /// session_ledger_operator.
    ///
    /// Example: projector rebuild --while-connected && projector verify
    Rebuild(Rebuild),
    /// Questions about the past: history, sessions, logins, states, counts.
    #[command(flatten)]
    Audit(Audit),
    /// End sessions for good
    ///
    /// No request of an ended session takes effect any more, whoever is using it. The history of each shows
    /// the reason, and who has ended it. At a terminal it asks first; elsewhere it wants --yes, unless it is
    /// one session. Each session that is live when it begins is ended; one that begins meanwhile may be.
    /// Ctrl-C stops between two batches of some hundred sessions, and what is ended stays ended. Exit codes:
    /// 0 for ended, 1 if none of them was live, 2 for an error, also if it was stopped or not confirmed. It
    /// needs a role that is granted session_ledger_runtime, as the application has it: an end is an event of
    /// the log.
    ///
    /// Example: projector end --user alice --reason credential_changed --by admin
    ///
    /// With --dry-run it ends none and says how many would end. It counts for two seconds, so of very many it
    /// says "at least". Exit code 1: none would. session_ledger_auditor is enough for that.
    ///
    /// Example: projector end --from-network 203.0.113.0/24 --dry-run
    ///
    /// Example: projector end --from-network 203.0.113.0/24 --by admin --yes
    End(End),
    /// End the sessions whose time is over
    ///
    /// A session whose time is over opens nothing any more, and ends when its browser comes back. This ends
    /// those whose browsers do not: the log then says when each was over and when it was last seen, and lists
    /// and limits per user no longer count it. Say the application's limits, by --settings or one by one:
    /// without, only limits that sessions have of their own count.
    ///
    /// It looks at all live sessions, again and again, and ends what is over in batches. It waits for no
    /// request, and several may run side by side. Runs until it is interrupted, and ends with exit code 0;
    /// with --once after one sweep. It needs a role that is granted session_ledger_runtime: an end is an
    /// event of the log. `projector run` does the same beside other work.
    ///
    /// Example: projector sweep --once --idle-timeout 30m --absolute-timeout 12h
    Sweep(Sweep),
    /// Keep the ledger in shape: sweep, partitions, archive, rows past their limits, metrics
    ///
    /// Does its jobs until it is interrupted, and ends with exit code 0. Run it twice, on two machines: each
    /// job has a lease in the database, one process does it, and another takes over when the lease of one
    /// that died has run out. A job that fails is begun again after a pause. /healthz says that the process
    /// answers, /readyz that the database does, and /metrics tells Prometheus how both are. It speaks plain
    /// http: let it listen where only your own may ask.
    ///
    /// Say the application's limits, by --settings or one by one, as for `projector sweep`. Each job names
    /// the role that it needs; the metrics need session_ledger_auditor as well, and show other users' open
    /// transactions to a role with pg_read_all_stats.
    ///
    /// Example: projector run --settings /etc/shop/settings.json --archive-to /srv/ledger-archive --keep 400d
    Run(Box<Run>),
    /// Take old months of the log out into files, list them, check them, put them back
    Archive {
        /// The command about archives.
        #[command(subcommand)]
        command: Archive,
    },
    /// Delete rows beside the log that are past their limits
    ///
    /// Rows of ended sessions and logins follow from the log, and are deleted only once their events are in
    /// an archive (`projector archive export`); failed logins and notes of activity do not. Addresses and
    /// browsers can go earlier than the rows (--clients). What the log itself holds of them stays until its
    /// month is archived: its events are chained, and none is ever changed. What is not named is kept. It
    /// needs a role that is granted session_ledger_operator.
    ///
    /// Example: projector retain --ended 800d --failed-logins 90d --activity 30d --clients 90d
    Retain(Retain),
    /// Follow the log and deliver new events; list, move and mend the subscriptions
    Relay {
        /// The command about relays.
        #[command(subcommand)]
        command: Relays,
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
    /// Serve receivers of Shared Signals, or print what they need to trust a relay's security events
    Ssf {
        /// The command about security events.
        #[command(subcommand)]
        command: Ssf,
    },
    /// Print what a shell needs to complete these commands
    ///
    /// It goes to standard output, and needs no database.
    ///
    /// Example: projector completions bash > /etc/bash_completion.d/projector
    Completions {
        /// The shell
        #[arg(value_enum, value_name = "SHELL")]
        shell: Shell,
    },
    /// Print the manual page, or write the pages of all commands
    ///
    /// It needs no database.
    ///
    /// Example: projector man --out /usr/local/share/man/man1
    Man {
        /// The folder in which to write the pages of all commands, as projector.1, projector-history.1 …
        #[arg(long, value_name = "FOLDER")]
        out: Option<PathBuf>,
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
            Self::Audit(audit) => (audit.name(), "a role that is granted session_ledger_auditor"),
            Self::End(_) => ("end", "a role that is granted session_ledger_runtime"),
            Self::Sweep(_) => ("sweep", "a role that is granted session_ledger_runtime"),
            Self::Run(_) => ("run", "the roles of its jobs: session_ledger_runtime, or the schema's owner"),
            Self::Archive { command: Archive::List { .. } } => {
                ("archive list", "a role that is granted session_ledger_auditor")
            }
            Self::Archive { command: Archive::Export(_) } => {
                ("archive export", "the role that owns the schema session_ledger")
            }
            Self::Archive { command: Archive::Check { .. } } => ("archive check", "no role"),
            Self::Archive { command: Archive::Restore { .. } } => {
                ("archive restore", "the role that owns the schema session_ledger")
            }
            Self::Retain(_) => ("retain", "a role that is granted session_ledger_operator"),
            Self::Relay { command } => command.duty(),
            Self::Epoch { command: Epoch::Show } => {
                ("epoch show", "a role that may use the schema session_ledger")
            }
            Self::Epoch { command: Epoch::Raise } => {
                ("epoch raise", "the role that owns the schema session_ledger")
            }
            Self::Keys { .. } => ("keys", "no role"),
            Self::Ssf { command: Ssf::Serve(_) } => {
                ("ssf serve", "a role that is granted session_ledger_relay")
            }
            Self::Ssf { .. } => ("ssf", "no role"),
            Self::Completions { .. } => ("completions", "no role"),
            Self::Man { .. } => ("man", "no role"),
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

/// For how long something is kept.
fn lasting(text: &str) -> Result<time::Duration, String> {
    crate::moment::span(text).map_err(|_| "a span looks like 90d, 12w or 36h".to_owned())
}

fn session_id(text: &str) -> Result<SessionId, String> {
    text.parse().map_err(|_| {
        "a session id looks like 0198b5c2-7a30-7cc3-98c4-dc0c0c07398f; `projector sessions --user USER` lists a user's"
            .to_owned()
    })
}

fn user_id(text: &str) -> Result<UserId, String> {
    let is_id = (1..=UserId::BYTES_MAX).contains(&text.len());
    is_id.then(|| UserId::from(text)).ok_or_else(|| format!("a user id has 1 to {} bytes", UserId::BYTES_MAX))
}

fn network(text: &str) -> Result<IpNet, String> {
    let address = text.parse::<IpAddr>().map(IpNet::from);
    address.or_else(|_| text.parse()).map_err(|_| {
        "a network looks like 203.0.113.0/24 or 2001:db8::/32, and an address alone is one too".to_owned()
    })
}

#[test]
fn the_command_line_contradicts_itself_nowhere() {
    use clap::CommandFactory;
    CommandLine::command().debug_assert();
}
