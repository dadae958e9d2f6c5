//! Your devices: the library's part for applications, in the shop's own page.

use std::net::IpAddr;

use askama::Template;
use poem::{IntoResponse, Response, Result};
use session_ledger::Ledger;
use session_ledger::session::{Event, SessionId};
use session_ledger::web::{self, DevicesPage, SignedIn};
use time::OffsetDateTime;

use super::render;
use crate::frame::{Frame, NOTICES};
use crate::notes;
use crate::when::{self, Instant};

#[derive(Template)]
#[template(path = "devices.html")]
struct Devices {
    frame: Frame,
    live: Vec<Device>,
    ended: Vec<Device>,
    lately: Vec<Moment>,
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
}

/// Something that happened lately.
struct Moment {
    sentence: String,
    /// The end of its session's id.
    short: String,
    at: Instant,
    from: Option<String>,
}

/// The routes below `/devices`.
pub(crate) fn routes(ledger: Ledger) -> web::Devices {
    web::Devices::of(ledger).messages_in(NOTICES).page(show)
}

fn show(session: &SignedIn, page: &DevicesPage) -> Result<Response> {
    let now = OffsetDateTime::now_utc();
    let lines = |devices: &[web::Device]| devices.iter().map(|device| Device::new(device, now)).collect();
    let (live, ended) = (lines(&page.live), lines(&page.ended));
    let lately = page.activity.iter().map(Moment::of).collect();
    let page = Devices { frame: Frame::new(session, "/devices")?, live, ended, lately };
    Ok(render(&page)?.into_response())
}

impl Device {
    fn new(device: &web::Device, now: OffsetDateTime) -> Self {
        let session = &device.session;
        // Activity is noted about once a minute; this browser is here right now.
        let last_seen = if device.is_current { now } else { session.last_seen };
        Self {
            session: session.id,
            short: device.short(),
            browser: device.browser(),
            address: session.client_ip,
            // The browser may have been here long before this session.
            first_seen: device.first_seen().into(),
            last_seen: last_seen.into(),
            lately: match &session.ended {
                None => format!("seen {}", when::ago(last_seen, now)),
                Some((reason, at)) => format!("{}, {}", reason.in_words(), when::ago(*at, now)),
            },
            is_this_one: device.is_current,
        }
    }
}

impl Moment {
    fn of(activity: &web::Activity) -> Self {
        let sentence = match activity.entry.event() {
            Ok(Event::Noted(note)) => notes::tell(&note),
            _ => activity.what.clone(),
        };
        let short = activity.short();
        Self { sentence, short, at: activity.at.into(), from: activity.origin() }
    }
}
