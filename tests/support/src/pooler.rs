//! A private PgBouncer: it pools transactions, and knows no prepared statements.

use std::env;
use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use tokio_postgres::config::Host;
use tokio_postgres::{Config, NoTls};

use crate::Database;

const SCRIPT: &str = include_str!("pooler.sh");
const INSTALL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../install-pgbouncer");

/// The port is a part of the socket's name.
const PORT: u16 = 6432;

/// The number of connections to the server that all clients share.
pub const SERVERS: usize = 3;

/// A tenth of a second is usual.
const READY_WITHIN: Duration = Duration::from_secs(30);

/// A running pooler in front of one database. It ends when this is dropped, and with this process.
pub struct Pooler {
    shell: Child,
    directory: PathBuf,
    database: Config,
}

impl std::fmt::Debug for Pooler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pooler").finish_non_exhaustive()
    }
}

impl Pooler {
    /// Starts a pooler.
    pub async fn to(database: &Database) -> Self {
        let config = database.config();
        let directory = tempfile::Builder::new().prefix("pooler").tempdir().unwrap().keep();
        fs::write(directory.join("ini"), ini(&config, &directory)).unwrap();
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", SCRIPT, "pooler"]).arg(&directory).arg(program()).stdin(Stdio::piped());
        // Root may not run it: then it runs as the server's user.
        if fs::metadata(&directory).unwrap().uid() == 0 {
            let (user, group) = owner_of_server(&config);
            chown(&directory, Some(user), Some(group)).unwrap();
            shell.uid(user).gid(group);
        }
        let shell = shell.current_dir("/").process_group(0).spawn().unwrap();
        let pooler = Self { shell, directory, database: config };
        pooler.wait_until_ready().await;
        pooler.connect_servers().await;
        pooler
    }

    /// The configuration to connect through it.
    pub fn config(&self) -> Config {
        let mut config = Config::new();
        config.host_path(&self.directory).port(PORT).user("anybody");
        config.dbname(self.database.get_dbname().unwrap());
        config
    }

    async fn wait_until_ready(&self) {
        let deadline = Instant::now() + READY_WITHIN;
        while self.config().connect(NoTls).await.is_err() {
            let log = || fs::read_to_string(self.directory.join("log")).unwrap_or_default();
            assert!(Instant::now() < deadline, "PgBouncer takes no connections:\n{}", log());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

impl Pooler {
    /// Makes it open all its connections to the server, so that each transaction gets another one than the
    /// one before.
    async fn connect_servers(&self) {
        let mut clients = Vec::new();
        for _ in 0..SERVERS {
            let (client, connection) = self.config().connect(NoTls).await.unwrap();
            tokio::spawn(connection);
            client.batch_execute("begin").await.unwrap();
            clients.push(client);
        }
        for client in clients {
            client.batch_execute("rollback").await.unwrap();
        }
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        self.shell.wait().ok();
    }
}

fn ini(config: &Config, directory: &Path) -> String {
    // 1.21 brought support for prepared statements, and this switch.
    let unprepared = if version() >= (1, 21) { "max_prepared_statements = 0\n" } else { "" };
    let port = config.get_ports().first().copied().unwrap_or(5432);
    let host = match config.get_hosts().first() {
        Some(Host::Unix(socket)) => socket.to_str().unwrap(),
        Some(Host::Tcp(name)) => name,
        None => "localhost",
    };
    let password = config.get_password().map_or(String::new(), |password| {
        format!(" password='{}'", std::str::from_utf8(password).unwrap().replace('\'', "''"))
    });
    format!(
        "[databases]\n{name} = host='{host}' port={port} dbname={name} user={user}{password}\n\
         [pgbouncer]\npool_mode = transaction\ndefault_pool_size = {SERVERS}\n\
         server_round_robin = 1\nauth_type = any\nunix_socket_dir = {socket}\nlisten_port = {PORT}\n{unprepared}",
        name = config.get_dbname().unwrap(),
        user = config.get_user().unwrap(),
        socket = directory.display(),
    )
}

/// The user and group of the server; those of `nobody` for a server that is elsewhere.
fn owner_of_server(config: &Config) -> (u32, u32) {
    match config.get_hosts().first() {
        Some(Host::Unix(socket)) => {
            let socket = fs::metadata(socket).unwrap();
            (socket.uid(), socket.gid())
        }
        _ => (65534, 65534),
    }
}

/// The program; it is installed first if it is missing.
fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        found().unwrap_or_else(|| {
            let installed = Command::new(INSTALL).status().is_ok_and(|status| status.success());
            assert!(installed, "PgBouncer is missing: run `tests/install-pgbouncer`, which says what to do");
            found().expect("the installation has succeeded")
        })
    })
}

/// The first two numbers of `PgBouncer 1.18.0`.
fn version() -> (u32, u32) {
    let told = Command::new(program()).arg("--version").output().unwrap().stdout;
    let told = String::from_utf8(told).unwrap();
    let numbers = told.lines().next().and_then(|line| line.strip_prefix("PgBouncer ")).expect("its version");
    let mut numbers = numbers.split('.').map(|number| number.parse().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}

fn found() -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let usual = ["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from);
    let folders = env::split_paths(&path).chain(usual);
    folders.map(|folder| folder.join("pgbouncer")).find(|program| program.is_file())
}
