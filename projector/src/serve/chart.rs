//! Logins and ends over time as a chart: logins upwards, ends downwards. Places are in percent, heights in
//! pixels, as in `picture.rs`.

use askama::Template;
use session_ledger::ledger::{EndCount, LoginCount};
use session_ledger::session::EndReason;
use time::{Duration, OffsetDateTime};

use super::scale::{Scale, Tick, percent};
use super::when::Instant;

/// The height of the bars in each direction, in pixels.
const BAR_HEIGHT: f64 = 110.0;

/// The place of the line between logins and ends.
const MIDDLE: f64 = 126.0;

/// Whose doing an end was.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cause {
    User,
    Time,
    Others,
}

/// Logins and ends over time.
#[derive(Template)]
#[template(path = "chart.html")]
pub(super) struct Chart {
    bars: Vec<Bar>,
    ticks: Vec<Tick>,
    /// The number at the edge of the chart.
    most: u64,
    pub(super) rows: Vec<Row>,
    summary: String,
}

struct Bar {
    class: &'static str,
    x: String,
    width: String,
    y: String,
    height: String,
    title: String,
}

/// A step with its numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) from: Instant,
    pub(super) logins: u64,
    pub(super) users: u64,
    pub(super) by_user: u64,
    pub(super) by_time: u64,
    pub(super) by_others: u64,
}

impl Chart {
    /// The chart of `steps` steps from `from` on.
    pub(super) fn of(
        from: OffsetDateTime,
        step: Duration,
        steps: i32,
        logins: &[LoginCount],
        ends: &[EndCount],
    ) -> Self {
        let scale = Scale::of(from, from + step * steps);
        let starts = (0..steps).map(|nth| from + step * nth);
        let rows: Vec<(OffsetDateTime, Row)> =
            starts.map(|start| (start, row(start, logins, ends))).collect();
        let most = rows.iter().map(|(_, row)| row.logins.max(row.ends())).max().unwrap_or(0).max(1);
        let width = 100.0 / f64::from(steps);
        let bars = rows.iter().flat_map(|(start, row)| bars(row, scale.place(*start), width, most)).collect();
        let (all_logins, all_ends) =
            rows.iter().fold((0, 0), |(logins, ends), (_, row)| (logins + row.logins, ends + row.ends()));
        Self {
            bars,
            ticks: scale.ticks(),
            most,
            summary: format!(
                "{all_logins} logins and {all_ends} ends over time. The table below has the numbers."
            ),
            rows: rows
                .into_iter()
                .map(|(_, row)| row)
                .rev()
                .filter(|row| row.logins + row.ends() > 0)
                .collect(),
        }
    }
}

impl Row {
    fn ends(&self) -> u64 {
        self.by_user + self.by_time + self.by_others
    }
}

fn row(start: OffsetDateTime, logins: &[LoginCount], ends: &[EndCount]) -> Row {
    let login = logins.iter().find(|count| count.from == start);
    let by = |cause| -> u64 {
        let counts = ends.iter().filter(|count| count.from == start && self::cause(&count.reason) == cause);
        counts.map(|count| count.sessions).sum()
    };
    Row {
        from: start.into(),
        logins: login.map_or(0, |count| count.logins),
        users: login.map_or(0, |count| count.users),
        by_user: by(Cause::User),
        by_time: by(Cause::Time),
        by_others: by(Cause::Others),
    }
}

fn bars(row: &Row, place: f64, width: f64, most: u64) -> Vec<Bar> {
    let height = |count: u64| count as f64 / most as f64 * BAR_HEIGHT;
    let bar = |class, y: f64, count: u64, noun: &str| Bar {
        class,
        x: percent(place + width * 0.12),
        width: percent(width * 0.76),
        y: format!("{y:.1}"),
        height: format!("{:.1}", height(count).max(1.5)),
        title: format!("{}: {count} {noun}", row.from.exact),
    };
    let mut bars = Vec::new();
    if row.logins > 0 {
        bars.push(bar("logins", MIDDLE - height(row.logins).max(1.5) - 1.0, row.logins, "logins"));
    }
    let mut y = MIDDLE + 1.0;
    let ends = [
        ("by-user", row.by_user, "signed out"),
        ("by-time", row.by_time, "ended by a time limit"),
        ("by-others", row.by_others, "ended for another reason"),
    ];
    for (class, count, noun) in ends.into_iter().filter(|(_, count, _)| *count > 0) {
        bars.push(bar(class, y, count, noun));
        y += height(count).max(1.5) + 1.0;
    }
    bars
}

fn cause(reason: &EndReason) -> Cause {
    match reason {
        EndReason::LoggedOut | EndReason::Discarded | EndReason::UserSwitched => Cause::User,
        EndReason::IdleTimeout | EndReason::AbsoluteTimeout => Cause::Time,
        _ => Cause::Others,
    }
}
