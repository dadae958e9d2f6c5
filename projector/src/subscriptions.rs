//! `projector relay list` and `status`: the followers of the log, and how far each lags behind.

use futures_util::stream;
use serde::Serialize;
use session_ledger::Ledger;
use session_ledger::ledger::{SubscriptionError, SubscriptionSummary};
use session_ledger::session::{FeedFilter, UserId};
use time::OffsetDateTime;

use crate::output::{self, Column, Format, Listed, whole};
use crate::{Answer, Console, Error, words};

/// Lists the subscriptions by their names. [`Answer::No`] if there are none.
///
/// # Errors
///
/// The database is away, or the output cannot be written.
pub async fn list(ledger: &Ledger, format: Format, console: &mut Console<'_>) -> Result<Answer, Error> {
    let listed = ledger.subscriptions().await?;
    let is_empty = listed.is_empty();
    if is_empty {
        console.note("There is no subscription: `projector relay create` makes one.")?;
    }
    let lines = listed.into_iter().map(|one| Ok::<_, Error>(Line::from(one)));
    output::write(console, format, stream::iter(lines)).await?;
    Ok(if is_empty { Answer::No } else { Answer::Yes })
}

/// Tells how one subscription is. [`Answer::No`] if it has dead letters, or is closed.
///
/// # Errors
///
/// There is none of that name, the database is away, or the output cannot be written.
pub async fn status(ledger: &Ledger, name: &str, console: &mut Console<'_>) -> Result<Answer, Error> {
    let listed = ledger.subscriptions().await?;
    let known: Vec<_> = listed.iter().map(|one| one.name.clone()).collect();
    let Some(summary) = listed.into_iter().find(|one| one.name == name) else {
        let name = name.to_owned();
        return Err(Error::Subscription(SubscriptionError::Unknown { name, known }));
    };
    let wants_attention = summary.dead_letters > 0 || summary.closed.is_some();
    console.print(&status_of(&summary))?;
    Ok(if wants_attention { Answer::No } else { Answer::Yes })
}

/// What there is to say of a subscription, a line each.
fn status_of(summary: &SubscriptionSummary) -> String {
    let time = |at: &OffsetDateTime| words::to_second(*at);
    let since = summary.lag_since.iter().map(|at| format!(", the first from {}", time(at)));
    let held = summary.held.as_ref();
    let lines = [
        ("subscription", summary.name.clone()),
        ("is delivered", passes(&summary.filter)),
        ("lag", format!("{}{}", bounded(summary.lag), since.collect::<String>())),
        ("held by", held.map_or("nobody".to_owned(), |(who, until)| format!("{who} until {}", time(until)))),
        ("last moved", summary.moved_at.as_ref().map_or("never".to_owned(), time)),
        ("dead letters", bounded(summary.dead_letters)),
        ("parked sessions", bounded(summary.parked_sessions)),
    ];
    let closed = summary.closed.iter().map(|(at, why)| ("closed", format!("since {}, as {why}", time(at))));
    lines.into_iter().chain(closed).map(|(name, value)| format!("{name:<16} {value}\n")).collect()
}

/// What a filter lets pass, in words.
pub(crate) fn passes(filter: &FeedFilter) -> String {
    let kinds = filter.kinds.iter().map(|kind| format!("`{kind}`"));
    let notes = filter.notes.iter().map(|name| format!("notes `{name}`"));
    let facts: Vec<_> = kinds.chain(notes).collect();
    let facts = if facts.is_empty() { "all events".to_owned() } else { facts.join(", ") };
    if filter.users.is_empty() {
        return facts;
    }
    let users: Vec<_> = filter.users.iter().map(UserId::as_str).collect();
    format!("{facts} of {}", users.join(", "))
}

/// A number that is counted up to a bound.
fn bounded(number: i64) -> String {
    if number < SubscriptionSummary::LAG_MAX { number.to_string() } else { format!("{number} or more") }
}

