//! Private brokers, which can be stopped and started again.

use std::env;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use tokio::net::TcpStream;
use tokio::time::sleep;

const SCRIPT: &str = include_str!("server.sh");
const INSTALL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/install-brokers");

/// RabbitMQ takes ten seconds, and longer beside others.
const READY_WITHIN: Duration = Duration::from_secs(120);

/// A running broker. It ends when this is dropped, and with this process.
pub(crate) struct Server {
    shell: Child,
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    directory: PathBuf,
    pub(crate) port: u16,
}

impl Server {
    /// Starts a program in a directory with these files, and waits until it listens at the port. The signal
    /// stops it.
    pub(crate) async fn start(port: u16, files: &[(&str, &str)], command: &[&str], signal: &str) -> Self {
        let directory = tempfile::Builder::new().prefix("broker").tempdir().unwrap().keep();
        for (name, text) in files {
            fs::write(directory.join(name), text).unwrap();
        }
        let mut shell = Command::new("/bin/sh");
        shell
            .args(["-c", SCRIPT, "broker"])
            .arg(&directory)
            .arg(signal)
            .arg(program(command[0]))
            .args(&command[1..]);
        let mut shell = shell.stdin(Stdio::piped()).stdout(Stdio::piped()).process_group(0).spawn().unwrap();
        let (orders, answers) = (shell.stdin.take(), BufReader::new(shell.stdout.take().unwrap()));
        let server = Self { shell, orders, answers, directory, port };
        server.wait_until_ready().await;
        server
    }

    /// Ends the broker.
    pub(crate) fn stop(&mut self) {
        self.order("stop");
    }

    /// Starts the broker again, with its data.
    pub(crate) async fn start_again(&mut self) {
        self.order("start");
        self.wait_until_ready().await;
    }

    /// Lets the broker answer nobody, or again.
    pub(crate) fn pause(&mut self, pauses: bool) {
        self.order(if pauses { "pause" } else { "resume" });
    }

    fn order(&mut self, order: &str) {
        writeln!(self.orders.as_mut().unwrap(), "{order}").unwrap();
        let mut answer = String::new();
        self.answers.read_line(&mut answer).unwrap();
        assert_eq!(answer, "done\n");
    }

    async fn wait_until_ready(&self) {
        let deadline = Instant::now() + READY_WITHIN;
        while TcpStream::connect(("127.0.0.1", self.port)).await.is_err() {
            let log = || fs::read_to_string(self.directory.join("log")).unwrap_or_default();
            assert!(Instant::now() < deadline, "the broker takes no connections:\n{}", log());
            sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.orders.take());
        self.shell.wait().ok();
    }
}

/// A port that nobody listens at.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// The path of a program; the brokers are installed first if they are missing.
pub(crate) fn program(name: &str) -> PathBuf {
    static INSTALLED: OnceLock<()> = OnceLock::new();
    INSTALLED.get_or_init(|| {
        let installed = Command::new(INSTALL).status().is_ok_and(|status| status.success());
        assert!(installed, "a broker is missing: run `tests/install-brokers`, which says what to do");
    });
    let path = env::var_os("PATH").unwrap_or_default();
    // Debian's own script in the PATH gives up the user's rights, and with them the directory of the test.
    let usual =
        ["/usr/lib/rabbitmq/bin", "/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin"].map(PathBuf::from);
    let mut folders =
        usual[..1].iter().cloned().chain(env::split_paths(&path)).chain(usual[1..].iter().cloned());
    let found = folders.find_map(|folder| Some(folder.join(name)).filter(|program| program.is_file()));
    found.unwrap_or_else(|| Path::new(name).to_owned())
}
