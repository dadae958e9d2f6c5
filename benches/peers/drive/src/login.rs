//! Logging browsers in: one, or as many as a store is to hold.

use std::error::Error;
use std::time::Duration;

use hyper::StatusCode;
use indicatif::ProgressBar;
use tokio::task::JoinSet;

use crate::connection::{Call, Connection, Failure};
use crate::contestant::Contestant;
use crate::flags::Plan;
use crate::jar::Jar;
use crate::peer::Language;
use crate::postgres::Postgres;
use crate::progress::Progress;

/// Many at once, so that commits share their flushes.
const CONNECTIONS: usize = 64;
/// The number of browsers that are away, for the peer in Python: all would take it a quarter of an hour. It
/// has as many active browsers as the others; the rest of its rows are copies, made in SQL.
const PYTHON_AWAY: usize = 2_000;

/// How often, and after which pause, a login is tried again that was answered 503, as while the disk is
/// behind. Logins are not measured.
const PUT_OFF_MAX: u32 = 20;
const PUT_OFF: Duration = Duration::from_millis(500);

/// Logs a new browser in.
pub(crate) async fn log_in(connection: &mut Connection, name: &str) -> Result<Jar, Failure> {
    let call = Call::post(&format!("/login?user={name}"))?;
    let mut answer = connection.send(&call, None).await?;
    for _ in 0..PUT_OFF_MAX {
        if answer.status != StatusCode::SERVICE_UNAVAILABLE {
            break;
        }
        tokio::time::sleep(PUT_OFF).await;
        answer = connection.send(&call, None).await?;
    }
    let mut jar = Jar::default();
    jar.take_in(&answer.set_cookies);
    if !answer.is_ok() || answer.text() != name || jar.header().is_none() {
        return Err(format!("A login was answered with {} and {:?}", answer.status, answer.text()).into());
    }
    Ok(jar)
}

/// Logs this number of browsers in at a peer.
pub(crate) async fn fill(
    contestant: &mut Contestant,
    postgres: &Postgres,
    plan: &Plan,
    progress: &Progress,
) -> Result<(), Box<dyn Error>> {
    let sessions = plan.sessions;
    let logins = match contestant.peer.language {
        Language::Rust => sessions,
        Language::Python => sessions.min(plan.active + PYTHON_AWAY),
    };
    let mut filling = JoinSet::new();
    for nth in 0..CONNECTIONS {
        let connection = contestant.connect().await?;
        filling.spawn(log_in_some(connection, (nth..logins).step_by(CONNECTIONS), progress.bar()));
    }
    while let Some(filled) = filling.join_next().await {
        contestant.browsers.active.extend(filled??);
    }
    contestant.browsers.away = contestant.browsers.active.split_off(plan.active);
    let copies = sessions.div_ceil(logins) - 1;
    if copies > 0 {
        let client = postgres.connect(contestant.peer.name).await?;
        client.execute(include_str!("multiply.sql"), &[&(copies as i64)]).await?;
    }
    contestant.stored = logins * (1 + copies);
    Ok(())
}

async fn log_in_some(
    mut connection: Connection,
    numbers: impl Iterator<Item = usize>,
    bar: ProgressBar,
) -> Result<Vec<Jar>, Failure> {
    let mut jars = Vec::new();
    for number in numbers {
        jars.push(log_in(&mut connection, &format!("browser-{number}")).await?);
        bar.inc(1);
    }
    Ok(jars)
}
