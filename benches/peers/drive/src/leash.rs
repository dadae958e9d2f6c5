//! Processes that end with this one, however it ends.

use std::error::Error;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

/// How long a server may take for its first line.
const READY_WITHIN: Duration = Duration::from_secs(60);
/// How long it may take to end after its input has ended; then it is killed.
const GONE_WITHIN: Duration = Duration::from_secs(5);
/// How much of its log is shown when it fails.
const LOG_LINES_MAX: usize = 12;

/// A server that ends with its standard input. This process holds the only other end.
#[derive(Debug)]
pub(crate) struct Leashed {
    child: Child,
    /// Kept open, so that later output goes somewhere.
    said: Lines<BufReader<ChildStdout>>,
    log: PathBuf,
}

impl Leashed {
    /// Starts a server; its errors go to a file in `dir`.
    pub(crate) fn start(mut command: Command, name: &str, dir: &Path) -> Result<Self, Box<dyn Error>> {
        let log = dir.join(format!("{name}.log"));
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(File::create(&log)?)
            // A signal of the terminal is for this process alone; the servers end after it.
            .process_group(0)
            .kill_on_drop(true);
        let mut child = command.spawn().map_err(|error| format!("{name} could not be run: {error}."))?;
        let Some(output) = child.stdout.take() else { return Err(format!("{name} has no output.").into()) };
        Ok(Self { child, said: BufReader::new(output).lines(), log })
    }

    /// The server's first line, which says that it is ready.
    pub(crate) async fn first_line(&mut self) -> Result<String, Box<dyn Error>> {
        match timeout(READY_WITHIN, self.said.next_line()).await {
            Ok(Ok(Some(line))) => Ok(line),
            Ok(Ok(None)) => Err(format!("It ended before it was ready:\n{}", self.last_words()).into()),
            Ok(Err(error)) => Err(error.into()),
            Err(_) => {
                Err(format!("It was not ready within {} s:\n{}", READY_WITHIN.as_secs(), self.last_words())
                    .into())
            }
        }
    }

    /// Kills it and all processes that it has started, and returns when it is gone.
    pub(crate) async fn kill(&mut self) -> Result<(), Box<dyn Error>> {
        // It leads the group of its processes.
        let mut kill = Command::new("/bin/sh");
        kill.args(["-c", r#"kill -s KILL -- "-$1""#, "kill", &self.id().to_string()]);
        if !kill.status().await?.success() {
            return Err("A server could not be killed.".into());
        }
        self.child.wait().await?;
        Ok(())
    }

    /// Its process id; zero once it has ended.
    pub(crate) fn id(&self) -> u32 {
        self.child.id().unwrap_or_default()
    }

    fn last_words(&self) -> String {
        let text = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(LOG_LINES_MAX)..].join("\n")
    }
}

impl Drop for Leashed {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let deadline = Instant::now() + GONE_WITHIN;
        while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < deadline {
            sleep(Duration::from_millis(5));
        }
    }
}
