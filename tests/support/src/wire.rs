//! A proxy in front of PostgreSQL that counts round trips and cuts connections around COMMIT.

mod cut;
mod line;
mod messages;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixListener, UnixStream};
use tokio::sync::Notify;
use tokio_postgres::Config;
use tokio_postgres::config::Host;

pub use cut::Cut;
use line::Line;

/// How long an answer is held back unless another time is set. All that is sent in that time counts as one
/// trip, so it must be long enough to write a pipeline. No test waits for it.
const LATENCY: Duration = Duration::from_millis(25);

/// A wire to the database. It is cut when this is dropped.
pub struct Wire {
    directory: tempfile::TempDir,
    config: Config,
    state: Arc<State>,
    accepting: tokio::task::JoinHandle<()>,
}

/// The state that all connections share.
#[derive(Default)]
struct State {
    latency: Duration,
    trips: AtomicUsize,
    statements: AtomicUsize,
    sent: AtomicUsize,
    received: AtomicUsize,
    /// How many COMMITs are spared, and the cut of the one behind them.
    next: Mutex<Option<(usize, Cut)>>,
    /// Whether new connections are closed at once.
    refuses: AtomicBool,
    /// Releases the messages that [`Cut::Late`] holds.
    release: Notify,
    /// The server has answered the COMMIT of a cut connection.
    answered: Notify,
}

/// All that has gone over a wire so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Traffic {
    /// The statements that were run, with BEGIN and COMMIT.
    pub statements: usize,
    /// The bytes that the server was sent.
    pub sent: usize,
    /// The bytes that it answered.
    pub received: usize,
}

impl std::ops::Sub for Traffic {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        Self {
            statements: self.statements - before.statements,
            sent: self.sent - before.sent,
            received: self.received - before.received,
        }
    }
}

impl State {
    /// The cut of a COMMIT that is sent now.
    fn cut_now(&self) -> Option<Cut> {
        let mut next = self.next.lock().unwrap();
        if let Some((spared @ 1.., _)) = &mut *next {
            *spared -= 1;
            return None;
        }
        next.take().map(|(_, cut)| cut)
    }
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

impl std::fmt::Debug for Wire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Wire").finish_non_exhaustive()
    }
}

impl Wire {
    /// A wire to the database that `config` names, with a latency that makes trips countable.
    pub fn to(config: &Config) -> Self {
        Self::with_latency(config, LATENCY)
    }

    /// A wire that holds no answer back. Trips can't be counted on it.
    pub fn prompt(config: &Config) -> Self {
        Self::with_latency(config, Duration::ZERO)
    }

    /// A wire that holds each answer back for this time.
    pub fn with_latency(config: &Config, latency: Duration) -> Self {
        let directory =
            tempfile::Builder::new().prefix("wire").tempdir().expect("a directory for the socket");
        let listener = UnixListener::bind(directory.path().join(".s.PGSQL.5432")).expect("a socket");
        let state = Arc::new(State { latency, ..State::default() });
        let accepting = tokio::spawn(accept(listener, config.clone(), Arc::clone(&state)));
        Self { directory, config: config.clone(), state, accepting }
    }

    /// The configuration to connect through it.
    pub fn config(&self) -> Config {
        let mut config = Config::new();
        config.host_path(self.directory.path());
        config.port(5432);
        config.user(self.config.get_user().unwrap_or("postgres"));
        config.dbname(self.config.get_dbname().unwrap_or("postgres"));
        if let Some(password) = self.config.get_password() {
            config.password(password);
        }
        config
    }

    /// The number of trips: how often the client has sent something first or after an answer, on all
    /// connections.
    pub fn trips(&self) -> usize {
        self.state.trips.load(Ordering::SeqCst)
    }

    /// What has gone over it so far. Messages on connections that are cut do not count.
    pub fn traffic(&self) -> Traffic {
        let read = |count: &AtomicUsize| count.load(Ordering::SeqCst);
        let State { statements, sent, received, .. } = &*self.state;
        Traffic { statements: read(statements), sent: read(sent), received: read(received) }
    }

    /// Cuts the connection on which the next COMMIT is sent.
    pub fn cut_next_commit(&self, cut: Cut) {
        self.cut_commit_behind(0, cut);
    }

    /// Cuts the connection on which the COMMIT behind so many others is sent.
    pub fn cut_commit_behind(&self, spared: usize, cut: Cut) {
        *self.state.next.lock().unwrap() = Some((spared, cut));
    }

    /// Whether a cut is still to come.
    pub fn is_armed(&self) -> bool {
        self.state.next.lock().unwrap().is_some()
    }

    /// Lets the server have the messages that a [`Cut::Late`] has held back, and waits until it has answered.
    /// For one caller.
    pub async fn deliver(&self) {
        self.state.release.notify_one();
        self.state.answered.notified().await;
    }

    /// Closes new connections at once, or stops doing so. Open connections go on.
    pub fn refuse_connections(&self, refuses: bool) {
        self.state.refuses.store(refuses, Ordering::SeqCst);
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: UnixListener, config: Config, state: Arc<State>) {
    while let Ok((client, _)) = listener.accept().await {
        if !state.refuses.load(Ordering::SeqCst) {
            tokio::spawn(Line::connect(client, connect(&config).await, Arc::clone(&state)).run());
        }
    }
}

async fn connect(config: &Config) -> Box<dyn Stream> {
    let port = config.get_ports().first().copied().unwrap_or(5432);
    match config.get_hosts().first() {
        Some(Host::Unix(directory)) => {
            let socket: PathBuf = directory.join(format!(".s.PGSQL.{port}"));
            Box::new(UnixStream::connect(socket).await.expect("the server's socket"))
        }
        Some(Host::Tcp(host)) => {
            Box::new(TcpStream::connect((host.as_str(), port)).await.expect("the server"))
        }
        None => panic!("the database's configuration names no host"),
    }
}
