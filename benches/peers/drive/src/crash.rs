//! A crash: all that keeps sessions is killed while changes come, and started again. Is each change that was
//! answered with 200 still there?
//!
//! Processes die here, not the machine: what a process has handed to the kernel outlives it. So this asks
//! less of a store than a power failure would.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::connection::{Call, Connection};
use crate::contestant::Contestant;
use crate::jar::Jar;
use crate::login::log_in;
use crate::postgres::Postgres;
use crate::progress::note;
use crate::workshop::Workshop;

/// Browsers of each peer, each with a connection of its own.
const BROWSERS: usize = 16;
/// How long they change their sessions before everything is killed.
const UNTIL_CRASH: Duration = Duration::from_secs(2);
/// How long a peer may answer with errors when all is started again, and the pause between two tries.
const UNTIL_BACK: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(200);

/// A browser, and what it was told last.
struct Browser {
    name: String,
    jar: Jar,
    /// The count in the last answer with 200.
    told: u64,
}

/// The sessions and changes that a crash has taken from the browsers of a peer.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Loss {
    /// Changes answered with 200.
    pub(crate) changes: u64,
    /// Of these, the ones that are gone.
    pub(crate) changes_gone: u64,
    pub(crate) sessions: u64,
    /// Sessions that cannot be read any more.
    pub(crate) sessions_gone: u64,
}

/// Kills all peers, their Redises and PostgreSQL under load, and starts all again.
pub(crate) async fn crash(
    contestants: &mut [Contestant],
    postgres: &mut Postgres,
    workshop: &Workshop,
    dir: &Path,
) -> Result<BTreeMap<&'static str, Loss>, Box<dyn Error>> {
    let (over, is_over) = watch::channel(false);
    let mut changing = JoinSet::new();
    for contestant in &*contestants {
        for nth in 0..BROWSERS {
            let name = format!("crash-{nth}");
            let mut connection = contestant.connect().await?;
            let jar = log_in(&mut connection, &name).await?;
            let browser = Browser { name, jar, told: 0 };
            let (peer, is_over) = (contestant.peer.name, is_over.clone());
            changing.spawn(async move { (peer, browse(connection, browser, is_over).await) });
        }
    }
    sleep(UNTIL_CRASH).await;
    for contestant in &mut *contestants {
        contestant.crash().await?;
    }
    postgres.crash()?;
    over.send(true)?;
    let browsers = changing.join_all().await;
    postgres.start_again().await?;
    for contestant in &mut *contestants {
        contestant.start_again(workshop, dir).await?;
    }
    let mut losses = BTreeMap::new();
    for (peer, browser) in browsers {
        let loss: &mut Loss = losses.entry(peer).or_default();
        if let Some(contestant) = contestants.iter().find(|contestant| contestant.peer.name == peer) {
            loss.add(browser.told, count(contestant, &browser).await?);
        }
    }
    Ok(losses)
}

/// Changes the session until that is not answered any more.
async fn browse(mut connection: Connection, mut browser: Browser, is_over: watch::Receiver<bool>) -> Browser {
    let Ok(change) = Call::post("/change") else { return browser };
    while !*is_over.borrow() {
        // Whoever is killed last may answer that the other one is gone.
        let Ok(answer) = connection.send(&change, browser.jar.header()).await else { break };
        browser.jar.take_in(&answer.set_cookies);
        match answer.text().parse() {
            Ok(told) if answer.is_ok() => browser.told = told,
            _ => break,
        }
    }
    browser
}

/// The count in the browser's session after the crash; none if the session is gone, or is refused for longer
/// than a peer may take to find its feet.
async fn count(contestant: &Contestant, browser: &Browser) -> Result<Option<u64>, Box<dyn Error>> {
    let (read, began) = (Call::get("/read")?, Instant::now());
    loop {
        let answer = contestant.connect().await?.send(&read, browser.jar.header()).await?;
        if !answer.status.is_server_error() {
            let count = answer.text().strip_prefix(&browser.name).and_then(|count| count.trim().parse().ok());
            return Ok(count);
        }
        let (peer, name, status) = (contestant.peer.name, &browser.name, answer.status);
        if began.elapsed() > UNTIL_BACK {
            note(&format!("{peer}: the session of {name} cannot be read after the crash"));
            return Ok(None);
        }
        note(&format!("{peer} answers {name} with {status} after the crash; asking again"));
        sleep(PAUSE).await;
    }
}

impl Loss {
    fn add(&mut self, told: u64, found: Option<u64>) {
        self.changes += told;
        // A change whose answer was lost may be there.
        self.changes_gone += told.saturating_sub(found.unwrap_or_default());
        self.sessions += 1;
        self.sessions_gone += u64::from(found.is_none());
    }
}

#[test]
fn only_what_was_answered_can_be_lost() {
    let mut loss = Loss::default();
    loss.add(40, Some(41));
    loss.add(40, Some(40));
    assert_eq!(loss, Loss { changes: 80, sessions: 2, ..Loss::default() });
    loss.add(40, Some(38));
    loss.add(40, None);
    assert_eq!(loss, Loss { changes: 160, changes_gone: 42, sessions: 4, sessions_gone: 1 });
}
