//! Reads the command line, runs one command, and says by the exit code how it went.
#![forbid(unsafe_code)]

use std::io::{self, IsTerminal};
use std::process::ExitCode;

use clap::Parser;
use projector::cli::{Command, CommandLine, Epoch, Keys};
use projector::{
    Answer, Console, Error, database, epoch, history, keys, migrate, rebuild, relay, sessions, verify,
};
use rand::rngs::SysRng;
use session_ledger::ledger::RebuildOptions;
use tracing_subscriber::EnvFilter;

/// The exit code of an error: the one that clap uses for a wrong argument.
const ERROR: u8 = 2;

#[tokio::main]
async fn main() -> ExitCode {
    let command_line = CommandLine::parse();
    let filter =
        EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level(&command_line.command)));
    let is_terminal = io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).with_ansi(is_terminal).init();

    let (mut out, mut notes) = (io::stdout(), io::stderr());
    let mut console = Console {
        out_is_terminal: out.is_terminal(),
        notes_is_terminal: is_terminal,
        out: &mut out,
        notes: &mut notes,
    };
    let duty = command_line.command.duty();
    match run(command_line, &mut console).await.map_err(|error| error.of(duty)) {
        Ok(answer) => answer.into(),
        Err(error) if error.is_reader_gone() => ERROR.into(),
        Err(error) => {
            console.note(&format!("error: {error}")).ok();
            ERROR.into()
        }
    }
}

/// The least level of the log that is shown, unless `RUST_LOG` says otherwise. A relay tells its troubles in
/// the log only; the other commands print theirs.
fn level(command: &Command) -> &'static str {
    if matches!(command, Command::Relay(_)) { "warn" } else { "error" }
}

async fn run(command_line: CommandLine, console: &mut Console<'_>) -> Result<Answer, Error> {
    let config = || database::config(command_line.database.as_deref());
    let open = async || database::open(&config()?).await;
    match command_line.command {
        Command::Migrate => migrate::run(&config()?, console).await,
        Command::Verify => verify::run(&open().await?, console).await,
        Command::Rebuild(asked) => {
            let options = RebuildOptions::default();
            let options = if asked.while_connected { options.while_connected() } else { options };
            rebuild::run(&open().await?, options, shutdown(), console).await
        }
        Command::History(asked) => history::run(&open().await?, asked.session, asked.format, console).await,
        Command::Sessions(asked) => sessions::run(&open().await?, &asked.user, asked.format, console).await,
        Command::Relay(asked) => {
            let settings = asked.settings(&mut SysRng)?;
            relay::relay(&open().await?, &settings, &mut tokio::io::stdout(), shutdown()).await?;
            Ok(Answer::Yes)
        }
        Command::Epoch { command: Epoch::Show } => epoch::show(&open().await?, console).await,
        Command::Epoch { command: Epoch::Raise } => epoch::raise(&config()?, console).await,
        Command::Keys { command: Keys::Generate { state } } => keys::run(state, &mut SysRng, console),
    }
}

/// Ends when Ctrl-C or a supervisor asks the process to stop. A signal that cannot be listened for keeps its
/// usual effect.
async fn shutdown() {
    let interrupted = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminated = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminated = std::future::pending::<()>();
    tokio::select! {
        () = interrupted => {}
        () = terminated => {}
    }
}
