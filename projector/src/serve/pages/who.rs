//! Who was signed in at a moment.

use askama::Template;
use poem::web::Query;
use poem::{Response, Result, handler};
use serde::Deserialize;
use session_ledger::session::LoginFilter;
use time::{Duration, OffsetDateTime};

use super::{AtDesk, LINES_MAX, page};
use crate::serve::access::Viewer;
use crate::serve::frame::Frame;
use crate::serve::lines::LoginLine;
use crate::serve::refusal::{Refusal, unanswered};
use crate::serve::url;
use crate::serve::when::{self, Instant};

/// How many days before the moment a login may have begun, unless somebody chooses another span: any.
const DAYS: u16 = 0;

/// The spans that can be chosen; 0 is any.
const CHOICES: [(u16, &str); 5] =
    [(1, "a day"), (7, "a week"), (30, "30 days"), (365, "a year"), (0, "any time")];

#[derive(Template)]
#[template(path = "who.html")]
struct WhoPage {
    frame: Frame,
    at: Instant,
    field: String,
    days: u16,
    choices: [(u16, &'static str); 5],
    is_now: bool,
    logins: Vec<LoginLine>,
    older: Option<String>,
    /// The moment for the address of the next page.
    encoded: String,
    is_later_page: bool,
}

#[derive(Deserialize)]
pub(crate) struct Wanted {
    #[serde(default)]
    at: String,
    days: Option<u16>,
    cursor: Option<String>,
}

#[handler]
pub(crate) async fn show(
    viewer: Viewer,
    desk: AtDesk<'_>,
    Query(Wanted { at, days, cursor }): Query<Wanted>,
) -> Result<Response> {
    let now = OffsetDateTime::now_utc();
    let is_now = at.trim().is_empty();
    // A whole second, as the next page asks for the same moment; the next one, so that nobody is left out who
    // has just signed in.
    let present = now.truncate_to_second() + Duration::SECOND;
    let moment = if is_now { Some(present) } else { when::read_field(at.trim()) };
    let unclear = || Refusal::unclear("The time must look like 2026-03-04T17:20, and is taken as UTC.");
    let moment = moment.ok_or_else(unclear)?;
    let days = days.unwrap_or(DAYS);
    let told = Instant::from(moment);
    viewer.looks_at(&format!("who was signed in at {}", told.machine))?;
    let mut filter = LoginFilter::all().open_at(moment);
    if let Some(from) = moment.checked_sub(Duration::days(days.into())).filter(|_| days > 0) {
        filter = filter.began_from(from);
    }
    let found = desk.ledger.logins_page(&filter, cursor.as_deref(), LINES_MAX).await.map_err(unanswered)?;
    page(&WhoPage {
        frame: Frame::of(&viewer, "who")?,
        field: when::field(moment),
        encoded: url::encoded(told.machine.trim_end_matches('Z')),
        at: told,
        days,
        choices: CHOICES,
        is_now,
        logins: found.logins.iter().map(LoginLine::of).collect(),
        older: found.next,
        is_later_page: cursor.is_some(),
    })
}
