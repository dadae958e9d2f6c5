//! Observations of the tests: processes, directories, answers of a server.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::fs;
use std::io::{BufRead, BufReader, Lines, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// A program that has started a server, has told its directory, and waits for its end.
pub(crate) struct Doomed {
    pub(crate) process: Child,
    pub(crate) dir: PathBuf,
    pub(crate) connection_string: String,
    pub(crate) bin_dir: PathBuf,
    pub(crate) postmaster: String,
}

impl Doomed {
    /// Starts it to die in this way: `panic`, `exit`, `abort` or `return`.
    pub(crate) fn start(end: &str) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_doomed"));
        command.arg(end);
        Self::spawn(command)
    }

    /// Starts it by a command of the caller's making.
    pub(crate) fn spawn(mut command: Command) -> Self {
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = lines(&mut process);
        let mut line = || lines.next().expect("the program should have started a server").unwrap();
        let (dir, connection_string, bin_dir) = (PathBuf::from(line()), line(), line().into());
        let postmaster = postmaster(&dir);
        Self { process, dir, connection_string, bin_dir, postmaster }
    }

    /// Lets it run to its end and waits for that.
    pub(crate) fn let_go(&mut self) {
        writeln!(self.process.stdin.take().unwrap()).unwrap();
        self.process.wait().unwrap();
    }

    /// Sends it a signal and waits for its end.
    pub(crate) fn signal(&mut self, signal: &str) {
        send(signal, &self.process.id().to_string());
        drop_dead(&mut self.process);
    }

    pub(crate) fn leaves_nothing_behind(&self) {
        soon("the server should be gone", || !is_alive(&self.postmaster));
        soon("its directory should be gone", || !self.dir.exists());
    }
}

/// The lines that a process prints.
pub(crate) fn lines(process: &mut Child) -> Lines<BufReader<ChildStdout>> {
    BufReader::new(process.stdout.take().unwrap()).lines()
}

/// Waits for a process that is about to end.
pub(crate) fn drop_dead(process: &mut Child) -> i32 {
    let mut code = None;
    soon("the process should have ended", || {
        code = process.try_wait().unwrap();
        code.is_some()
    });
    code.unwrap().code().unwrap_or(-1)
}

/// The process id of the server in this directory.
pub(crate) fn postmaster(dir: &Path) -> String {
    fs::read_to_string(dir.join("data/postmaster.pid")).unwrap().lines().next().unwrap().to_owned()
}

/// Whether a process lives. A zombie, whose parent has not waited for it yet, is dead.
pub(crate) fn is_alive(process: &str) -> bool {
    let output = Command::new("ps").args(["-o", "stat=", "-p", process]).output().unwrap();
    !matches!(output.stdout.trim_ascii().first(), None | Some(b'Z'))
}

/// A negative id stands for a process group.
pub(crate) fn send(signal: &str, process: &str) {
    assert!(Command::new("kill").args(["-s", signal, "--", process]).status().unwrap().success());
}

/// Polls until the condition holds, for 30 seconds at most.
#[track_caller]
pub(crate) fn soon(promise: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !condition() {
        assert!(Instant::now() < deadline, "{promise}");
        sleep(Duration::from_millis(10));
    }
}

/// The server's answer to a query, asked with its own psql.
#[track_caller]
pub(crate) fn answer(bin_dir: &Path, address: &str, query: &str) -> String {
    let output = Command::new(bin_dir.join("psql")).args(["-XAtqc", query, address]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

pub(crate) fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output().unwrap();
    output.stdout == b"0\n"
}

/// A directory for one test, removed at its end.
pub(crate) struct Scratch(pub(crate) PathBuf);

impl Scratch {
    pub(crate) fn new(name: &str) -> Self {
        let dir = PathBuf::from(format!("/tmp/{name}-{}", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
        Self(dir)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
