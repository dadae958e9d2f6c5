//! The cost of requests as work grows: with live sessions, with the log, with the events of a session, and
//! with parallel requests of one session. And what auditors' questions and a rebuild cost on a long log.
//!
//! ```text
//! cargo bench --bench growth -- [--full] [--publish] [series …]
//! ```
//!
//! The series are sessions, log, events, parallel, questions and rebuild; without any, all of them.
//! Without `--bench`, as the test command runs it, each series takes seconds, and only counts are checked.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod application;
mod clients;
mod cost;
mod events;
mod feed;
mod fill;
mod hot;
mod log;
mod parallel;
mod population;
mod progress;
mod questions;
mod rebuild;
mod report;
mod scale;
mod scene;
mod sessions;
mod sheet;

use std::env;
use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use private_postgres::Server;

use report::Report;
use scale::Scale;
use scene::Scene;

type Failure = Box<dyn std::error::Error + Send + Sync>;
type Result<T> = std::result::Result<T, Failure>;

const SERIES: [&str; 6] = ["sessions", "log", "events", "parallel", "questions", "rebuild"];

/// The series that were asked for.
struct Arguments {
    is_bench: bool,
    is_full: bool,
    publishes: bool,
    series: Vec<&'static str>,
}

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let outcome = runtime.block_on(async {
        tokio::select! {
            outcome = run() => outcome,
            _ = tokio::signal::ctrl_c() => Err("stopped".into()),
        }
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("growth: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<()> {
    let arguments = Arguments::read(env::args().skip(1))?;
    let scale = match arguments {
        Arguments { is_bench: false, .. } => Scale::tiny(),
        Arguments { is_full: true, .. } => Scale::full(),
        _ => Scale::medium(),
    };
    let mut report = Report::new(arguments.publishes, !arguments.is_bench);
    let server = arguments.is_bench.then(scene::start_server).transpose()?;
    if let Some(server) = &server {
        expect_room(server, scale.disk_gb)?;
        let is_whole = SERIES.iter().all(|name| arguments.series.contains(name));
        report.tell_machine(server, arguments.is_full, is_whole)?;
    }
    for series in arguments.series {
        // Each series has a database of its own, so that none finds the rows of another.
        let scene = Scene::set(server.as_ref()).await?;
        match series {
            "sessions" => sessions::run(&scene, &scale, &report).await?,
            "log" => log::run(&scene, &scale, &report).await?,
            "events" => events::run(&scene, &scale, &report).await?,
            "questions" => questions::run(&scene, &scale, &report).await?,
            "rebuild" => rebuild::run(&scene, &scale, &report).await?,
            _ => parallel::run(&scene, &scale, &report).await?,
        }
        check_counts(&scene).await?;
        drop_database(scene, server.as_ref()).await?;
    }
    report.say("done");
    Ok(())
}

impl Arguments {
    fn read(given: impl Iterator<Item = String>) -> Result<Self> {
        let mut read = Self { is_bench: false, is_full: false, publishes: false, series: Vec::new() };
        for argument in given {
            match (argument.as_str(), SERIES.iter().find(|name| **name == argument)) {
                ("--bench", _) => read.is_bench = true,
                ("--full", _) => read.is_full = true,
                ("--publish", _) => read.publishes = true,
                (_, Some(name)) => read.series.push(name),
                _ => {
                    let known = SERIES.join(", ");
                    return Err(
                        format!("`{argument}` is neither --full, --publish nor one of {known}").into()
                    );
                }
            }
        }
        if read.publishes && !read.is_bench {
            return Err("only figures of `cargo bench` are published".into());
        }
        if read.series.is_empty() {
            read.series.extend(SERIES);
        }
        Ok(read)
    }
}

/// Checks that no request was lost: each live session has as many events as its row says.
async fn check_counts(scene: &Scene) -> Result<()> {
    let wrong = "select count(*) from (select * from session_ledger.session order by changed_at desc limit 1000) as s
        where s.version <> (select max(version) from session_ledger.event as e where e.session_id = s.session_id)";
    match scene.number(wrong).await? {
        0 => Ok(()),
        wrong => Err(format!("{wrong} sessions have another version than their last event").into()),
    }
}

/// Drops the database, to make room for the next one.
async fn drop_database(scene: Arc<Scene>, server: Option<&Server>) -> Result<()> {
    let name = scene.database.name().to_owned();
    drop(scene);
    if let Some(server) = server {
        let (client, connection) =
            tokio_postgres::connect(&server.connection_string("postgres"), tokio_postgres::NoTls).await?;
        tokio::spawn(connection);
        client.batch_execute(&format!("drop database {name} with (force)")).await?;
        client.batch_execute("checkpoint").await?;
    }
    Ok(())
}

/// Checks the space on the disk: a full disk would end the server halfway.
fn expect_room(server: &Server, wanted_gb: u64) -> Result<()> {
    let output = Command::new("df").arg("-Pk").arg(server.socket_dir()).output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let free_kb: Option<u64> =
        text.lines().nth(1).and_then(|line| line.split_whitespace().nth(3)?.parse().ok());
    match free_kb.map(|kb| kb / 1024 / 1024) {
        Some(free_gb) if free_gb < wanted_gb => Err(format!(
            "{free_gb} GB are free where the server keeps its data, and {wanted_gb} are needed: free some, or name \
             another place in TMPDIR"
        )
        .into()),
        _ => Ok(()),
    }
}

fn now_us() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_micros() as i64)
}
