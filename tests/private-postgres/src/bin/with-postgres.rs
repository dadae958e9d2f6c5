//! Runs a command with a private PostgreSQL server and `DATABASE_URL` set to it.
//!
//! `with-postgres cargo nextest run` gives all test processes one server. The exit code is the command's,
//! or 128 plus the number of the signal that ended it, as in a shell.
//!
//! An interrupt from the terminal reaches the command as well. However this program dies, the command is
//! asked to end, the server is stopped, and its directory is removed. The exception are the few milliseconds
//! in which the command begins: a death then leaves the command behind.
#![forbid(unsafe_code)]

use std::env;
use std::ffi::OsString;
use std::io;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};

use private_postgres::{Options, Server};

/// Waits for our death as the server's guard does, then ends the command, which has 10 seconds for it. The
/// guard can't do this: it may run as a user with fewer rights than the command.
const LEASH: &str = r#"
trap '' INT TERM HUP
while read -r _; do :; done
kill -TERM "$1"
tries=0
while kill -0 "$1" && [ "$tries" -lt 100 ]; do tries=$((tries + 1)); sleep 0.1; done
kill -KILL "$1"
"#;

fn main() -> ExitCode {
    let mut arguments = env::args_os().skip(1);
    let Some(program) = arguments.next() else {
        eprintln!(
            "Say which command to run: with-postgres COMMAND ARGUMENTS... The server's address will be in \
             DATABASE_URL."
        );
        return ExitCode::from(2);
    };
    let server = match Server::start(Options::new()) {
        Ok(server) => server,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    run(&program, arguments, &server).map_or_else(
        |error| {
            eprintln!("The command {} could not be run: {error}.", program.display());
            ExitCode::from(127)
        },
        exit_code,
    )
}

fn run(
    program: &OsString,
    arguments: impl Iterator<Item = OsString>,
    server: &Server,
) -> io::Result<ExitStatus> {
    let mut command =
        Command::new(program).args(arguments).env("DATABASE_URL", server.url("postgres")).spawn()?;
    let mut leash = leash(command.id()).or_else(|error| command.kill().and(Err(error)))?;
    let status = command.wait();
    // Before its process id can belong to another process.
    leash.kill()?;
    leash.wait()?;
    status
}

fn leash(process: u32) -> io::Result<Child> {
    Command::new("/bin/sh")
        .args(["-c", LEASH, "leash", &process.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
}

fn exit_code(status: ExitStatus) -> ExitCode {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    ExitCode::from(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}
