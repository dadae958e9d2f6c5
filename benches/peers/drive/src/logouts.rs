//! A logout while a request is under way: does the session come back, and does the request still take effect?

use std::error::Error;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::connection::{Call, Connection, Failure};
use crate::contestant::Contestant;
use crate::login::log_in;
use crate::operation::Operation;
use crate::postgres::Postgres;

/// How long the handler works between reading the session and changing it; an order is not committed before.
const WORK: Duration = Duration::from_millis(20);
/// When the logout is sent, so that the handler is at work. The clock tells the order of events.
const LOGOUT_AFTER: Duration = Duration::from_millis(5);
/// Browsers that do this at the same time.
const BROWSERS_AT_ONCE: usize = 4;

/// The observations of one browser, in times since it sent the request.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Trial {
    /// The request was answered with 200.
    is_answered: bool,
    answered_after: Duration,
    /// The logout was answered with 200.
    is_logged_out: bool,
    logged_out_after: Duration,
    /// A cookie that the browser had still reads the session afterwards.
    is_alive: bool,
    /// The order is in the database.
    is_ordered: bool,
}

/// The results of logouts during requests, over all browsers.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Aftermath {
    /// Logouts that were answered with 200.
    pub(crate) logouts: u64,
    /// The logouts that were answered before the request was.
    pub(crate) overtaking: u64,
    /// Sessions that could still be read after all answers.
    pub(crate) resurrected: u64,
    /// Orders answered with 200 and in the database, although committed after the logout had been answered.
    pub(crate) orders_after: u64,
}

/// Lets this number of browsers log out during a request.
pub(crate) async fn log_out(
    contestant: &Contestant,
    postgres: &Postgres,
    operation: Operation,
    browsers: usize,
) -> Result<Aftermath, Box<dyn Error>> {
    let prefix = format!("logout-{operation}-");
    let call = Call::post(&format!("/{operation}?ms={}", WORK.as_millis()))?;
    let mut working = JoinSet::new();
    for first in 0..BROWSERS_AT_ONCE.min(browsers) {
        let connections = (contestant.connect().await?, contestant.connect().await?);
        let names = (first..browsers).step_by(BROWSERS_AT_ONCE).map(|nth| format!("{prefix}{nth}")).collect();
        working.spawn(browse(connections, names, call.clone()));
    }
    let mut trials = Vec::new();
    while let Some(browsed) = working.join_next().await {
        trials.extend(browsed??);
    }
    let purchases = postgres.purchases(contestant.peer.name, &prefix).await?;
    let trials =
        trials.into_iter().map(|(name, trial)| Trial { is_ordered: purchases.contains_key(&name), ..trial });
    Ok(judged(&trials.collect::<Vec<_>>()))
}

async fn browse(
    (mut busy, mut other): (Connection, Connection),
    names: Vec<String>,
    call: Call,
) -> Result<Vec<(String, Trial)>, Failure> {
    let mut trials = Vec::new();
    for name in names {
        let trial = attempt(&mut busy, &mut other, &name, &call).await?;
        trials.push((name, trial));
    }
    Ok(trials)
}

async fn attempt(
    busy: &mut Connection,
    other: &mut Connection,
    name: &str,
    call: &Call,
) -> Result<Trial, Failure> {
    let (logout, read) = (Call::post("/logout")?, Call::get("/read")?);
    let before = log_in(busy, name).await?;
    let start = Instant::now();
    let request = async { (busy.send(call, before.header()).await, start.elapsed()) };
    let leaving = async {
        sleep(LOGOUT_AFTER).await;
        (other.send(&logout, before.header()).await, start.elapsed())
    };
    let ((answered, answered_after), (logged_out, logged_out_after)) = tokio::join!(request, leaving);
    let (answered, logged_out) = (answered?, logged_out?);
    // The browser's present cookie; a tab or a thief may still hold the earlier one.
    let mut after = before.clone();
    let mut in_order = [(logged_out_after, &logged_out), (answered_after, &answered)];
    in_order.sort_by_key(|(at, _)| *at);
    in_order.iter().for_each(|(_, answer)| after.take_in(&answer.set_cookies));
    let mut is_alive = other.send(&read, before.header()).await?.is_ok();
    if after.header().is_some() && after.header() != before.header() {
        is_alive |= other.send(&read, after.header()).await?.is_ok();
    }
    Ok(Trial {
        is_answered: answered.is_ok(),
        answered_after,
        is_logged_out: logged_out.is_ok(),
        logged_out_after,
        is_alive,
        is_ordered: false,
    })
}

fn judged(trials: &[Trial]) -> Aftermath {
    let count = |is: &dyn Fn(&&Trial) -> bool| {
        trials.iter().filter(|trial| trial.is_logged_out).filter(is).count() as u64
    };
    Aftermath {
        logouts: count(&|_| true),
        overtaking: count(&|trial| trial.logged_out_after < trial.answered_after),
        resurrected: count(&|trial| trial.is_alive),
        // The handler began after the request was sent, so it committed after that and its work.
        orders_after: count(&|trial| trial.is_answered && trial.is_ordered && trial.logged_out_after < WORK),
    }
}

#[test]
fn the_order_of_events_is_what_the_clock_says() {
    let trial = |logged_out_ms, answered_ms, is_alive, is_ordered| Trial {
        is_answered: true,
        answered_after: Duration::from_millis(answered_ms),
        is_logged_out: true,
        logged_out_after: Duration::from_millis(logged_out_ms),
        is_alive,
        is_ordered,
    };
    let overtaken = judged(&[trial(7, 22, true, true), trial(7, 22, false, false)]);
    assert_eq!(overtaken, Aftermath { logouts: 2, overtaking: 2, resurrected: 1, orders_after: 1 });
    let unclear = judged(&[trial(21, 23, false, true)]);
    assert_eq!(unclear, Aftermath { logouts: 1, overtaking: 1, resurrected: 0, orders_after: 0 });
    let queued = judged(&[trial(25, 22, false, true)]);
    assert_eq!(queued, Aftermath { logouts: 1, overtaking: 0, resurrected: 0, orders_after: 0 });
    let failed = Trial { is_logged_out: false, ..trial(7, 22, true, true) };
    assert_eq!(judged(&[failed]), Aftermath::default());
}
