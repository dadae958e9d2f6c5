//! What the page shows.

use std::pin::pin;

use futures_util::TryStreamExt;
use time::{Duration, OffsetDateTime};

use super::super::{Session, SignedIn};
use crate::Ledger;
use crate::ledger::{Error, QuestionError, SessionSummary};
use crate::session::{Audience, Client, Entry, Event, EventFilter, Recorded, SessionId, browser_name};
use crate::token::FormToken;

/// How many sessions are looked at, the latest started first: more than anybody has, as no other may be live.
const SESSIONS_MAX: usize = 1_000;

/// How many ended sessions the page shows.
const ENDED_MAX: usize = 20;

/// How many events the page shows.
const ACTIVITY_MAX: usize = 20;

/// How many events are looked at to find the latest ones.
const EVENTS_MAX: usize = 2_000;

/// How far back the page tells what happened.
const LATELY: Duration = Duration::days(30);

/// The kinds that users want to know of. What a session holds is for the application to tell.
const KINDS: [&str; 9] = [
    "logged_in",
    "reauthenticated",
    "impersonation_started",
    "impersonation_ended",
    "client_changed",
    "device_seen",
    "factor_changed",
    "noted",
    "ended",
];

/// How many digits of a session's id tell it apart from a person's others.
const SHORT_DIGITS: usize = 6;

/// All that the page of a user's devices shows.
#[derive(Debug)]
#[non_exhaustive]
pub struct DevicesPage {
    /// The path of the page, without a slash at its end. The forms go to `{at}/{session}/end` and
    /// `{at}/end-others`.
    pub at: String,
    /// The sessions that are signed in, the latest started first.
    pub live: Vec<Device>,
    /// The latest of those that have ended.
    pub ended: Vec<Device>,
    /// What happened in the last 30 days, the latest first: logins, ends, changed factors and the
    /// application's notes.
    pub activity: Vec<Activity>,
    /// The token for the page's forms, where [`Csrf`](crate::web::Csrf) asks for tokens.
    pub form_token: Option<FormToken>,
}

/// One of the user's sessions.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Device {
    /// The session.
    pub session: SessionSummary,
    /// Whether it is the one that the page is shown to.
    pub is_current: bool,
}

/// Something that happened in one of the user's sessions.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Activity {
    /// The session.
    pub session: SessionId,
    /// What happened, as a sentence to the user. It is no HTML.
    pub what: String,
    /// The event itself, for an application that tells its own notes in words of its own.
    pub entry: Entry,
    /// When.
    pub at: OffsetDateTime,
    /// The browser and the address that it came from, as far as they are known.
    pub client: Option<Client>,
}

impl Device {
    pub(super) fn of(session: SessionSummary, current: Option<SessionId>) -> Self {
        let is_current = session.is_current(current);
        Self { session, is_current }
    }

    /// The browser's short name, such as "Firefox on Linux".
    pub fn browser(&self) -> String {
        browser_name(self.session.user_agent.as_deref().unwrap_or_default())
    }

    /// The last digits of the session's id, which tell two sessions of one browser apart. The first digits
    /// are its time, alike in sessions that began together.
    pub fn short(&self) -> String {
        short(self.session.id)
    }

    /// When the browser first signed in. Without device cookies, when the session started.
    pub fn first_seen(&self) -> OffsetDateTime {
        self.session.device.map_or(self.session.started_at, |device| device.first_seen())
    }
}

impl DevicesPage {
    pub(super) async fn of(ledger: &Ledger, session: &SignedIn, at: String) -> poem::Result<Self> {
        let (live, ended) = devices(ledger, session).await?;
        let since = OffsetDateTime::now_utc() - LATELY;
        let activity = activity(ledger, session, since).await?;
        Ok(Self { at, live, ended, activity, form_token: Session::form_token(session)? })
    }
}

/// The user's sessions: those that are live, and the latest of the others.
async fn devices(ledger: &Ledger, session: &SignedIn) -> Result<(Vec<Device>, Vec<Device>), Error> {
    let (mut live, mut ended) = (Vec::new(), Vec::new());
    let mut sessions = pin!(ledger.sessions_stream(session.user()));
    for _ in 0..SESSIONS_MAX {
        let Some(found) = sessions.try_next().await? else { break };
        let has_ended = found.ended.is_some();
        let device = Device::of(found, session.id());
        match has_ended {
            false => live.push(device),
            true if ended.len() < ENDED_MAX => ended.push(device),
            true => {}
        }
    }
    Ok((live, ended))
}

/// What happened in the user's sessions since then, the latest first.
async fn activity(
    ledger: &Ledger,
    session: &SignedIn,
    since: OffsetDateTime,
) -> Result<Vec<Activity>, QuestionError> {
    let filter = EventFilter::of_user(session.user().clone()).occurred_from(since);
    let filter = KINDS.into_iter().fold(filter, EventFilter::kind);
    let mut events = pin!(ledger.events_stream(filter));
    let mut latest: Vec<Activity> = Vec::new();
    for _ in 0..EVENTS_MAX {
        let Some(recorded) = events.try_next().await? else { break };
        latest.extend(Activity::of(&recorded));
        // Few are kept: they come session after session, not in the order of their times.
        if latest.len() >= 2 * ACTIVITY_MAX {
            keep_latest(&mut latest);
        }
    }
    keep_latest(&mut latest);
    Ok(latest)
}

fn short(session: SessionId) -> String {
    let id = session.to_string();
    format!("…{}", &id[id.len() - SHORT_DIGITS..])
}

fn keep_latest(activity: &mut Vec<Activity>) {
    activity.sort_by_key(|one| std::cmp::Reverse(one.at));
    activity.truncate(ACTIVITY_MAX);
}

impl Activity {
    /// None for a login from a browser that was known: the login is told already.
    fn of(recorded: &Recorded) -> Option<Self> {
        let (entry, session) = (&recorded.entry, recorded.session_id);
        if matches!(entry.event(), Ok(Event::DeviceSeen(seen)) if !seen.is_new) {
            return None;
        }
        let (what, client) = (entry.in_words(Audience::User), recorded.client.clone());
        Some(Self { session, what, entry: entry.clone(), at: entry.occurred_at, client })
    }

    /// The last digits of the session's id, as [`Device::short`] tells them.
    pub fn short(&self) -> String {
        short(self.session)
    }

    /// The browser's short name and the address, as far as they are known: "Firefox on Linux, 192.0.2.7".
    pub fn origin(&self) -> Option<String> {
        let client = self.client.as_ref()?;
        let browser = client.user_agent.as_deref().map(browser_name);
        let known: Vec<_> = browser.into_iter().chain(client.ip.map(|ip| ip.to_string())).collect();
        (!known.is_empty()).then(|| known.join(", "))
    }
}
