//! A logout in another process of the same peer: how long is the session still read here?

use std::error::Error;
use std::fmt;
use std::time::{Duration, Instant};

use tokio::time::sleep;

use crate::connection::{Call, Connection};
use crate::contestant::{Contestant, Twin};
use crate::login::log_in;

/// Browsers that do this, one after the other.
const BROWSERS: usize = 3;
/// The pause between two questions.
const PAUSE: Duration = Duration::from_millis(20);

/// How long sessions were read after their logout, at the longest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Stale {
    /// No answer after the logout's was of a session.
    Never,
    /// Until then.
    For(Duration),
    /// As long as anybody asked.
    Longer(Duration),
}

impl Stale {
    /// Of both, the longer one.
    fn or(self, other: Self) -> Self {
        let rank = |stale| match stale {
            Self::Never => Duration::ZERO,
            Self::For(time) => time,
            Self::Longer(_) => Duration::MAX,
        };
        if rank(self) < rank(other) { other } else { self }
    }
}

impl fmt::Display for Stale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Never => f.write_str("never"),
            Self::For(time) => write!(f, "for {:.2} s", time.as_secs_f64()),
            Self::Longer(time) => write!(f, "for more than {} s", time.as_secs()),
        }
    }
}

/// Logs browsers in and out at the contestant, and reads their sessions at its twin, before and after.
pub(crate) async fn log_out(
    contestant: &Contestant,
    twin: &Twin,
    longest: Duration,
) -> Result<Stale, Box<dyn Error>> {
    let (mut here, mut there) = (contestant.connect().await?, Connection::open(twin.address).await?);
    let mut worst = Stale::Never;
    for nth in 0..BROWSERS {
        worst = worst.or(attempt(&mut here, &mut there, &format!("elsewhere-{nth}"), longest).await?);
        if matches!(worst, Stale::Longer(_)) {
            break;
        }
    }
    Ok(worst)
}

async fn attempt(
    here: &mut Connection,
    there: &mut Connection,
    name: &str,
    longest: Duration,
) -> Result<Stale, Box<dyn Error>> {
    let (logout, read) = (Call::post("/logout")?, Call::get("/read")?);
    let jar = log_in(here, name).await?;
    let before = there.send(&read, jar.header()).await?;
    if !before.is_ok() {
        return Err(format!("The session was not read in another process: {}.", before.status).into());
    }
    let answer = here.send(&logout, jar.header()).await?;
    if !answer.is_ok() {
        return Err(format!("The logout was answered with {}.", answer.status).into());
    }
    let (start, mut stale) = (Instant::now(), Stale::Never);
    loop {
        let asked_after = start.elapsed();
        if !there.send(&read, jar.header()).await?.is_ok() {
            return Ok(stale);
        }
        if asked_after >= longest {
            return Ok(Stale::Longer(longest));
        }
        stale = Stale::For(asked_after);
        sleep(PAUSE).await;
    }
}

#[test]
fn the_longest_of_all_browsers_counts() {
    let [short, long] = [20, 3000].map(|ms| Stale::For(Duration::from_millis(ms)));
    let all = [short, long, Stale::Never].into_iter().fold(Stale::Never, Stale::or);
    assert_eq!(all.to_string(), "for 3.00 s");
    let endless = Stale::Longer(Duration::from_secs(30));
    assert_eq!(endless.or(long).to_string(), "for more than 30 s");
    assert_eq!(Stale::Never.or(Stale::Never).to_string(), "never");
}
