//! Two tables that an application derives from the log: one is never behind, the other follows.

mod devices;
mod logins_per_day;

use std::time::Duration;

use poem::listener::TcpListener;
use poem::{EndpointExt, Result, Route, Server, handler, post};
use session_ledger::ledger::ProjectionError;
use session_ledger::{KeyRing, Ledger, Session, Sessions};

use devices::Devices;
use logins_per_day::LoginsPerDay;

/// For how long a browser is known.
const DEVICES_KNOWN: Duration = Duration::from_secs(180 * 24 * 3600);

/// How often the follower looks whether there is anything new, and opens its subscription again.
const PAUSE: Duration = Duration::from_secs(1);

#[handler]
fn login(session: Session) -> Result<()> {
    Ok(session.login("alice")?)
}

/// Follows until the lease is lost, or the database.
async fn follow(ledger: &Ledger, holder: &str) -> Result<(), ProjectionError> {
    let mut followed = ledger.follow(LoginsPerDay, holder).await?;
    loop {
        let step = followed.step(500).await?;
        if step.parked > 0 {
            eprintln!("{} events are parked: see `Ledger::dead_letters`", step.parked);
        }
        if step.is_up_to_date {
            tokio::time::sleep(PAUSE).await;
        }
    }
}

async fn keep_following(ledger: Ledger) {
    let holder = format!("process {}", std::process::id());
    while let Err(error) = follow(&ledger, &holder).await {
        eprintln!("{error}");
        tokio::time::sleep(PAUSE).await;
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let ledger = Ledger::from_env()?.inline(Devices).connect().await?;
    ledger
        .transaction(async |tx| {
            Ok::<_, session_ledger::Error>(tx.batch_execute(include_str!("tables.sql")).await?)
        })
        .await?;
    tokio::spawn(keep_following(ledger.clone()));
    let sessions = Sessions::builder(ledger, KeyRing::from_env()?).known_devices(DEVICES_KNOWN).build()?;
    let app = Route::new().at("/login", post(login)).with(sessions);
    Ok(Server::new(TcpListener::bind("127.0.0.1:8080")).run(app).await?)
}
