//! A proxy in front of PostgreSQL that counts round trips.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixListener, UnixStream};
use tokio_postgres::Config;
use tokio_postgres::config::Host;

/// How long an answer is held back. All that is sent in that time counts as one trip, so it must be long enough
/// for a pipeline to be written, and is nothing that a test waits for.
const LATENCY: Duration = Duration::from_millis(25);

/// A wire to the database. It is cut when this is dropped.
pub struct Wire {
    directory: tempfile::TempDir,
    config: Config,
    trips: Arc<AtomicUsize>,
    accepting: tokio::task::JoinHandle<()>,
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

impl Wire {
    /// A wire to the database that `config` names.
    pub fn to(config: &Config) -> Self {
        let directory =
            tempfile::Builder::new().prefix("wire").tempdir().expect("a directory for the socket");
        let listener = UnixListener::bind(directory.path().join(".s.PGSQL.5432")).expect("a socket");
        let trips = Arc::new(AtomicUsize::new(0));
        let accepting = tokio::spawn(accept(listener, config.clone(), Arc::clone(&trips)));
        Self { directory, config: config.clone(), trips, accepting }
    }

    /// How to connect through it.
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

    /// How often the client has sent something after an answer, or first, on all connections.
    pub fn trips(&self) -> usize {
        self.trips.load(Ordering::SeqCst)
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: UnixListener, config: Config, trips: Arc<AtomicUsize>) {
    while let Ok((client, _)) = listener.accept().await {
        let server = connect(&config).await;
        let answered = Arc::new(AtomicBool::new(true));
        let (from_client, to_client) = tokio::io::split(client);
        let (from_server, to_server) = tokio::io::split(server);
        tokio::spawn(forward(from_client, to_server, Arc::clone(&answered), Arc::clone(&trips)));
        tokio::spawn(answer(from_server, to_client, answered));
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

async fn forward(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    answered: Arc<AtomicBool>,
    trips: Arc<AtomicUsize>,
) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(bytes @ 1..) = from.read(&mut buffer).await {
        if answered.swap(false, Ordering::SeqCst) {
            trips.fetch_add(1, Ordering::SeqCst);
        }
        if to.write_all(&buffer[..bytes]).await.is_err() {
            break;
        }
    }
    to.shutdown().await.ok();
}

async fn answer(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    answered: Arc<AtomicBool>,
) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(bytes @ 1..) = from.read(&mut buffer).await {
        tokio::time::sleep(LATENCY).await;
        answered.store(true, Ordering::SeqCst);
        if to.write_all(&buffer[..bytes]).await.is_err() {
            break;
        }
    }
    to.shutdown().await.ok();
}
