//! The latest logins, as they come and end. With the script the page is kept up to date; without it there is
//! a link to load it again.

use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use futures_util::{Stream, StreamExt, stream};
use poem::error::InternalServerError;
use poem::http::StatusCode;
use poem::web::sse::{Event, SSE};
use poem::{Response, Result, handler};
use session_ledger::session::LoginFilter;
use time::OffsetDateTime;

use super::{AtDesk, page};
use crate::serve::access::Viewer;
use crate::serve::desk::Desk;
use crate::serve::frame::Frame;
use crate::serve::lines::LoginLine;
use crate::serve::refusal::unanswered;
use crate::serve::when::Instant;

/// How many logins are shown.
const LOGINS_MAX: u32 = 30;

/// The pause between two looks at the database, for each reader.
const PAUSE: Duration = Duration::from_secs(2);

/// How often a stream without news says that it is there.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

#[derive(Template)]
#[template(path = "tail.html")]
struct TailPage {
    frame: Frame,
    logins: Vec<LoginLine>,
    at: Instant,
}

/// The lines alone.
#[derive(Template)]
#[template(path = "login_lines.html")]
struct Lines {
    logins: Vec<LoginLine>,
}

#[handler]
pub(crate) async fn show(viewer: Viewer, desk: AtDesk<'_>) -> Result<Response> {
    viewer.looks_at("the latest logins")?;
    let logins = latest(&desk).await?;
    page(&TailPage { frame: Frame::of(&viewer, "tail")?, logins, at: OffsetDateTime::now_utc().into() })
}

/// A stream of the lines, each time that they are others. It ends with the session of its reader, and when
/// the reader is no user of the console any more.
#[handler]
pub(crate) fn follow(viewer: Viewer, desk: AtDesk<'_>) -> Result<SSE> {
    viewer.looks_at("the latest logins, live")?;
    let Ok(place) = Arc::clone(&desk.tails).try_acquire_owned() else {
        return Err(StatusCode::SERVICE_UNAVAILABLE.into());
    };
    let ended = viewer.session.snapshot()?.ended();
    let changes = changes(Arc::clone(&desk), viewer.name);
    let changes = changes.inspect(move |_| {
        let _ = &place;
    });
    Ok(SSE::new(changes.take_until(ended)).keep_alive(KEEP_ALIVE))
}

fn changes(desk: Arc<Desk>, name: String) -> impl Stream<Item = Event> {
    stream::unfold((desk, name, None::<String>), async |(desk, name, shown)| {
        let mut is_late = shown.is_some();
        loop {
            if is_late {
                tokio::time::sleep(PAUSE).await;
            }
            is_late = true;
            if !matches!(desk.access.role(&name), Ok(Some(_))) {
                return None;
            }
            let lines = match latest(&desk).await.and_then(rendered) {
                Ok(lines) => lines,
                Err(error) => {
                    tracing::warn!(%error, "the latest logins could not be read");
                    return None;
                }
            };
            if shown.as_ref() != Some(&lines) {
                return Some((Event::message(lines.clone()).event_type("lines"), (desk, name, Some(lines))));
            }
        }
    })
}

async fn latest(desk: &Desk) -> Result<Vec<LoginLine>> {
    let found = desk.ledger.logins_page(&LoginFilter::all(), None, LOGINS_MAX).await.map_err(unanswered)?;
    Ok(found.logins.iter().map(LoginLine::of).collect())
}

/// On one line, as a message of the stream is.
fn rendered(logins: Vec<LoginLine>) -> Result<String> {
    let lines = Lines { logins }.render().map_err(InternalServerError)?;
    Ok(lines.replace(['\n', '\r'], " "))
}
