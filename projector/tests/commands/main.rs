//! The commands, called in process and as a program.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod arguments;
mod capture;
mod dashboard;
mod did;
mod end;
mod envelopes;
mod epoch;
mod follow;
mod history;
mod key_file;
mod keys;
mod logins;
mod manual;
mod migrate;
mod ocsf;
mod output;
mod rebuild;
mod rebuild_stopped;
mod relay;
mod retain_job;
mod roles;
mod run;
mod sessions;
mod state_at;
mod stats;
mod stories;
mod subscriptions;
mod sweep;
mod verify;
mod webhook;

use std::process::{Command, Output};

use clap::Parser;
use projector::cli::CommandLine;
use session_ledger::Ledger;
use test_support::Database;
use tokio_postgres::Config;
use tokio_postgres::config::Host;

/// The command that somebody types.
fn command(arguments: &[&str]) -> projector::cli::Command {
    let typed = ["projector"].iter().chain(arguments);
    CommandLine::try_parse_from(typed).unwrap().command
}

/// The program, with a database.
fn projector(config: &Config) -> Command {
    let mut command = bare_projector();
    command.env("DATABASE_URL", address(config));
    command
}

/// The program, with no database in its environment.
fn bare_projector() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_projector"));
    command.env_remove("DATABASE_URL").env_remove("RUST_LOG");
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("PG")) {
        command.env_remove(name);
    }
    command
}

/// A connection string for the same database.
fn address(config: &Config) -> String {
    let hosts = config.get_hosts().iter().map(|host| match host {
        Host::Tcp(name) => name.clone(),
        Host::Unix(folder) => folder.display().to_string(),
    });
    let hosts = hosts.collect::<Vec<_>>().join(",");
    let ports = config.get_ports().iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    let password = config.get_password().map(|password| String::from_utf8_lossy(password).into_owned());
    let pairs = [
        ("host", Some(hosts)),
        ("port", Some(ports).filter(|ports| !ports.is_empty())),
        ("user", config.get_user().map(str::to_owned)),
        ("dbname", config.get_dbname().map(str::to_owned)),
        ("password", password),
    ];
    let quoted = |value: String| value.replace('\\', "\\\\").replace('\'', "\\'");
    let pairs = pairs.into_iter().filter_map(|(key, value)| Some(format!("{key}='{}'", quoted(value?))));
    pairs.collect::<Vec<_>>().join(" ")
}

/// The ledger as commands open it.
async fn open(database: &Database) -> Ledger {
    let address = projector::database::address(Some(&address(&database.config())), |_| None).unwrap();
    projector::database::open(address).await.unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// All rows of the projection.
async fn rows(client: &tokio_postgres::Client) -> Vec<String> {
    let rows = "select to_jsonb(s)::text from session_ledger.session s
                union all select to_jsonb(e)::text from session_ledger.ended_session e order by 1";
    client.query(rows, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}
