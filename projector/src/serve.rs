//! `projector serve`: the console, the audit as pages for a browser.
//!
//! Where to look first: `access.rs` says who may do what, `site.rs` has the routes, `pages/` a file for each
//! kind of page, `picture.rs` and `chart.rs` the drawings. The console's own sessions are on the same ledger,
//! with users such as `console:anna`; whatever they look at is a note in them (`access.rs`).

mod access;
mod chart;
mod desk;
mod door;
mod error;
mod files;
mod frame;
mod keys;
mod lines;
mod pages;
mod passwords;
mod picture;
mod problem;
mod refusal;
mod scale;
mod settings;
mod site;
mod told;
mod tries;
mod url;
mod users;
mod when;

use std::sync::Arc;
use std::time::Duration;

use poem::listener::{Acceptor, Listener, TcpListener};
use poem::{Endpoint, Response, Server};
use session_ledger::Ledger;
use session_ledger::ledger::Address;
use session_ledger::session::Policy;
use session_ledger::token::KeyRing;
use session_ledger::web::Sessions;

use crate::{Answer, Console, Error, cli, database};
use desk::Desk;
pub(crate) use door::dress;
pub use error::ServeError;
pub(crate) use passwords::hash as password_hash;
pub use settings::Settings;
pub(crate) use users::check_name;
pub use users::{Role, UsersError};

/// How long requests under way may take once the console is asked to stop.
const GRACE: Duration = Duration::from_secs(2);

/// The most connections for questions about the audit, and for the console's own sessions.
const CONNECTIONS_MAX: usize = 4;

/// How many seconds a session of the console lives without being used, and in all.
const IDLE_TIMEOUT: u32 = 15 * 60;
const ABSOLUTE_TIMEOUT: u32 = 8 * 3600;

/// Separates the console's tokens from those of an application with the same key ring.
const AUDIENCE: &str = "session-ledger console";

/// Serves the console until `stop` is ready.
///
/// # Errors
///
/// The arguments contradict each other, the file of users or the key ring cannot be read, the database is
/// away or refuses, or the address is taken.
pub async fn run(
    address: &Address,
    asked: cli::Serve,
    stop: impl Future<Output = ()> + Send,
    console: &mut Console<'_>,
) -> Result<Answer, Error> {
    let (listen, key_file) = (asked.listen, asked.keys.clone());
    let settings = Settings::of(asked)?;
    let keys = keys::Keys::of(key_file).await?;
    let ledgers = Ledgers::connect(address).await?;
    let is_made = keys.is_made();
    let (ring, source) = keys.into_parts();
    let (site, sessions) = open(ledgers, ring, settings).await?;
    source.follow(&sessions);
    if is_made {
        console.note(
            "There is no key ring (--keys, SESSION_LEDGER_KEYS): one was made, so everybody signs in again after the \
             next start.",
        )?;
    }
    let taken = |error| ServeError::Listen { address: listen, error };
    let acceptor = TcpListener::bind(listen.to_string()).into_acceptor().await.map_err(taken)?;
    let own = acceptor.local_addr().iter().find_map(|address| address.as_socket_addr().copied());
    console.print(&format!("The console listens on http://{}\n", own.unwrap_or(listen)))?;
    Server::new_with_acceptor(acceptor).run_with_graceful_shutdown(site, stop, Some(GRACE)).await?;
    console.note("The console has stopped.")?;
    Ok(Answer::Yes)
}

/// The same database twice. Under the console's own time limits an application's session without limits of
/// its own would seem to be over.
#[derive(Clone, Debug)]
pub struct Ledgers {
    /// For questions about the audit, and to end sessions. It has no time limits of its own.
    pub audit: Ledger,
    /// For the console's own sessions.
    pub own: Ledger,
}

impl Ledgers {
    /// Opens both.
    ///
    /// # Errors
    ///
    /// The database is away, its schema does not fit, or the role lacks a right.
    pub async fn connect(address: &Address) -> Result<Self, Error> {
        let open = async |policy: Policy| {
            let builder = Ledger::at(address.clone()).policy(policy).connections_max(CONNECTIONS_MAX);
            builder.connect().await.map_err(|error| database::start_error(address.config(), error))
        };
        Ok(Self { audit: open(database::policy()).await?, own: open(Self::own_policy()).await? })
    }

    /// The rules of the console's own sessions.
    pub fn own_policy() -> Policy {
        Policy::default().idle_timeout(IDLE_TIMEOUT).absolute_timeout(ABSOLUTE_TIMEOUT)
    }

    /// The rules of the other ledger: it judges sessions by the limits that they remember.
    pub fn audit_policy() -> Policy {
        database::policy()
    }
}

/// The console as an endpoint, and the sessions that are a part of it.
///
/// # Errors
///
/// The database refuses to be read, the file of users cannot be used, or no random bytes are there.
pub async fn open(
    ledgers: Ledgers,
    keys: KeyRing,
    settings: Settings,
) -> Result<(impl Endpoint<Output = Response> + 'static, Sessions), Error> {
    let Settings { access, doors, cookie, trusted_proxies, hidden, tables } = settings;
    access.check().map_err(ServeError::Users)?;
    let desk = Desk::open(ledgers.audit, access, hidden, tables, trusted_proxies.clone()).await?;
    let sessions = Sessions::builder(ledgers.own, keys)
        .cookie(cookie)
        .audience(AUDIENCE)
        .trusted_proxies(trusted_proxies)
        .build()
        .map_err(ServeError::Sessions)?;
    Ok((site::site(Arc::new(desk), doors, sessions.clone()), sessions))
}
