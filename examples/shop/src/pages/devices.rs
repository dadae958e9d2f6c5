//! Your devices: lists all your sessions and can end each.

use std::net::IpAddr;

use askama::Template;
use poem::error::NotFoundError;
use poem::web::{Data, Html, Path};
use poem::{Response, Result, handler};
use session_ledger::Ledger;
use session_ledger::ledger::{End, SessionSummary};
use session_ledger::session::{EndReason, Flash, SessionId, UserId};
use session_ledger::web::SignedIn;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{render, to};
use crate::frame::{Frame, NOTICES};
use crate::when::{self, Instant};
use crate::{browser, story};

/// How many ended sessions the page lists.
const ENDED_MAX: usize = 20;

/// How many digits of a session's id tell it apart from a person's others.
const SHORT_DIGITS: usize = 6;

#[derive(Template)]
#[template(path = "devices.html")]
struct Devices {
    frame: Frame,
    live: Vec<Device>,
    ended: Vec<Device>,
}

/// A session for the page.
struct Device {
    session: SessionId,
    /// The end of the session's id, which tells two sessions of one browser apart.
    short: String,
    browser: String,
    address: Option<IpAddr>,
    first_seen: Instant,
    last_seen: Instant,
    /// How long ago it was last seen, or when and why it ended.
    lately: String,
    is_this_one: bool,
    is_ended: bool,
}

#[handler]
pub(crate) async fn list(session: SignedIn, ledger: Data<&Ledger>) -> Result<Html<String>> {
    let sessions = ledger.sessions(session.user()).await?;
    let now = OffsetDateTime::now_utc();
    let devices = sessions.iter().map(|summary| Device::new(summary, session.id(), now));
    let (live, mut ended): (Vec<_>, Vec<_>) = devices.partition(|device| !device.is_ended);
    ended.truncate(ENDED_MAX);
    render(&Devices { frame: Frame::new(&session, "/devices")?, live, ended })
}

/// Signs one browser out. Once this has answered, no request of that browser takes effect.
#[handler]
pub(crate) async fn end(session: SignedIn, ledger: Data<&Ledger>, Path(id): Path<Uuid>) -> Result<Response> {
    let (id, user) = (SessionId::from(id), session.user());
    if session.id() == Some(id) {
        session.logout()?;
        return Ok(to("/"));
    }
    let device = own_session(&ledger, user, id).await?;
    let (browser, short) = (browser::name(device.user_agent.as_deref()), short(id));
    let ended = ledger.end(id, End::because(EndReason::Revoked).by(user.clone())).await?;
    let said = if ended {
        Flash::success(format!("{browser} ({short}) is signed out now."))
    } else {
        Flash::warning(format!("{browser} ({short}) was signed out already."))
    };
    session.flash(NOTICES, said)?;
    Ok(to("/devices"))
}

/// Signs out all browsers but this one.
#[handler]
pub(crate) async fn end_others(session: SignedIn, ledger: Data<&Ledger>) -> Result<Response> {
    let user = session.user();
    let ended =
        ledger.end_all(user, End::because(EndReason::Revoked).by(user.clone()).keep(session.id())).await?;
    let said = match ended {
        0 => Flash::info("No other device was signed in."),
        1 => Flash::success("One other device is signed out now."),
        count => Flash::success(format!("{count} other devices are signed out now.")),
    };
    session.flash(NOTICES, said)?;
    Ok(to("/devices"))
}

/// A session of this user, live or ended. Another user's session is answered as not found.
pub(super) async fn own_session(ledger: &Ledger, user: &UserId, id: SessionId) -> Result<SessionSummary> {
    Ok(ledger.session_of(user, id).await?.ok_or(NotFoundError)?)
}

/// The last digits of a session's id. The first ones are its time, alike in sessions that began together.
fn short(session: SessionId) -> String {
    let id = session.to_string();
    format!("…{}", &id[id.len() - SHORT_DIGITS..])
}

impl Device {
    fn new(summary: &SessionSummary, this: Option<SessionId>, now: OffsetDateTime) -> Self {
        let is_this_one = summary.is_current(this);
        // Activity is noted about once a minute; this browser is here right now.
        let last_seen = if is_this_one { now } else { summary.last_seen };
        let ended = summary.ended.as_ref();
        Self {
            session: summary.id,
            short: short(summary.id),
            browser: browser::name(summary.user_agent.as_deref()),
            address: summary.client_ip,
            // The browser may have been here long before this session.
            first_seen: summary.device.map_or(summary.started_at, |device| device.first_seen()).into(),
            last_seen: last_seen.into(),
            lately: match ended {
                None => format!("seen {}", when::ago(last_seen, now)),
                Some((reason, at)) => format!("{}, {}", story::end(reason), when::ago(*at, now)),
            },
            is_this_one,
            is_ended: ended.is_some(),
        }
    }
}
