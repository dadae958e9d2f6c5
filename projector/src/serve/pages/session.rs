//! A session: its events as a picture and as a table.

use askama::Template;
use poem::web::{Path, Query};
use poem::{Response, Result, handler};
use serde::Deserialize;
use session_ledger::Ledger;
use session_ledger::ledger::SessionSummary;
use session_ledger::session::{EventFilter, SessionId, UserId};

use super::{AtDesk, page, unknown};
use crate::serve::access::Viewer;
use crate::serve::frame::Frame;
use crate::serve::lines::{EventLine, Person, SessionLine};
use crate::serve::picture::Picture;
use crate::serve::refusal::unanswered;

/// How many events a page has, in its picture and its table.
const EVENTS_MAX: u32 = 200;

/// How many logins of a session are looked at for its users.
const LOGINS_MAX: u32 = 100;

#[derive(Template)]
#[template(path = "session.html")]
struct SessionPage {
    frame: Frame,
    id: SessionId,
    users: Vec<Person>,
    /// What is known of a session to which somebody has signed in.
    summary: Option<SessionLine>,
    is_ended: bool,
    picture: Option<Picture>,
    events: Vec<EventLine>,
    /// The versions before the first event of the page before, and of the next page.
    before: Option<i64>,
    after: Option<i64>,
    may_end: bool,
    /// Whether the console knows tables of the application.
    has_tables: bool,
}

#[derive(Deserialize)]
pub(crate) struct Place {
    /// The events after this version are shown.
    #[serde(default)]
    after: i64,
}

#[handler]
pub(crate) async fn show(
    viewer: Viewer,
    desk: AtDesk<'_>,
    Path(id): Path<String>,
    Query(Place { after }): Query<Place>,
) -> Result<Response> {
    let Ok(id) = id.parse::<SessionId>() else {
        return unknown(
            &viewer,
            "That is no session’s id.",
            "It looks like 0198b5c2-7a30-7cc3-98c4-dc0c0c07398f.",
        );
    };
    viewer.looks_at(&format!("session {id}"))?;
    let after = after.max(0);
    let mut events = desk.ledger.history_page(id, after, EVENTS_MAX + 1).await?;
    if events.is_empty() && after == 0 {
        let told = format!("The log knows no session {id}.");
        return unknown(&viewer, &told, "Check the id, or look for its user or address.");
    }
    let has_more = events.len() > EVENTS_MAX as usize;
    events.truncate(EVENTS_MAX as usize);
    let subject = Subject::of(&desk.ledger, id).await?;
    page(&SessionPage {
        frame: Frame::of(&viewer, "search")?,
        id,
        users: subject.users.iter().map(|user| Person::of(user.as_str())).collect(),
        summary: subject.summary.as_ref().map(SessionLine::of),
        is_ended: subject.is_ended,
        picture: Picture::of(&events),
        before: (after > 0).then(|| (after - i64::from(EVENTS_MAX)).max(0)),
        after: events.last().filter(|_| has_more).map(|last| last.entry.version),
        events: events.iter().map(EventLine::of).collect(),
        may_end: viewer.may_end(),
        has_tables: !desk.tables.is_empty(),
    })
}

/// What is known of a session beside its events.
pub(super) struct Subject {
    /// Who has signed in to it, each once, in order.
    pub(super) users: Vec<UserId>,
    /// None of a visitor's session.
    pub(super) summary: Option<SessionSummary>,
    pub(super) is_ended: bool,
}

impl Subject {
    pub(super) async fn of(ledger: &Ledger, id: SessionId) -> Result<Self> {
        let of_kind = async |kind: &str, limit| {
            let filter = EventFilter::of_session(id).kind(kind);
            let found = ledger.events_page(&filter, None, limit).await.map_err(unanswered)?;
            Ok::<_, poem::Error>(found.events)
        };
        let logins = of_kind("logged_in", LOGINS_MAX).await?;
        let mut users: Vec<UserId> = Vec::new();
        for user in logins.into_iter().filter_map(|login| login.entry.user) {
            if users.last() != Some(&user) {
                users.push(user);
            }
        }
        let summary = match users.last() {
            Some(user) => ledger.session_of(user, id).await?,
            None => None,
        };
        let is_ended = match &summary {
            Some(summary) => summary.ended.is_some(),
            None => !of_kind("ended", 1).await?.is_empty(),
        };
        Ok(Self { users, summary, is_ended })
    }
}
