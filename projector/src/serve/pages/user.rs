//! A user: their sessions and their logins.

use askama::Template;
use poem::web::Query;
use poem::{Response, Result, handler};
use serde::Deserialize;
use session_ledger::session::{FailedLoginFilter, LoginFilter, SessionId, UserId};

use super::{AtDesk, LINES_MAX, page, unknown};
use crate::serve::access::Viewer;
use crate::serve::frame::Frame;
use crate::serve::lines::{FailureLine, LoginLine, SessionLine};
use crate::serve::refusal::unanswered;
use crate::serve::{told, url};

/// The most bytes of a user's id.
const ID_BYTES_MAX: usize = 255;

#[derive(Template)]
#[template(path = "user.html")]
struct UserPage {
    frame: Frame,
    name: String,
    /// For addresses.
    encoded: String,
    sessions: Vec<SessionLine>,
    older_sessions: Option<SessionId>,
    logins: Vec<LoginLine>,
    older_logins: Option<String>,
    failures: Vec<FailureLine>,
    older_failures: Option<String>,
    has_live: bool,
    may_end: bool,
    /// Whether the lists do not begin with the latest.
    is_later_page: bool,
}

#[derive(Deserialize)]
pub(crate) struct Wanted {
    name: String,
    /// The session whose predecessors are listed.
    before: Option<String>,
    /// The cursors of pages of logins and of failed logins.
    logins: Option<String>,
    failures: Option<String>,
}

#[handler]
pub(crate) async fn show(viewer: Viewer, desk: AtDesk<'_>, Query(wanted): Query<Wanted>) -> Result<Response> {
    let name = wanted.name.as_str();
    viewer.looks_at(&format!("user {name}"))?;
    if name.is_empty() || name.len() > ID_BYTES_MAX || name.contains('\0') {
        return unknown(&viewer, "There is no such user.", "A user’s id has 1 to 255 bytes.");
    }
    let user = UserId::from(name);
    let before = wanted.before.as_deref().and_then(|session| session.parse::<SessionId>().ok());
    let mut sessions = desk.ledger.sessions_page(&user, before, LINES_MAX + 1).await?;
    let failed = FailedLoginFilter::all().of_user(user.clone());
    let failed = desk.ledger.failed_logins_page(&failed, wanted.failures.as_deref(), LINES_MAX).await;
    let failed = failed.map_err(unanswered)?;
    let filter = LoginFilter::all().of_user(user);
    let logins = desk.ledger.logins_page(&filter, wanted.logins.as_deref(), LINES_MAX).await;
    let logins = logins.map_err(unanswered)?;
    let is_later_page = before.is_some() || wanted.logins.is_some() || wanted.failures.is_some();
    let is_unknown = sessions.is_empty() && logins.logins.is_empty() && failed.failed_logins.is_empty();
    if is_unknown && !is_later_page {
        let told = format!("Nothing is known of a user “{}”.", told::text(name));
        return unknown(
            &viewer,
            &told,
            "Ids are compared to the letter. Look for an address or a session instead?",
        );
    }
    let has_more = sessions.len() > LINES_MAX as usize;
    sessions.truncate(LINES_MAX as usize);
    page(&UserPage {
        frame: Frame::of(&viewer, "search")?,
        name: told::text(name),
        encoded: url::encoded(name),
        has_live: sessions.iter().any(|session| session.ended.is_none()),
        older_sessions: sessions.last().filter(|_| has_more).map(|last| last.id),
        sessions: sessions.iter().map(SessionLine::of).collect(),
        logins: logins.logins.iter().map(LoginLine::of).collect(),
        older_logins: logins.next,
        may_end: viewer.may_end(),
        failures: failed.failed_logins.iter().map(FailureLine::of).collect(),
        older_failures: failed.next,
        is_later_page,
    })
}
