//! The events of a user's sessions, all or those of one kind: such as the notes of a console's user, which
//! tell whom they looked at.

use askama::Template;
use poem::web::Query;
use poem::{Response, Result, handler};
use serde::Deserialize;
use session_ledger::session::EventFilter;

use super::{AtDesk, page};
use crate::serve::access::Viewer;
use crate::serve::frame::Frame;
use crate::serve::lines::EventLine;
use crate::serve::refusal::unanswered;
use crate::serve::{told, url};

/// How many events a page has.
const EVENTS_MAX: u32 = 100;

/// The kinds that can be chosen, and their words.
pub(super) const KINDS: [(&str, &str); 9] = [
    ("", "all"),
    ("logged_in", "logins"),
    ("reauthenticated", "proofs of identity"),
    ("noted", "notes"),
    ("impersonation_started", "acting as others"),
    ("client_changed", "changed clients"),
    ("device_seen", "devices"),
    ("factor_changed", "changed factors"),
    ("ended", "ends"),
];

#[derive(Template)]
#[template(path = "events.html")]
struct EventsPage {
    frame: Frame,
    name: String,
    /// For addresses.
    encoded: String,
    /// For the form.
    raw: String,
    kind: &'static str,
    kinds: [(&'static str, &'static str); 9],
    events: Vec<EventLine>,
    next: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Wanted {
    user: String,
    #[serde(default)]
    kind: String,
    cursor: Option<String>,
}

#[handler]
pub(crate) async fn show(
    viewer: Viewer,
    desk: AtDesk<'_>,
    Query(Wanted { user, kind, cursor }): Query<Wanted>,
) -> Result<Response> {
    let (kind, words) = kind_named(&kind);
    viewer.looks_at(&format!("events ({words}) of user {user}"))?;
    let mut filter = EventFilter::of_user(user.as_str());
    if !kind.is_empty() {
        filter = filter.kind(kind);
    }
    let found = desk.ledger.events_page(&filter, cursor.as_deref(), EVENTS_MAX).await.map_err(unanswered)?;
    page(&EventsPage {
        frame: Frame::of(&viewer, "search")?,
        name: told::text(&user),
        encoded: url::encoded(&user),
        raw: user,
        kind,
        kinds: KINDS,
        events: found.events.iter().map(EventLine::of).collect(),
        next: found.next,
    })
}

/// The kind of a name and its words; all kinds, if it is none that can be chosen.
pub(super) fn kind_named(name: &str) -> (&'static str, &'static str) {
    KINDS.iter().find(|(kind, _)| *kind == name).copied().unwrap_or(KINDS[0])
}
