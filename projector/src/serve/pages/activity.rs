//! Logins and ends over time.

use askama::Template;
use poem::web::Query;
use poem::{Response, Result, handler};
use serde::Deserialize;
use session_ledger::session::LoginFilter;
use time::{Duration, OffsetDateTime};

use super::{AtDesk, page};
use crate::serve::access::Viewer;
use crate::serve::chart::Chart;
use crate::serve::frame::Frame;
use crate::serve::refusal::{Refusal, unanswered};
use crate::serve::url;
use crate::serve::when::{self, Instant};

#[derive(Template)]
#[template(path = "activity.html")]
struct ActivityPage {
    frame: Frame,
    chart: Chart,
    per: Per,
    from: Instant,
    until: Instant,
    /// The value of the field: until when.
    field: String,
    /// For the addresses of the spans before and after.
    before: String,
    after: Option<String>,
}

/// The length of a step.
#[derive(Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Per {
    #[default]
    Hour,
    Day,
}

impl Per {
    /// A step, and how many of them a chart has.
    fn steps(self) -> (Duration, i32) {
        match self {
            Self::Hour => (Duration::HOUR, 48),
            Self::Day => (Duration::DAY, 30),
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
        }
    }
}

#[derive(Deserialize)]
pub(crate) struct Wanted {
    #[serde(default)]
    per: Per,
    #[serde(default)]
    until: String,
}

#[handler]
pub(crate) async fn show(
    viewer: Viewer,
    desk: AtDesk<'_>,
    Query(Wanted { per, until }): Query<Wanted>,
) -> Result<Response> {
    let (now, (step, steps)) = (OffsetDateTime::now_utc(), per.steps());
    let asked = if until.trim().is_empty() { Some(now) } else { when::read_field(until.trim()) };
    let unclear = || Refusal::unclear("The time must look like 2026-03-04T17:20, and is taken as UTC.");
    let until = rounded_up(asked.ok_or_else(unclear)?, step).ok_or_else(unclear)?;
    let from = until.checked_sub(step * steps).ok_or_else(unclear)?;
    viewer.looks_at(&format!(
        "logins and ends per {} until {}",
        per.as_str(),
        Instant::from(until).machine
    ))?;
    let span = LoginFilter::all().began_from(from).began_before(until);
    let logins = desk.ledger.count_logins(&span, step).await.map_err(unanswered)?;
    let ends = desk.ledger.count_ends(from, until, step).await.map_err(unanswered)?;
    page(&ActivityPage {
        frame: Frame::of(&viewer, "activity")?,
        chart: Chart::of(from, step, steps, &logins, &ends),
        per,
        from: from.into(),
        until: until.into(),
        field: when::field(until),
        before: url::encoded(&when::field(from)),
        after: (until < now).then(|| url::encoded(&when::field(until + step * steps))),
    })
}

/// The end of the step that a moment is in; the moment itself, if a step ends there.
fn rounded_up(at: OffsetDateTime, step: Duration) -> Option<OffsetDateTime> {
    let (at, step) = (at.unix_timestamp(), step.whole_seconds());
    OffsetDateTime::from_unix_timestamp(-(-at).div_euclid(step) * step).ok()
}

#[test]
fn the_present_step_is_in_the_chart() {
    use time::macros::datetime;
    let of = |at, step| rounded_up(at, step);
    assert_eq!(of(datetime!(2026-03-04 17:20 UTC), Duration::HOUR), Some(datetime!(2026-03-04 18:00 UTC)));
    assert_eq!(of(datetime!(2026-03-04 18:00 UTC), Duration::HOUR), Some(datetime!(2026-03-04 18:00 UTC)));
    assert_eq!(of(datetime!(2026-03-04 17:20 UTC), Duration::DAY), Some(datetime!(2026-03-05 00:00 UTC)));
}
