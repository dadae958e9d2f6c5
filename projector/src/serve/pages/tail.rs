//! The latest logins, failed logins or events, as they come. With the script the page is kept up to date;
//! without it there is a link to load it again.

use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use futures_util::{Stream, StreamExt, stream};
use poem::error::InternalServerError;
use poem::http::StatusCode;
use poem::web::Query;
use poem::web::sse::{Event, SSE};
use poem::{Response, Result, handler};
use serde::Deserialize;
use session_ledger::session::{EventFilter, FailedLoginFilter, LoginFilter};
use time::OffsetDateTime;

use super::events::{KINDS, kind_named};
use super::{AtDesk, page};
use crate::serve::access::Viewer;
use crate::serve::desk::Desk;
use crate::serve::frame::Frame;
use crate::serve::lines::{EventLine, FailureLine, LoginLine};
use crate::serve::refusal::unanswered;
use crate::serve::when::Instant;

/// How many lines are shown.
const LINES_MAX: u32 = 30;

/// The pause between two looks at the database, for each reader.
const PAUSE: Duration = Duration::from_secs(2);

/// How often a stream without news says that it is there.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// The latest events are looked for in spans before now, one after the other, until one has enough.
const SPANS: [time::Duration; 4] =
    [time::Duration::SECOND, time::Duration::seconds(30), time::Duration::HOUR, time::Duration::DAY];

/// The most events of such a span that are looked at.
const EVENTS_MAX: u32 = 1_000;

/// What is watched.
#[derive(Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Of {
    #[default]
    Logins,
    Failures,
    Events,
}

#[derive(Clone, Default, Deserialize)]
pub(crate) struct Wanted {
    #[serde(default)]
    of: Of,
    /// The kind of events; empty for all.
    #[serde(default)]
    kind: String,
}

#[derive(Template)]
#[template(path = "tail.html")]
struct TailPage {
    frame: Frame,
    of: Of,
    kind: &'static str,
    kinds: [(&'static str, &'static str); KINDS.len()],
    logins: Vec<LoginLine>,
    failures: Vec<FailureLine>,
    events: Vec<EventLine>,
    at: Instant,
}

/// The lines alone.
#[derive(Template, Default)]
#[template(path = "tail_lines.html")]
struct Lines {
    logins: Vec<LoginLine>,
    failures: Vec<FailureLine>,
    events: Vec<EventLine>,
}

#[handler]
pub(crate) async fn show(viewer: Viewer, desk: AtDesk<'_>, Query(wanted): Query<Wanted>) -> Result<Response> {
    viewer.looks_at(wanted.in_words())?;
    let Lines { logins, failures, events } = latest(&desk, &wanted).await?;
    page(&TailPage {
        frame: Frame::of(&viewer, "tail")?,
        of: wanted.of,
        kind: kind_named(&wanted.kind).0,
        kinds: KINDS,
        logins,
        failures,
        events,
        at: OffsetDateTime::now_utc().into(),
    })
}

/// A stream of the lines, each time that they are others. It ends with the session of its reader, and when
/// the reader is no user of the console any more.
#[handler]
pub(crate) fn follow(viewer: Viewer, desk: AtDesk<'_>, Query(wanted): Query<Wanted>) -> Result<SSE> {
    viewer.looks_at(&format!("{}, live", wanted.in_words()))?;
    let Ok(place) = Arc::clone(&desk.tails).try_acquire_owned() else {
        return Err(StatusCode::SERVICE_UNAVAILABLE.into());
    };
    let ended = viewer.session.snapshot()?.ended();
    let changes = changes(Arc::clone(&desk), viewer.name, wanted);
    let changes = changes.inspect(move |_| {
        let _ = &place;
    });
    Ok(SSE::new(changes.take_until(ended)).keep_alive(KEEP_ALIVE))
}

fn changes(desk: Arc<Desk>, name: String, wanted: Wanted) -> impl Stream<Item = Event> {
    stream::unfold((desk, name, wanted, None::<String>), async |(desk, name, wanted, shown)| {
        let mut is_late = shown.is_some();
        loop {
            if is_late {
                tokio::time::sleep(PAUSE).await;
            }
            is_late = true;
            if !matches!(desk.access.role(&name), Ok(Some(_))) {
                return None;
            }
            let lines = match latest(&desk, &wanted).await.and_then(|lines| rendered(&lines)) {
                Ok(lines) => lines,
                Err(error) => {
                    tracing::warn!(%error, "what is watched could not be read");
                    return None;
                }
            };
            if shown.as_ref() != Some(&lines) {
                let event = Event::message(lines.clone()).event_type("lines");
                return Some((event, (desk, name, wanted, Some(lines))));
            }
        }
    })
}

impl Wanted {
    fn in_words(&self) -> &'static str {
        match self.of {
            Of::Logins => "the latest logins",
            Of::Failures => "the latest failed logins",
            Of::Events => "the latest events",
        }
    }
}

async fn latest(desk: &Desk, wanted: &Wanted) -> Result<Lines> {
    let ledger = &desk.ledger;
    Ok(match wanted.of {
        Of::Logins => {
            let found = ledger.logins_page(&LoginFilter::all(), None, LINES_MAX).await.map_err(unanswered)?;
            Lines { logins: found.logins.iter().map(LoginLine::of).collect(), ..Lines::default() }
        }
        Of::Failures => {
            let found = ledger.failed_logins_page(&FailedLoginFilter::all(), None, LINES_MAX).await;
            let failures = found.map_err(unanswered)?.failed_logins;
            Lines { failures: failures.iter().map(FailureLine::of).collect(), ..Lines::default() }
        }
        Of::Events => Lines { events: latest_events(desk, &wanted.kind).await?, ..Lines::default() },
    })
}

/// The latest events of the last day, the latest first.
async fn latest_events(desk: &Desk, kind: &str) -> Result<Vec<EventLine>> {
    let (kind, until) = (kind_named(kind).0, OffsetDateTime::now_utc() + time::Duration::SECOND);
    let mut found = Vec::new();
    for span in SPANS {
        let mut filter = EventFilter::recorded_between(until - span - time::Duration::SECOND, until);
        if !kind.is_empty() {
            filter = filter.kind(kind);
        }
        found = desk.ledger.events_page(&filter, None, EVENTS_MAX).await.map_err(unanswered)?.events;
        if found.len() >= LINES_MAX as usize {
            break;
        }
    }
    Ok(found.iter().rev().take(LINES_MAX as usize).map(EventLine::of).collect())
}

/// On one line, as a message of the stream is.
fn rendered(lines: &Lines) -> Result<String> {
    let lines = lines.render().map_err(InternalServerError)?;
    Ok(lines.replace(['\n', '\r'], " "))
}
