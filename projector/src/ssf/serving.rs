//! `projector ssf serve`: the endpoints at which receivers make, verify and poll their streams.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use poem::Server;
use poem::listener::{Acceptor, Listener, TcpListener};
use session_ledger::Ledger;
use tokio::sync::{Semaphore, watch};

use super::desk::{Desk, PUSHED_MAX, Polls, TURNS_MAX};
use super::key::SigningKey;
use super::place::Place;
use super::receivers::ReceiverFile;
use super::sealing::Sealer;
use super::{pushing, site};
use crate::serve::ServeError;
use crate::{Answer, Console, Error};

/// How long requests and relays under way may take once the process is asked to stop.
const GRACE: Duration = Duration::from_secs(5);

/// How long a connection may be silent. A poll waits for less.
const SILENCE: Duration = Duration::from_secs(60);

/// The most connections: two for each poll at its turn, one for each stream that is pushed, and some for the
/// other requests.
pub const CONNECTIONS_MAX: usize = 2 * TURNS_MAX + PUSHED_MAX + 6;

/// How the endpoints are served.
#[derive(Debug)]
pub struct Settings {
    /// Where to listen.
    pub listen: SocketAddr,
    /// The issuer: an https URL, below which receivers find the endpoints.
    pub issuer: String,
    /// The keys that receivers verify with. The first one signs.
    pub keys: Vec<SigningKey>,
    /// The file of the receivers.
    pub receivers: PathBuf,
    /// Whether receivers may be in one's own network.
    pub private: bool,
    /// A name that no other process has.
    pub holder: String,
}

/// Serves the endpoints, and pushes the streams that are to be pushed, until `stop` is ready.
///
/// # Errors
///
/// The file of receivers cannot be read, a key cannot sign, or the address is taken.
pub async fn serve(
    ledger: &Ledger,
    settings: Settings,
    stop: impl Future<Output = ()> + Send,
    console: &mut Console<'_>,
) -> Result<Answer, Error> {
    let Settings { listen, issuer, keys, receivers, private, holder } = settings;
    let receivers = ReceiverFile::at(receivers);
    receivers.read()?;
    let (stopper, stopped) = watch::channel(false);
    let desk = Arc::new(Desk {
        ledger: ledger.clone(),
        place: Place::of(&issuer),
        sealer: Sealer::of(&keys)?,
        keys,
        receivers,
        holder,
        private,
        changed: watch::Sender::new(()),
        stopped,
        turns: Semaphore::new(TURNS_MAX),
        polls: Polls::default(),
    });
    let taken = |error| ServeError::Listen { address: listen, error };
    let acceptor = TcpListener::bind(listen.to_string()).into_acceptor().await.map_err(taken)?;
    let own = acceptor.local_addr().iter().find_map(|address| address.as_socket_addr().copied());
    console.print(&format!("Receivers are served as {issuer} on http://{}\n", own.unwrap_or(listen)))?;
    let pushing = tokio::spawn(pushing::keep_pushing(Arc::clone(&desk)));
    let stop = async {
        stop.await;
        // Polls that wait are answered, so that nothing is left to wait for.
        stopper.send_replace(true);
    };
    let server = Server::new_with_acceptor(acceptor).idle_timeout(SILENCE);
    server.run_with_graceful_shutdown(site::site(desk), stop, Some(GRACE)).await?;
    if tokio::time::timeout(GRACE, pushing).await.is_err() {
        console.note("A relay did not stop in time: its lease runs out by itself.")?;
    }
    console.note("The transmitter has stopped.")?;
    Ok(Answer::Yes)
}
