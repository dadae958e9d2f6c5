//! `projector relay create`, `filter`, `reset`, `reopen` and `drop`: followers of the log are made, changed,
//! moved, opened again and removed.

use rand::rngs::SysRng;
use session_ledger::Ledger;
use session_ledger::session::FeedFilter;
use time::OffsetDateTime;

use crate::cli::{Place, random_name};
use crate::subscriptions::passes;
use crate::words::count;
use crate::{Answer, Console, Error, words};

/// Makes a subscription with a filter.
///
/// # Errors
///
/// There is one of that name, or the database is away.
pub async fn create(
    ledger: &Ledger,
    name: &str,
    filter: &FeedFilter,
    console: &mut Console<'_>,
) -> Result<Answer, Error> {
    if !ledger.create_subscription(name, filter).await? {
        return Err(Error::Arguments(format!(
            "there is a subscription `{name}` already: `projector relay filter` changes what it is delivered"
        )));
    }
    console.print(&format!(
        "Made subscription `{name}`, from the beginning of the log: {}.\n",
        passes(filter)
    ))?;
    Ok(Answer::Yes)
}

/// Gives a subscription another filter.
///
/// # Errors
///
/// There is none of that name, or the database is away.
pub async fn set_filter(
    ledger: &Ledger,
    name: &str,
    filter: &FeedFilter,
    console: &mut Console<'_>,
) -> Result<Answer, Error> {
    ledger.set_subscription_filter(name, filter).await.map_err(Error::Subscription)?;
    console.print(&format!("Subscription `{name}` is delivered {} from now on.\n", passes(filter)))?;
    Ok(Answer::Yes)
}

/// Has all events that were recorded since a moment delivered again.
///
/// # Errors
///
/// There is none of that name, the database is away, or the process needs a random name and the generator
/// fails.
pub async fn replay_from(
    ledger: &Ledger,
    name: &str,
    from: OffsetDateTime,
    console: &mut Console<'_>,
) -> Result<Answer, Error> {
    let holder = random_name(&mut SysRng)?;
    let events = ledger.rewind_subscription(name, &holder, Some(from)).await.map_err(Error::Subscription)?;
    let (events, from) = (events_of(events), words::exact(from));
    console.print(&format!(
        "Subscription `{name}` went back: {events} from {from} on will be delivered again.\n"
    ))?;
    Ok(Answer::Yes)
}

/// Moves a subscription to an end of the log, if that is confirmed.
///
/// # Errors
///
/// It is not confirmed, there is none of that name, or the database is away.
pub async fn reset(
    ledger: &Ledger,
    name: &str,
    to: Place,
    is_confirmed: bool,
    console: &mut Console<'_>,
) -> Result<Answer, Error> {
    if !is_confirmed {
        let what = match to {
            Place::Beginning => "all events would be delivered again",
            Place::Now => "what was not delivered by now would never be",
        };
        return Err(Error::Arguments(format!("nothing was changed: {what}; say --yes if that is meant")));
    }
    let holder = random_name(&mut SysRng)?;
    let moved = match to {
        Place::Beginning => ledger.rewind_subscription(name, &holder, None).await,
        Place::Now => ledger.forward_subscription(name, &holder).await,
    };
    let events = events_of(moved.map_err(Error::Subscription)?);
    console.print(&match to {
        Place::Beginning => format!("Subscription `{name}` went back: {events} will be delivered again.\n"),
        Place::Now => format!("Subscription `{name}` went on: {events} will never be delivered.\n"),
    })?;
    Ok(Answer::Yes)
}

fn events_of(number: i64) -> String {
    count(number.unsigned_abs(), "event")
}

/// Lets a subscription go on that was closed. [`Answer::No`] if it is open.
///
/// # Errors
///
/// There is none of that name, or the database is away.
pub async fn reopen(ledger: &Ledger, name: &str, console: &mut Console<'_>) -> Result<Answer, Error> {
    if ledger.reopen_subscription(name).await.map_err(Error::Subscription)? {
        console.print(&format!("Subscription `{name}` is open again: its relay goes on where it was.\n"))?;
        return Ok(Answer::Yes);
    }
    console.note(&format!("Subscription `{name}` is open."))?;
    Ok(Answer::No)
}

/// Removes a subscription that nobody holds.
///
/// # Errors
///
/// There is none of that name, or somebody holds it.
pub async fn remove(ledger: &Ledger, name: &str, console: &mut Console<'_>) -> Result<Answer, Error> {
    ledger.drop_subscription(name).await.map_err(Error::Subscription)?;
    console.print(&format!("Dropped subscription `{name}`, and its place in the log.\n"))?;
    Ok(Answer::Yes)
}
