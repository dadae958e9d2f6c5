//! Reads the command line, runs one command, and says by the exit code how it went.
#![forbid(unsafe_code)]

use std::io::{self, BufRead, IsTerminal};
use std::process::ExitCode;

use clap::Parser;
use projector::cli::{
    Archive, Audit, Command, CommandLine, Epoch, Keys, Parked, RelayRun, Relays, Replay, Ssf,
};
use projector::relay::End;
use projector::relay::sink::Closed;
use projector::relay::target::Target;
use projector::{
    Answer, Console, Error, archive, console_user, database, dead_letters, did, end, envelope, epoch,
    failed_logins, followers, history, key_file, keys, logins, manual, migrate, output, reader, rebuild,
    relay, retain, run as jobs, serve, sessions, ssf, state_at, stats, subscriptions, sweep, verify,
};
use rand::rngs::SysRng;
use session_ledger::Ledger;
use time::OffsetDateTime;
use tracing_subscriber::EnvFilter;

/// The exit code of an error: the one that clap uses for a wrong argument.
const ERROR: u8 = 2;

#[tokio::main]
async fn main() -> ExitCode {
    let command_line = CommandLine::parse();
    let filter =
        EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level(&command_line.command)));
    let is_terminal = io::stderr().is_terminal();
    let is_coloured = projector::wants_colour(|name| std::env::var_os(name));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    log.with_ansi(is_terminal && is_coloured).init();

    let (mut out, mut notes) = (io::stdout(), io::stderr());
    let mut console = Console {
        out_is_terminal: out.is_terminal(),
        out_columns: output::terminal_columns(),
        notes_is_terminal: is_terminal,
        is_coloured,
        out: &mut out,
        notes: &mut notes,
    };
    let duty = command_line.command.duty();
    match run(command_line, &mut console).await.map_err(|error| error.of(duty)) {
        Ok(answer) => answer.into(),
        Err(error) if error.is_reader_gone() => ERROR.into(),
        Err(error) => {
            console.error(&error).ok();
            ERROR.into()
        }
    }
}

/// The least level of the log that is shown, unless `RUST_LOG` says otherwise. A relay tells its troubles in
/// the log only, as the console does; the other commands print theirs.
fn level(command: &Command) -> &'static str {
    match command {
        Command::Serve(_) => "info",
        // The library tells each end at the level info.
        Command::Sweep(_) | Command::Run(_) | Command::Ssf { .. } => "warn,projector=info",
        Command::Relay { .. } => "warn",
        _ => "error",
    }
}

async fn run(command_line: CommandLine, console: &mut Console<'_>) -> Result<Answer, Error> {
    let variable = |name: &str| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned());
    let address = || database::address(command_line.database.as_deref(), variable);
    let open = async || database::open(address()?).await;
    match command_line.command {
        Command::Migrate => migrate::run(address()?, console).await,
        Command::Verify(asked) if asked.fold => {
            verify::run_fold(&database::open_of_any_schema(address()?).await?, asked.format, console).await
        }
        Command::Verify(asked) => match asked.sample {
            Some(sessions) => verify::run_sample(&open().await?, sessions, asked.format, console).await,
            None => verify::run(&open().await?, asked.format, console).await,
        },
        Command::Rebuild(asked) => rebuild::run(&open().await?, &asked, shutdown(), console).await,
        Command::Audit(asked) => tell(asked, open, console).await,
        Command::End(asked) => {
            let order = asked.order()?;
            let mut answers = io::stdin().lock();
            let can_ask = answers.is_terminal() && console.notes_is_terminal;
            let answers = can_ask.then_some(&mut answers as &mut dyn BufRead);
            end::run(&open().await?, &order, answers, shutdown(), console).await
        }
        Command::Sweep(asked) => {
            let policy = asked.limits.policy()?;
            if asked.limits.are_unknown() {
                console.note("No limits of the application are given: only those that sessions have of their own count.")?;
            }
            let ledger = database::open_with(address()?, policy, database::CONNECTIONS_MAX).await?;
            sweep::run(&ledger, asked.schedule(), &mut SysRng, shutdown(), console).await
        }
        Command::Run(asked) => {
            let (address, policy) = (address()?, asked.limits.policy()?);
            let settings = asked.settings(&address, &mut SysRng)?;
            let ledger = database::open_with(address, policy, settings.connections_max()).await?;
            jobs::run(&ledger, settings, shutdown(), console).await
        }
        Command::Archive { command } => keep(command, open, console).await,
        Command::Retain(asked) => retain::run(&open().await?, &asked.limits(), console).await,
        Command::Relay { command } => attend(command, open, console).await,
        Command::Epoch { command: Epoch::Show } => epoch::show(&open().await?, console).await,
        Command::Epoch { command: Epoch::Raise } => epoch::raise(address()?, console).await,
        Command::Keys { command: Keys::Generate { state } } => keys::run(state, &mut SysRng, console),
        Command::Keys { command: Keys::Rotate { file } } => key_file::rotate(&file, &mut SysRng, console),
        Command::Keys { command: Keys::Retire { file, key } } => key_file::retire(&file, &key, console),
        Command::Keys { command: Keys::List { file } } => key_file::list(&file, console),
        Command::Ssf { command: Ssf::Keys { key } } => ssf::keys(&key, console),
        Command::Ssf { command: Ssf::Configuration { issuer, jwks_uri } } => {
            ssf::configuration(&issuer, &jwks_uri, console)
        }
        Command::Ssf { command: Ssf::Receiver { name, audience } } => {
            ssf::receiver_line(&name, &audience, &mut SysRng, console)
        }
        Command::Ssf { command: Ssf::Serve(asked) } => {
            let (settings, connections) = (asked.settings(&mut SysRng)?, ssf::CONNECTIONS_MAX);
            let ledger = database::open_with(address()?, database::policy(), connections).await?;
            ssf::serve(&ledger, settings, shutdown(), console).await
        }
        Command::Completions { shell } => manual::completions(shell, console),
        Command::Man { out } => manual::man(out.as_deref(), console),
        Command::Serve(asked) => serve::run(&address()?, asked, shutdown(), console).await,
        Command::ConsoleUser(asked) => console_user::run(&asked.name, asked.role, shutdown(), console).await,
    }
}

