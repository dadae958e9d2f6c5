//! Events in a server's life: a standby made of it, a crash, a new start, a promotion.

use std::path::Path;
use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::{Error, Options, Server};

/// How long a server may take to come back: it replays its log, and a killed one must lose its backends
/// first.
const BACK_WITHIN: Duration = Duration::from_secs(60);

/// The ways of a crash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crash {
    /// SIGQUIT: it tells its clients and writes nothing more. PostgreSQL's "immediate" shutdown.
    Immediate,
    /// SIGKILL to its first process: the others find themselves orphaned, and no client is told.
    Kill,
}

impl Server {
    /// Starts a copy of a running server that follows it, and returns when it takes reading connections. The
    /// primary knows it by the setting `cluster_name`, for `synchronous_standby_names`. It has the primary's
    /// settings, unless `options` has others.
    ///
    /// # Errors
    /// As [`start`](Self::start); and when the primary takes no replication connection.
    pub fn standby_of(primary: &Self, options: Options) -> Result<Self, Error> {
        let options = options.bin_dir(primary.bin_dir());
        Self::start_from(options, Some(primary.socket_dir()))
    }

    /// Ends the server as if it had crashed, and returns when its first process is gone. Its directory stays.
    ///
    /// # Errors
    /// When it is not running, or does not go.
    pub fn crash(&self, how: Crash) -> Result<(), Error> {
        let signal = if how == Crash::Kill { "KILL" } else { "QUIT" };
        let pid_file = self.data().join("postmaster.pid");
        let script = r#"pid=$(head -n 1 "$1") && kill -s "$2" "$pid" && while kill -0 "$pid" 2>/dev/null; do sleep 0.01; done"#;
        self.run(Path::new("/bin/sh"), &["-c", script, "crash", &pid_file.to_string_lossy(), signal])
    }

    /// Starts it again after a [`crash`](Self::crash), and returns when it takes connections.
    ///
    /// # Errors
    /// When it does not within a minute; the message has the server's log.
    pub fn start_again(&self) -> Result<(), Error> {
        let deadline = Instant::now() + BACK_WITHIN;
        loop {
            // While backends of the killed server live, the next one refuses to start.
            match self.control(&["start", "-w", "-l", &self.log_path().to_string_lossy()]) {
                Err(_) if Instant::now() < deadline => sleep(Duration::from_millis(50)),
                started => return started,
            }
        }
    }

    /// Promotes a standby, and returns when it takes writes.
    ///
    /// # Errors
    /// When it is no standby.
    pub fn promote(&self) -> Result<(), Error> {
        self.control(&["promote", "-w"])
    }

    fn control(&self, arguments: &[&str]) -> Result<(), Error> {
        let data = self.data();
        let data = data.to_string_lossy();
        let arguments: Vec<_> = arguments.iter().copied().chain(["-D", &data]).collect();
        self.run(&self.bin_dir().join("pg_ctl"), &arguments)
    }

    /// Runs a program as the server's user. Its output goes nowhere, as a server that it starts keeps the
    /// pipe open.
    fn run(&self, program: &Path, arguments: &[&str]) -> Result<(), Error> {
        let mut command = self.account.command(program);
        command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
        let failed = |reason: String| Error::Command { command: arguments.join(" "), reason };
        match command.status() {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(failed(format!("{status}; the server's log: {}", self.last_words()))),
            Err(error) => Err(failed(error.to_string())),
        }
    }
}
