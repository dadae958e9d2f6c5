//! The library's cost on PostgreSQL: `cargo bench --bench database`.
//!
//! Every figure stands beside others that were measured with it, in turns: the same SQL by hand, an ordinary
//! store, bare trips. The tests run this without `--bench`: then everything happens once and small, so that
//! it cannot rot.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod application;
mod conflicts;
mod drive;
mod events;
mod ground;
mod hand;
mod latency;
mod log;
mod process;
mod processes;
mod requests;
mod sizes;
mod spent;

use std::path::Path;
use std::time::Duration;

use application::CONNECTIONS;
use bench_report::{Goal, machine, markdown, publish};
use clap::Parser;
use drive::{Failure, Plan};
use ground::Ground;
use private_postgres::Server;
use requests::Field;

/// Measures the library's cost on PostgreSQL.
#[derive(Debug, Parser)]
struct Options {
    /// Measures; without it, everything happens once and small. `cargo bench` gives it.
    #[arg(long)]
    bench: bool,
    /// The number of sessions.
    #[arg(long, default_value_t = 100_000)]
    sessions: usize,
    /// The number of events in the log that is followed and replayed.
    #[arg(long, default_value_t = 10_000_000)]
    events: u64,
    /// Measures these alone: process, sizes, aborts, latency, requests, processes, spent, log.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Writes the results into `benches/RESULTS.md`.
    #[arg(long)]
    publish: bool,
    /// The number of rounds that count.
    #[arg(long, default_value_t = 7)]
    rounds: usize,
    /// The seconds for which a line is measured in each round.
    #[arg(long, default_value_t = 1.0)]
    seconds: f64,
}

impl Options {
    fn plan(&self) -> Plan {
        if self.bench {
            let slice = Duration::from_secs_f64(self.seconds);
            Plan { clients: CONNECTIONS, rounds: self.rounds, slice, requests_max: u64::MAX }
        } else {
            Plan { clients: 2, rounds: 1, slice: Duration::from_secs(60), requests_max: 1 }
        }
    }

    fn wants(&self, part: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == part)
    }

    fn sessions(&self) -> usize {
        if self.bench { self.sessions } else { 200 }
    }
}

/// Takes the results part by part: a part that is measured again replaces its old text.
struct Report<'a> {
    options: &'a Options,
    about: String,
}

impl Report<'_> {
    /// Adds a part, with the goals first, as readers look for them.
    fn add(&self, part: &str, table: &str, goals: &[Goal]) -> Result<(), Failure> {
        let goals = markdown(&Goal::HEADS, goals.iter().map(Goal::row));
        let text = format!("{}\n\n{goals}\n\n{table}", self.about);
        println!("\n{text}");
        if self.options.publish {
            let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/RESULTS.md");
            publish(&page, &format!("database-{part}"), &text)?;
        }
        Ok(())
    }
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let options = Options::parse();
    let server = ground::server()?;
    measure(&options, &server).await
}

async fn measure(options: &Options, server: &Server) -> Result<(), Failure> {
    let (plan, sessions) = (options.plan(), options.sessions());
    let amount = |measured, once| if options.bench { measured } else { once };
    let about = machine(&format!("PostgreSQL {}, fsync on", server.version()));
    let report = Report { options, about };
    if options.wants("process") {
        let ground = Ground::with_sessions(server, 1, 0).await?;
        let times = amount(20_000, 1) as u32;
        let found = process::measure(ground.application.ledger, plan.rounds * 3, times).await?;
        report.add("process", &found.table(), &found.goals())?;
    }
    if options.wants("sizes") {
        let sizes = sizes::measure(server, sessions.min(2_000), amount(500, 1)).await?;
        report.add("sizes", &sizes.table(), &sizes.goals())?;
    }
    if options.wants("aborts") {
        let counts = conflicts::count(server, sessions, amount(10_000, 32)).await?;
        report.add("aborts", &conflicts::table(&counts), &conflicts::goals(&counts))?;
    }
    if options.wants("latency") {
        let lines = latency::measure(server, plan).await?;
        report.add("latency", &latency::table(&lines), &latency::goals(&lines))?;
    }
    if options.wants("spent") {
        let ground = Ground::with_sessions(server, sessions, 0).await?;
        let field = Field::on(ground, CONNECTIONS).await?;
        let spent = spent::measure(&field, plan.rounds, amount(1_000, 1)).await?;
        report.add("spent", &spent::table(&spent), &spent::goals(&spent))?;
    }
    if options.wants("requests") {
        let ground = Ground::with_sessions(server, sessions, amount(200_000, 20) as usize).await?;
        let findings = Field::on(ground, CONNECTIONS).await?.requests(plan).await?;
        report.add("requests", &requests::table(&findings), &requests::goals(&findings))?;
    }
    if options.wants("processes") {
        let found = processes::measure(server, sessions, plan).await?;
        report.add("processes", &processes::table(&found), &processes::goals(&found))?;
    }
    if options.wants("log") {
        let events = amount(options.events, 1_000);
        let rates = log::measure(server, events as i64, plan.rounds.min(5)).await?;
        report.add("log", &rates.table(events), &rates.goals())?;
    }
    Ok(())
}