/// Runs a relay.
async fn follow(
    asked: RelayRun,
    open: impl AsyncFnOnce() -> Result<Ledger, Error>,
    console: &mut Console<'_>,
) -> Result<Answer, Error> {
    let means = asked.means(|name| std::env::var(name).ok())?;
    let mut sink = asked.to.sink(&means)?;
    let has_reader = asked.to == Target::Stdout;
    let settings = asked.settings(&mut SysRng)?;
    let stop = async {
        tokio::select! {
            () = shutdown() => End::Stopped,
            () = reader::gone(), if has_reader => End::Closed(Closed::reader_gone()),
        }
    };
    let end = relay::relay(&open().await?, &settings, sink.as_mut(), stop).await?;
    if let End::Closed(Closed { reason, is_for_good }) = end {
        let name = &settings.subscription;
        let closed =
            format!(" Subscription `{name}` is closed: `projector relay reopen {name}` lets it go on.");
        console.note(&format!("Stopped, as {reason}.{}", if is_for_good { &closed } else { "" }))?;
    }
    Ok(Answer::Yes)
}

/// Does what is to be done with subscriptions.
async fn attend(
    asked: Relays,
    open: impl AsyncFnOnce() -> Result<Ledger, Error>,
    console: &mut Console<'_>,
) -> Result<Answer, Error> {
    match asked {
        Relays::Run(asked) => follow(*asked, open, console).await,
        Relays::Create { name, filter } => {
            followers::create(&open().await?, &name, &filter.filter(), console).await
        }
        Relays::Filter { name, filter } => {
            followers::set_filter(&open().await?, &name, &filter.filter(), console).await
        }
        Relays::List { format } => subscriptions::list(&open().await?, format, console).await,
        Relays::Status { name } => subscriptions::status(&open().await?, &name, console).await,
        Relays::DeadLetters { name, format } => {
            dead_letters::list(&open().await?, name.as_deref(), format, console).await
        }
        Relays::Replay(Replay { name, from: Some(from), .. }) => {
            let from = from.at(OffsetDateTime::now_utc());
            followers::replay_from(&open().await?, &name, from, console).await
        }
        Relays::Replay(Replay { name, session, .. }) => {
            dead_letters::replay(&open().await?, &name, session, console).await
        }
        Relays::Skip(Parked { name, session, .. }) => {
            dead_letters::skip(&open().await?, &name, session, console).await
        }
        Relays::Reset { name, to, yes } => followers::reset(&open().await?, &name, to, yes, console).await,
        Relays::Schema => envelope::print(console),
        Relays::Reopen { name } => followers::reopen(&open().await?, &name, console).await,
        Relays::Drop { name } => followers::remove(&open().await?, &name, console).await,
    }
}

/// Does what is to be done with an archive.
async fn keep(
    asked: Archive,
    open: impl AsyncFnOnce() -> Result<Ledger, Error>,
    console: &mut Console<'_>,
) -> Result<Answer, Error> {
    match asked {
        Archive::List { format } => archive::list(&open().await?, format, console).await,
        Archive::Export(asked) => {
            let plan = asked.plan()?;
            archive::export(&open().await?, &plan, shutdown(), console).await
        }
        Archive::Check { from } => archive::check(&archive::Folder::open(&from)?, console),
        Archive::Restore { from } => {
            let folder = archive::Folder::open(&from)?;
            archive::restore(&open().await?, &folder, console).await
        }
    }
}

/// Answers a question about what was. One that has no answer is refused before a database is looked for.
async fn tell(
    asked: Audit,
    open: impl AsyncFnOnce() -> Result<Ledger, Error>,
    console: &mut Console<'_>,
) -> Result<Answer, Error> {
    let now = OffsetDateTime::now_utc();
    match asked {
        Audit::History(asked) if asked.did => {
            let question = asked.question_of_rows()?;
            did::run(&open().await?, &question, console).await
        }
        Audit::History(asked) => {
            let (follows, archived) = (asked.follow, asked.archive.clone());
            let question = asked.question(now)?;
            if let Some(folder) = archived {
                return history::of_archive(&archive::Folder::open(&folder)?, &question, console).await;
            }
            let ledger = open().await?;
            if !follows {
                return history::run(&ledger, &question, console).await;
            }
            let stop = async {
                tokio::select! {
                    () = shutdown() => {}
                    () = reader::gone() => {}
                }
            };
            history::follow(&ledger, &question, stop, console).await
        }
        Audit::Sessions(asked) => {
            let question = asked.question(now)?;
            sessions::run(&open().await?, &question, console).await
        }
        Audit::Logins(asked) if asked.failed => {
            let question = asked.question_of_failures(now)?;
            failed_logins::run(&open().await?, &question, console).await
        }
        Audit::Logins(asked) => {
            let question = asked.question(now)?;
            logins::run(&open().await?, &question, console).await
        }
        Audit::Who(asked) => logins::run(&open().await?, &asked.question(now), console).await,
        Audit::StateAt(asked) => state_at::run(&open().await?, &asked.question(now), console).await,
        Audit::Stats(asked) => {
            let question = asked.question(now)?;
            stats::run(&open().await?, &question, console).await
        }
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
