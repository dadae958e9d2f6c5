//! Tabs of one browser that change its session at once: is every change that was answered with 200 still
//! there?

use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::task::JoinSet;

use crate::connection::{Call, Connection, Failure};
use crate::contestant::Contestant;
use crate::jar::Jar;
use crate::login::log_in;
use crate::operation::Operation;
use crate::postgres::Postgres;

const TABS: usize = 8;
/// Requests of one tab, one after the other.
const REQUESTS: usize = 10;
/// How long the handler works between reading the session and changing it.
const WORK_MS: u64 = 5;
/// Browsers that are busy at the same time.
const BROWSERS_AT_ONCE: usize = 4;

/// The observations of one browser.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Browser {
    /// Requests answered with 200.
    answered: u64,
    /// Requests answered otherwise.
    refused: u64,
    /// The count in its session afterwards.
    count: u64,
    /// Its purchases in the database.
    purchases: u64,
}

/// The results of parallel tabs, over all browsers.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Contention {
    pub(crate) answered: u64,
    pub(crate) refused: u64,
    /// Changes answered with 200 that the session does not hold.
    pub(crate) lost: u64,
    /// Changes that are in the session although the answer was not 200.
    pub(crate) unasked: u64,
    /// Purchases that the session does not count, or counts without a row: the two stores disagree.
    pub(crate) apart: u64,
    /// Orders answered with 200 that have no row, and rows of orders that were refused.
    pub(crate) rows_wrong: u64,
}

/// Lets this number of browsers do this in eight tabs each.
pub(crate) async fn contend(
    contestant: &Contestant,
    postgres: &Postgres,
    operation: Operation,
    browsers: usize,
) -> Result<Contention, Box<dyn Error>> {
    let prefix = format!("tabs-{operation}-");
    let call = Call::post(&format!("/{operation}?ms={WORK_MS}"))?;
    let mut working = JoinSet::new();
    for first in 0..BROWSERS_AT_ONCE.min(browsers) {
        let mut tabs = Vec::new();
        for _ in 0..TABS {
            tabs.push(contestant.connect().await?);
        }
        let names = (first..browsers).step_by(BROWSERS_AT_ONCE).map(|nth| format!("{prefix}{nth}")).collect();
        working.spawn(browse(tabs, names, call.clone()));
    }
    let mut seen = Vec::new();
    while let Some(browsed) = working.join_next().await {
        seen.extend(browsed??);
    }
    let purchases = match operation {
        Operation::Order => Some(postgres.purchases(contestant.peer.name, &prefix).await?),
        _ => None,
    };
    let with_purchases = seen.into_iter().map(|(name, browser)| match &purchases {
        Some(rows) => Browser { purchases: rows.get(&name).map_or(0, |rows| rows.unsigned_abs()), ..browser },
        None => browser,
    });
    Ok(judged(&with_purchases.collect::<Vec<_>>(), purchases.is_some()))
}

/// Runs one browser after the other, with the same connections.
async fn browse(
    mut tabs: Vec<Connection>,
    names: Vec<String>,
    call: Call,
) -> Result<Vec<(String, Browser)>, Failure> {
    let read = Call::get("/read")?;
    let mut seen = Vec::new();
    for name in names {
        let jar = Arc::new(Mutex::new(log_in(&mut tabs[0], &name).await?));
        let mut working = JoinSet::new();
        for tab in tabs.drain(..) {
            working.spawn(click(tab, jar.clone(), call.clone()));
        }
        let mut browser = Browser::default();
        while let Some(clicked) = working.join_next().await {
            let (tab, answered) = clicked.map_err(|error| Failure::from(error.to_string()))?;
            browser.answered += answered;
            browser.refused += REQUESTS as u64 - answered;
            tabs.push(tab);
        }
        let cookie = cookie_of(&jar);
        let answer = tabs[0].send(&read, cookie.header()).await?;
        browser.count = count_in(&answer.text(), &name)
            .ok_or_else(|| format!("{name} read {} {:?}", answer.status, answer.text()))?;
        seen.push((name, browser));
    }
    Ok(seen)
}

/// Runs one tab. Returns the number of its requests that were answered with 200.
async fn click(mut tab: Connection, jar: Arc<Mutex<Jar>>, call: Call) -> (Connection, u64) {
    let mut answered = 0;
    for _ in 0..REQUESTS {
        let cookie = cookie_of(&jar);
        if let Ok(answer) = tab.send(&call, cookie.header()).await {
            jar.lock().unwrap_or_else(PoisonError::into_inner).take_in(&answer.set_cookies);
            answered += u64::from(answer.is_ok());
        }
    }
    (tab, answered)
}

fn cookie_of(jar: &Mutex<Jar>) -> Jar {
    jar.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// The count in `NAME COUNT`, if the name is this one.
fn count_in(text: &str, name: &str) -> Option<u64> {
    text.strip_prefix(name)?.trim().parse().ok()
}

fn judged(browsers: &[Browser], have_purchases: bool) -> Contention {
    let mut all = Contention::default();
    for browser in browsers {
        all.answered += browser.answered;
        all.refused += browser.refused;
        all.lost += browser.answered.saturating_sub(browser.count);
        all.unasked += browser.count.saturating_sub(browser.answered);
        if have_purchases {
            all.apart += browser.purchases.abs_diff(browser.count);
            all.rows_wrong += browser.purchases.abs_diff(browser.answered);
        }
    }
    all
}

#[test]
fn what_was_answered_is_held_against_what_is_there() {
    let browser = |answered, refused, count, purchases| Browser { answered, refused, count, purchases };
    let lossy = judged(&[browser(80, 0, 15, 80), browser(80, 0, 20, 80)], true);
    assert_eq!(lossy, Contention { answered: 160, lost: 125, apart: 125, ..Contention::default() });
    let loud = judged(&[browser(30, 50, 30, 0)], false);
    assert_eq!(loud, Contention { answered: 30, refused: 50, ..Contention::default() });
    let untrue = judged(&[browser(30, 50, 31, 29)], true);
    assert_eq!((untrue.unasked, untrue.apart, untrue.rows_wrong), (1, 2, 1));
}

#[test]
fn a_count_is_read_for_its_own_name_only() {
    assert_eq!(count_in("tabs-1 42", "tabs-1"), Some(42));
    assert_eq!(count_in("tabs-12 42", "tabs-1"), None);
    assert_eq!(count_in("", "tabs-1"), None);
}
