//! The shell that starts the server, outlives us, and removes every trace once we are gone.

use std::collections::hash_map::RandomState;
use std::env;
use std::fs;
use std::hash::{BuildHasher, Hasher};
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::account::Account;
use crate::{Error, Options};

const SCRIPT: &str = include_str!("guard.sh");
/// The path of a unix socket may have 103 bytes on macOS, 107 on Linux; 14 are `/.s.PGSQL.5432`.
const LONGEST_DIR: usize = 103 - 14;
/// Half a second is usual; many servers at once on a busy machine take far longer.
const READY_WITHIN: Duration = Duration::from_secs(60);
/// The script itself gives the server 15 seconds, and five each to the leftovers of a killed one and to the
/// removal.
const GONE_WITHIN: Duration = Duration::from_secs(30);

/// A running script. We hold the only writing end of its standard input: Rust opens pipes close-on-exec, so
/// no other child of ours inherits it.
#[derive(Debug)]
pub(crate) struct Guard {
    shell: Child,
    /// Holds the socket, `data`, `log`, and `exited` once the server is no more.
    pub(crate) dir: PathBuf,
}

impl Guard {
    /// Makes a directory in the first suitable temporary directory, and starts the server in it. Its data are
    /// new, or a copy of those of the primary with this socket.
    pub(crate) fn start(
        account: &Account,
        bin_dir: &Path,
        options: &Options,
        primary: Option<&Path>,
    ) -> Result<Self, Error> {
        let mut refused = Vec::new();
        for parent in [env::temp_dir(), "/tmp".into(), "/var/tmp".into()] {
            let dir = parent.join(unused_name());
            if !is_fit_for_a_socket(&dir) {
                refused.push(format!("{} is too long or holds odd characters", parent.display()));
                continue;
            }
            let mut guard = Self::start_in(dir, account, bin_dir, options, primary)?;
            match guard.complaint() {
                complaint if complaint.is_empty() => return Ok(guard),
                complaint => refused.push(complaint),
            }
        }
        Err(Error::NoDirectory { refused })
    }

    fn start_in(
        dir: PathBuf,
        account: &Account,
        bin_dir: &Path,
        options: &Options,
        primary: Option<&Path>,
    ) -> Result<Self, Error> {
        let shell = account
            .command("/bin/sh")
            .args(["-c", SCRIPT, "private-postgres"])
            .args([&dir, bin_dir])
            .arg(options.configuration(&dir))
            .arg(primary.unwrap_or(Path::new("")))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            // The terminal sends signals to the foreground group, which is not this one.
            .process_group(0)
            .spawn()
            .map_err(Error::NoShell)?;
        Ok(Self { shell, dir })
    }

    /// The reason why the directory could not be made; empty if it was.
    fn complaint(&mut self) -> String {
        let mut text = String::new();
        if let Some(mut output) = self.shell.stdout.take()
            && let Err(error) = output.read_to_string(&mut text)
        {
            text = error.to_string();
        }
        text.trim().to_owned()
    }

    /// Waits until the server takes connections.
    pub(crate) fn wait_until_ready(&self) -> Result<(), Error> {
        let deadline = Instant::now() + READY_WITHIN;
        while !self.is_ready() {
            if self.dir.join("exited").exists() || Instant::now() > deadline {
                return Err(Error::NotReady { log: last_lines(&self.log_path(), 20) });
            }
            sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    /// The server writes its state into line 8 of this file.
    fn is_ready(&self) -> bool {
        fs::read_to_string(self.dir.join("data/postmaster.pid"))
            .is_ok_and(|text| text.lines().nth(7).is_some_and(|state| state.trim() == "ready"))
    }

    pub(crate) fn log_path(&self) -> PathBuf {
        self.dir.join("log")
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        let deadline = Instant::now() + GONE_WITHIN;
        while matches!(self.shell.try_wait(), Ok(None)) && Instant::now() < deadline {
            sleep(Duration::from_millis(10));
        }
    }
}

/// Short for the socket's sake, and random, so that no two servers want the same.
fn unused_name() -> String {
    format!("pg-{:012x}", RandomState::new().build_hasher().finish() >> 16)
}

/// Clients read a comma in a host as the start of the next one.
fn is_fit_for_a_socket(dir: &Path) -> bool {
    let text = dir.to_str().filter(|text| !text.contains([',', '"', '\n']));
    dir.is_absolute() && text.is_some_and(|text| text.len() <= LONGEST_DIR)
}

pub(crate) fn last_lines(path: &Path, count: usize) -> String {
    let text = fs::read(path).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}
