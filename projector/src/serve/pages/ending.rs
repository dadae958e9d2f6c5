//! Ending a session, or all of a user: a page that asks, then the end with its reason and who did it.

use askama::Template;
use poem::web::{Form, Path, Query};
use poem::{Response, Result, handler};
use serde::Deserialize;
use session_ledger::ledger::End;
use session_ledger::session::{EndReason, EventFilter, Flash, SessionId, UserId};

use super::session::Subject;
use super::{AtDesk, page, to, unknown};
use crate::serve::access::Viewer;
use crate::serve::frame::{Frame, NOTICES};
use crate::serve::lines::short;
use crate::serve::refusal::{Refusal, unanswered};
use crate::serve::{told, url};

/// The reasons that can be chosen, and their words.
const REASONS: [(&str, &str); 3] = [
    ("revoked", "Revoked: an administrator ends it"),
    ("credential_changed", "A password or key was changed, or may be known to others"),
    ("account_disabled", "The account is closed"),
];

/// The most characters of a remark.
const REMARK_CHARS_MAX: usize = 200;

#[derive(Template)]
#[template(path = "end.html")]
struct EndPage {
    frame: Frame,
    /// What is ended.
    what: String,
    /// What follows.
    follows: &'static str,
    /// Where the form goes.
    action: String,
    /// The page to go back to.
    back: String,
    reasons: [(&'static str, &'static str); 3],
    /// The user, of whom all sessions end.
    user: Option<String>,
}

/// What the form of the page says.
#[derive(Deserialize)]
pub(crate) struct Wish {
    reason: String,
    #[serde(default)]
    remark: String,
    /// The user, of whom all sessions end.
    #[serde(default)]
    name: String,
}

#[derive(Deserialize)]
pub(crate) struct Wanted {
    #[serde(default)]
    name: String,
}

#[handler]
pub(crate) async fn confirm(viewer: Viewer, desk: AtDesk<'_>, Path(id): Path<String>) -> Result<Response> {
    viewer.must_end()?;
    let Some((id, subject)) = subject(&desk, &id).await? else {
        return unknown(&viewer, "There is no such session.", "Look for its user or address.");
    };
    viewer.looks_at(&format!("session {id}"))?;
    let of = subject.users.last().map_or_else(|| "a visitor".to_owned(), |user| told::text(user.as_str()));
    page(&EndPage {
        frame: Frame::of(&viewer, "search")?,
        what: format!("session {} of {of}", short(id)),
        follows: "No request of it takes effect any more. Its browser is signed out. This cannot be undone.",
        action: format!("/sessions/{id}/end"),
        back: format!("/sessions/{id}"),
        reasons: REASONS,
        user: None,
    })
}

#[handler]
pub(crate) async fn end_one(
    viewer: Viewer,
    desk: AtDesk<'_>,
    Path(id): Path<String>,
    Form(wish): Form<Wish>,
) -> Result<Response> {
    viewer.must_end()?;
    let Some((id, subject)) = subject(&desk, &id).await? else {
        return unknown(&viewer, "There is no such session.", "Look for its user or address.");
    };
    let reason = reason(&wish)?;
    if viewer.session.id() == Some(id) {
        return Err(Refusal::unclear("That is your own session: log out instead.").into());
    }
    let has_ended = desk.ledger.end(id, End::because(reason.clone()).by(viewer.id().clone())).await?
        || was_ended_before(&desk, id, &viewer).await?;
    let of = subject.users.last().map_or_else(|| "a visitor".to_owned(), |user| user.to_string());
    let said = if has_ended {
        viewer.has_ended(&remarked(format!("session {id} of {of}: {reason}"), &wish))?;
        tracing::info!(session = %id, user = %of.escape_debug(), by = %viewer.id(), %reason, "a session was ended");
        Flash::success("The session is ended.")
    } else {
        viewer.looks_at(&format!("session {id}"))?;
        Flash::warning("The session had ended already.")
    };
    viewer.session.flash(NOTICES, said)?;
    Ok(to(&format!("/sessions/{id}")))
}

#[handler]
pub(crate) async fn confirm_all(viewer: Viewer, Query(Wanted { name }): Query<Wanted>) -> Result<Response> {
    viewer.must_end()?;
    if name.is_empty() {
        return unknown(&viewer, "There is no such user.", "Search for a user first.");
    }
    page(&EndPage {
        frame: Frame::of(&viewer, "search")?,
        what: format!("all sessions of {}", told::text(&name)),
        follows: "All browsers of the user are signed out. The user may sign in again. This cannot be undone.",
        action: "/users/end".to_owned(),
        back: url::user(&name),
        reasons: REASONS,
        user: Some(name),
    })
}

#[handler]
pub(crate) async fn end_all(viewer: Viewer, desk: AtDesk<'_>, Form(wish): Form<Wish>) -> Result<Response> {
    viewer.must_end()?;
    let (reason, name) = (reason(&wish)?, wish.name.as_str());
    let end = End::because(reason.clone()).by(viewer.id().clone()).keep(viewer.session.id());
    let ended = desk.ledger.end_all(&UserId::from(name), end).await?;
    let told = told::count(ended as u64, "session");
    viewer.has_ended(&remarked(format!("{told} of user {name}: {reason}"), &wish))?;
    tracing::info!(user = %name.escape_debug(), by = %viewer.id(), %reason, "{told} were ended");
    let said = match ended {
        0 => Flash::warning("The user had no live session."),
        1 => Flash::success("One session is ended."),
        _ => Flash::success(format!("{told} are ended.")),
    };
    viewer.session.flash(NOTICES, said)?;
    Ok(to(&url::user(name)))
}

/// Whether an earlier run of this request has ended the session: its note was lost with that run.
async fn was_ended_before(desk: &AtDesk<'_>, id: SessionId, viewer: &Viewer) -> Result<bool> {
    if viewer.session.attempt() < 2 {
        return Ok(false);
    }
    let own = EventFilter::of_session(id).kind("ended").by(viewer.id().clone());
    Ok(!desk.ledger.events_page(&own, None, 1).await.map_err(unanswered)?.events.is_empty())
}

async fn subject(desk: &AtDesk<'_>, id: &str) -> Result<Option<(SessionId, Subject)>> {
    let Ok(id) = id.parse::<SessionId>() else { return Ok(None) };
    if desk.ledger.history_page(id, 0, 1).await?.is_empty() {
        return Ok(None);
    }
    Ok(Some((id, Subject::of(&desk.ledger, id).await?)))
}

fn reason(wish: &Wish) -> Result<EndReason> {
    let known = REASONS.iter().any(|(name, _)| *name == wish.reason);
    let unclear = || Refusal::unclear("Choose one of the reasons.");
    Ok(known.then(|| EndReason::from(wish.reason.as_str())).ok_or_else(unclear)?)
}

/// What was ended, with the remark about it.
fn remarked(what: String, wish: &Wish) -> String {
    let remark: String = wish.remark.trim().chars().take(REMARK_CHARS_MAX).collect();
    if remark.is_empty() { what } else { format!("{what}. {remark}") }
}
