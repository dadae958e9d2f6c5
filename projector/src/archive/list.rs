//! `projector archive list`: the months of the log, and those that are in an archive.

use futures_util::stream;
use serde::Serialize;
use session_ledger::Ledger;
use session_ledger::ledger::{ArchivedPartition, Partition, Partitions};
use time::OffsetDateTime;

use crate::output::{self, Column, Format, Listed, whole, wrapped};
use crate::words::{count, to_second};
use crate::{Answer, Console, Error};

/// The fewest months that should be made ahead.
pub(crate) const MONTHS_AHEAD_LEAST: u64 = 2;

/// Lists the months. [`Answer::No`] if something needs to be done: too few are made ahead, or events have
/// gone where no archive takes them.
///
/// # Errors
///
/// The database is away, or the output cannot be written.
pub async fn list(ledger: &Ledger, format: Format, console: &mut Console<'_>) -> Result<Answer, Error> {
    let (found, archived) = (ledger.partitions().await?, ledger.archived_partitions().await?);
    let now = OffsetDateTime::now_utc();
    let lines =
        archived.into_iter().map(Line::archived).chain(found.months.iter().map(|one| Line::of(one, now)));
    let lines: Vec<_> = lines.map(Ok::<_, Error>).collect();
    output::write(console, format, stream::iter(lines)).await?;
    let alarms = alarms(&found);
    for alarm in &alarms {
        console.note(&format!("warning: {alarm}"))?;
    }
    Ok(if alarms.is_empty() { Answer::Yes } else { Answer::No })
}

/// What needs to be done about the partitions.
pub(crate) fn alarms(found: &Partitions) -> Vec<String> {
    let mut alarms = Vec::new();
    if found.months_ahead < MONTHS_AHEAD_LEAST {
        let months = count(found.months_ahead, "month");
        alarms.push(format!("the log has partitions for {months} to come: run `projector migrate`"));
    }
    if found.events_otherwise > 0 {
        let more = if found.events_otherwise >= Partitions::OTHERWISE_MAX { " or more" } else { "" };
        alarms.push(format!(
            "{}{more} in `event_otherwise`, as the sessions have ids outside all months: a machine's clock is wrong, or \
             `projector migrate` was not run",
            count(found.events_otherwise, "event")
        ));
    }
    alarms
}

/// One month, with all fields for the machine formats.
#[derive(Serialize)]
struct Line {
    partition: String,
    state: &'static str,
    bytes: Option<u64>,
    events: Option<u64>,
    sessions: Option<u64>,
    followers_behind: Vec<String>,
    #[serde(serialize_with = "output::exact_time_if_any")]
    archived_at: Option<OffsetDateTime>,
}

impl Line {
    fn archived(one: ArchivedPartition) -> Self {
        Self {
            partition: one.name,
            state: "archived",
            bytes: None,
            events: Some(one.events),
            sessions: Some(one.sessions),
            followers_behind: Vec::new(),
            archived_at: Some(one.archived_at),
        }
    }

    fn of(one: &Partition, now: OffsetDateTime) -> Self {
        let state = match one {
            _ if one.began_at > now => "ahead",
            _ if one.end_at > now => "present",
            _ if one.is_live => "in use",
            _ => "ended",
        };
        Self {
            partition: one.name.clone(),
            state,
            bytes: Some(one.bytes),
            events: None,
            sessions: None,
            followers_behind: one.followers_behind.clone(),
            archived_at: None,
        }
    }
}

impl Listed for Line {
    const COLUMNS: &'static [Column] = &[
        whole("PARTITION"),
        whole("STATE"),
        whole("SIZE"),
        whole("EVENTS"),
        whole("SESSIONS"),
        whole("ARCHIVED"),
        wrapped("NOT DELIVERED TO"),
    ];
    const DROPPED: &'static [&'static str] = &["SESSIONS", "EVENTS", "ARCHIVED", "NOT DELIVERED TO"];

    fn cells(&self) -> Vec<String> {
        let number = |number: Option<u64>| number.map(|number| number.to_string()).unwrap_or_default();
        vec![
            self.partition.clone(),
            self.state.to_owned(),
            self.bytes.map(size).unwrap_or_default(),
            number(self.events),
            number(self.sessions),
            self.archived_at.map(to_second).unwrap_or_default(),
            self.followers_behind.join(", "),
        ]
    }
}

/// A size in the largest unit of which there are ten.
fn size(bytes: u64) -> String {
    let units = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    let fits = units.into_iter().find(|(unit, _)| bytes >= 10 * unit);
    fits.map_or_else(|| format!("{bytes} B"), |(unit, name)| format!("{} {name}", bytes / unit))
}