/// One subscription, with all fields for the machine formats.
#[derive(Serialize)]
struct Line {
    name: String,
    delivered: i64,
    lag: i64,
    /// Whether the lag was counted to its end.
    lag_is_exact: bool,
    #[serde(serialize_with = "output::exact_time_if_any")]
    lag_since: Option<OffsetDateTime>,
    holder: Option<String>,
    #[serde(serialize_with = "output::exact_time_if_any")]
    held_until: Option<OffsetDateTime>,
    #[serde(serialize_with = "output::exact_time_if_any")]
    moved_at: Option<OffsetDateTime>,
    dead_letters: i64,
    parked_sessions: i64,
    #[serde(serialize_with = "output::exact_time_if_any")]
    closed_at: Option<OffsetDateTime>,
    closed_reason: Option<String>,
    /// What it is delivered, in words.
    filter: String,
}

impl From<SubscriptionSummary> for Line {
    fn from(summary: SubscriptionSummary) -> Self {
        let (holder, held_until) = summary.held.unzip();
        let (closed_at, closed_reason) = summary.closed.unzip();
        Self {
            name: summary.name,
            delivered: summary.delivered,
            lag: summary.lag,
            lag_is_exact: summary.lag < SubscriptionSummary::LAG_MAX,
            lag_since: summary.lag_since,
            holder,
            held_until,
            moved_at: summary.moved_at,
            dead_letters: summary.dead_letters,
            parked_sessions: summary.parked_sessions,
            closed_at,
            closed_reason,
            filter: passes(&summary.filter),
        }
    }
}

impl Listed for Line {
    const COLUMNS: &'static [Column] = &[
        whole("NAME"),
        whole("LAG"),
        whole("SINCE"),
        whole("DELIVERED"),
        whole("MOVED"),
        whole("HELD BY"),
        whole("DEAD"),
        whole("PARKED"),
        whole("CLOSED"),
    ];
    const DROPPED: &'static [&'static str] = &["MOVED", "DELIVERED", "SINCE", "HELD BY"];

    fn cells(&self) -> Vec<String> {
        let time = |at: Option<OffsetDateTime>| at.map(words::to_second).unwrap_or_default();
        vec![
            self.name.clone(),
            bounded(self.lag),
            time(self.lag_since),
            self.delivered.to_string(),
            time(self.moved_at),
            self.holder.clone().unwrap_or_default(),
            if self.dead_letters > 0 { bounded(self.dead_letters) } else { String::new() },
            if self.parked_sessions > 0 { bounded(self.parked_sessions) } else { String::new() },
            time(self.closed_at),
        ]
    }
}

/// Says that there is no subscription of a name: with the one that was perhaps meant, or with all.
pub(crate) fn unknown(name: &str, known: &[String]) -> String {
    let near = known.iter().map(|one| (distance(name, one), one)).min();
    match near {
        Some((letters, near)) if letters <= name.chars().count().div_ceil(3) => {
            format!(
                "there is no subscription `{name}`; did you mean `{near}`? There are `{}`",
                known.join("`, `")
            )
        }
        Some(_) => format!("there is no subscription `{name}`; there are `{}`", known.join("`, `")),
        None => format!("there is no subscription `{name}`, nor any other"),
    }
}

/// The error of a command about subscriptions, in words.
pub(crate) fn told(error: &SubscriptionError) -> String {
    match error {
        SubscriptionError::Unknown { name, known } => unknown(name, known),
        other => other.to_string(),
    }
}

/// How many letters must be added, removed or replaced to make one word the other (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    // The distances of what was read of `one` to each beginning of `other`.
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (nth, letter) in one.chars().enumerate() {
        let mut corner = nth;
        row[0] = nth + 1;
        for (at, matched) in other.iter().enumerate() {
            let replaced = corner + usize::from(letter != *matched);
            corner = row[at + 1];
            row[at + 1] = replaced.min(corner + 1).min(row[at] + 1);
        }
    }
    row.last().copied().unwrap_or_default()
}

#[test]
fn the_nearest_name_is_suggested_if_it_is_near() {
    assert_eq!(["audit", "adit", "audti", "", "mailer"].map(|word| distance(word, "audit")), [0, 1, 2, 5, 5]);
    let known = ["audit".to_owned(), "mailer".to_owned()];
    let all = "`audit`, `mailer`";
    assert_eq!(
        unknown("adit", &known),
        format!("there is no subscription `adit`; did you mean `audit`? There are {all}")
    );
    assert_eq!(unknown("billing", &known), format!("there is no subscription `billing`; there are {all}"));
    assert_eq!(unknown("adit", &[]), "there is no subscription `adit`, nor any other");
}
