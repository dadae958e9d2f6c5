//! Measures this library against its peers: `cargo run --release -p drive` in `benches/peers` does it all.
//!
//! Builds and starts everything, logs browsers in, drives all peers in turn, and prints the results as
//! markdown. However it ends, nothing keeps running, and only the builds of cargo and pip are left behind.
#![forbid(unsafe_code)]

mod closed;
mod commits;
mod connection;
mod contest;
mod contestant;
mod crash;
mod elsewhere;
mod figures;
mod flags;
mod goals;
mod jar;
mod leash;
mod load;
mod login;
mod logouts;
mod open;
mod operation;
mod page;
mod peer;
mod postgres;
mod progress;
mod redis;
mod tables;
mod tabs;
mod versions;
mod workshop;

use std::error::Error;
use std::process::ExitCode;

use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};

use crate::contest::Contest;
use crate::flags::{Flags, Plan};
use crate::peer::{Language, Peer};
use crate::progress::note;
use crate::workshop::Workshop;

/// The exit code that a shell gives an interrupted program.
const INTERRUPTED: u8 = 130;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let plan = Flags::parse().plan();
    match until_interrupted(plan).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(INTERRUPTED),
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Whether the work came to its end. Servers end with the future that started them.
async fn until_interrupted(plan: Plan) -> Result<bool, Box<dyn Error>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        biased;
        _ = interrupt.recv() => Ok(false),
        _ = terminate.recv() => Ok(false),
        done = run(plan) => done.map(|()| true),
    }
}

async fn run(plan: Plan) -> Result<(), Box<dyn Error>> {
    if cfg!(debug_assertions) {
        return Err("Without optimisation the client would be measured, not the peers: add --release.".into());
    }
    let workshop = Workshop::find()?;
    let peers = Peer::chosen(&plan.only)?;
    note("Building the peers.");
    workshop.build().await?;
    let mut contest = Contest::open(plan.clone()).await?;
    for peer in peers {
        if peer.language == Language::Python {
            note("Installing the reference library, unless it is there already.");
            if let Err(error) = workshop.install().await {
                contest.leave_out(peer, &error.to_string());
                continue;
            }
        }
        contest.admit(peer, &workshop).await;
    }
    if contest.contestants.is_empty() {
        return Err("No peer takes part.".into());
    }
    contest.hold(&workshop).await?;
    let text = page::text(&contest, &plan, &workshop).await?;
    println!("{text}");
    if plan.publish {
        page::write(&contest, &workshop.benches(), &text)?;
    }
    Ok(())
}
