//! The program that runs a command with a server of its own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod observe;

use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use observe::{drop_dead, is_alive, lines, postmaster, send, soon};

const PROGRAM: &str = env!("CARGO_BIN_EXE_with-postgres");

#[test]
fn the_command_finds_its_server_in_database_url() {
    let bin_dir =
        private_postgres::Server::start(private_postgres::Options::new()).unwrap().bin_dir().to_owned();
    let query = r#""$1/psql" -XAtqc "SELECT 'yes'" "$DATABASE_URL""#;
    let output = run(&["sh", "-c", query, "sh", &bin_dir.to_string_lossy()]);
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "yes\n",
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn the_exit_code_is_that_of_the_command() {
    assert_eq!(run(&["sh", "-c", "exit 7"]).status.code(), Some(7));
    assert_eq!(run(&["true"]).status.code(), Some(0));
    assert_eq!(run(&["sh", "-c", "kill -KILL $$"]).status.code(), Some(128 + 9));
}

#[test]
fn a_missing_command_is_said_to_be_missing() {
    let output = run(&["/nowhere/command"]);
    assert_eq!(output.status.code(), Some(127));
    assert!(
        String::from_utf8_lossy(&output.stderr).starts_with("The command /nowhere/command could not be run")
    );

    let output = run(&[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        String::from_utf8_lossy(&output.stderr)
            .starts_with("Say which command to run: with-postgres COMMAND")
    );
}

#[test]
fn an_interrupt_from_the_terminal_reaches_the_command_and_leaves_nothing_behind() {
    let mut running = Running::start();
    send("INT", &format!("-{}", running.program.id()));
    drop_dead(&mut running.program);
    running.leaves_nothing_behind();
}

#[test]
fn a_program_that_is_terminated_or_killed_takes_its_command_along() {
    for signal in ["TERM", "KILL"] {
        let mut running = Running::start();
        send(signal, &running.program.id().to_string());
        drop_dead(&mut running.program);
        running.leaves_nothing_behind();
    }
}

fn run(arguments: &[&str]) -> Output {
    Command::new(PROGRAM).args(arguments).output().unwrap()
}

/// Whether there is a process that will end this one with the program.
fn is_leashed(command: &str) -> bool {
    let output = Command::new("ps").args(["-A", "-o", "args="]).output().unwrap();
    let leash = format!("leash {command}");
    String::from_utf8_lossy(&output.stdout).lines().any(|line| line.trim_end().ends_with(&leash))
}

/// The program in a process group of its own, as in a terminal, with a command that goes on.
struct Running {
    program: Child,
    command: String,
    dir: PathBuf,
    postmaster: String,
}

impl Running {
    fn start() -> Self {
        let command = r#"echo $$; echo "$DATABASE_URL"; exec sleep 600"#;
        let mut starting = Command::new(PROGRAM);
        starting.args(["sh", "-c", command]).stdout(Stdio::piped()).process_group(0);
        let mut program = starting.spawn().unwrap();
        let mut lines = lines(&mut program);
        let command = lines.next().expect("the command should run").unwrap();
        let url = lines.next().unwrap().unwrap();
        let host = url.split(['=', '&']).nth(1).unwrap().replace("%2F", "/");
        let postmaster = postmaster(host.as_ref());
        soon("the command should be on its leash", || is_leashed(&command));
        Self { program, command, dir: host.into(), postmaster }
    }

    fn leaves_nothing_behind(&self) {
        for process in [&self.command, &self.postmaster] {
            soon("the process should be gone", || !is_alive(process));
        }
        soon("its directory should be gone", || !self.dir.exists());
    }
}
