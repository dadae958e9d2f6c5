//! Logins, failed logins, sessions and events as lines of tables.

use std::net::IpAddr;

use session_ledger::ledger::{FailedLogin, Login, SessionSummary};
use session_ledger::session::{EndReason, Entry, Event, Recorded, SessionId};
use time::OffsetDateTime;

use super::when::Instant;
use super::{told, url};
use crate::words;

/// How many digits of a session's id tell it apart from others of one time.
const SHORT_DIGITS: usize = 6;

/// The last digits of a session's id. The first ones are its time, alike in sessions that began together.
pub(super) fn short(session: SessionId) -> String {
    let id = session.to_string();
    format!("…{}", id.get(id.len() - SHORT_DIGITS..).unwrap_or_default())
}

/// Where a request came from.
#[derive(Clone)]
pub(super) struct From {
    pub(super) address: Option<String>,
    /// The page of the logins from there.
    pub(super) link: String,
    /// The browser's short name.
    pub(super) browser: String,
    /// All that it says of itself.
    pub(super) agent: String,
}

impl From {
    fn of(ip: Option<IpAddr>, user_agent: Option<&str>) -> Self {
        let address = ip.map(|ip| ip.to_string());
        Self {
            link: format!("/network?address={}", url::encoded(address.as_deref().unwrap_or_default())),
            address,
            browser: user_agent.map(told::browser).unwrap_or_default(),
            agent: user_agent.map(told::text).unwrap_or_default(),
        }
    }
}

/// How and when something ended.
#[derive(Clone)]
pub(super) struct End {
    pub(super) reason: String,
    pub(super) at: Instant,
    /// Whether it was neither the user nor the time.
    pub(super) is_notable: bool,
}

impl End {
    fn of((reason, at): &(EndReason, OffsetDateTime)) -> Self {
        let is_usual = matches!(
            reason,
            EndReason::LoggedOut
                | EndReason::Discarded
                | EndReason::UserSwitched
                | EndReason::IdleTimeout
                | EndReason::AbsoluteTimeout
        ) || reason.as_str() == "logged_in_again";
        Self { reason: told::reason(reason), at: (*at).into(), is_notable: !is_usual }
    }
}

/// A user with the page about them.
#[derive(Clone)]
pub(super) struct Person {
    pub(super) name: String,
    pub(super) link: String,
}

impl Person {
    pub(super) fn of(name: &str) -> Self {
        Self { name: told::text(name), link: url::user(name) }
    }
}

/// A login.
pub(super) struct LoginLine {
    pub(super) user: Option<Person>,
    pub(super) began: Instant,
    pub(super) methods: String,
    pub(super) from: From,
    pub(super) end: Option<End>,
    pub(super) ended_by: Option<Person>,
    pub(super) session: SessionId,
    pub(super) short: String,
}

impl LoginLine {
    pub(super) fn of(login: &Login) -> Self {
        Self {
            user: login.user.as_ref().map(|user| Person::of(user.as_str())),
            began: login.began_at.into(),
            methods: told::text(&login.methods.join(", ")),
            from: From::of(login.client_ip, login.user_agent.as_deref()),
            end: login.ended.as_ref().map(End::of),
            ended_by: login.ended_by.as_ref().map(|user| Person::of(user.as_str())),
            session: login.session,
            short: short(login.session),
        }
    }
}

/// A login that failed.
pub(super) struct FailureLine {
    /// As it was tried; there need not be such a user.
    pub(super) user: Option<Person>,
    pub(super) at: Instant,
    pub(super) reason: String,
    pub(super) from: From,
    pub(super) session: Option<(SessionId, String)>,
    /// How many before it were not recorded, if any.
    pub(super) left_out: Option<String>,
}

impl FailureLine {
    pub(super) fn of(failed: &FailedLogin) -> Self {
        let left_out = Some(failed.left_out).filter(|left_out| *left_out > 0);
        Self {
            user: failed.user.as_ref().map(|user| Person::of(user.as_str())),
            at: failed.failed_at.into(),
            reason: told::text(failed.reason.as_str()).replace('_', " "),
            from: From::of(failed.client_ip, failed.user_agent.as_deref()),
            session: failed.session.map(|session| (session, short(session))),
            left_out: left_out.map(|left_out| told::count(left_out, "other")),
        }
    }
}

/// A session of a user.
pub(super) struct SessionLine {
    pub(super) session: SessionId,
    pub(super) short: String,
    pub(super) started: Instant,
    pub(super) last_seen: Instant,
    pub(super) from: From,
    pub(super) end: Option<End>,
}

impl SessionLine {
    pub(super) fn of(summary: &SessionSummary) -> Self {
        Self {
            session: summary.id,
            short: short(summary.id),
            started: summary.started_at.into(),
            last_seen: summary.last_seen.into(),
            from: From::of(summary.client_ip, summary.user_agent.as_deref()),
            end: summary.ended.as_ref().map(End::of),
        }
    }
}

/// An event.
pub(super) struct EventLine {
    pub(super) session: SessionId,
    pub(super) short: String,
    pub(super) version: i64,
    pub(super) at: Instant,
    pub(super) kind: String,
    pub(super) what: String,
    pub(super) user: Option<Person>,
    pub(super) actor: Option<Person>,
    pub(super) from: Option<From>,
    /// Whether it cannot be read.
    pub(super) is_bad: bool,
}

impl EventLine {
    pub(super) fn of(recorded: &Recorded) -> Self {
        let Entry { version, occurred_at, encoded, user, actor, .. } = &recorded.entry;
        let event = recorded.entry.event();
        let client = recorded.client.as_ref();
        Self {
            session: recorded.session_id,
            short: short(recorded.session_id),
            version: *version,
            at: (*occurred_at).into(),
            kind: told::text(encoded.kind()),
            what: told::event(&recorded.entry),
            user: user.as_ref().map(|user| Person::of(user.as_str())),
            actor: actor.as_ref().map(|actor| Person::of(actor.as_str())),
            from: if words::is_client_taken_out(&recorded.entry) {
                Some(From { browser: words::TAKEN_OUT.to_owned(), ..From::of(None, None) })
            } else {
                client.map(|client| From::of(client.ip, client.user_agent.as_deref()))
            },
            is_bad: matches!(event, Err(_) | Ok(Event::Unknown(_))),
        }
    }
}
