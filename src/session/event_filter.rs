//! Which events of a session or of a user somebody asks for.

use ipnet::IpNet;
use time::OffsetDateTime;

use super::cursor::{Cursor, mark};
use super::microseconds::microseconds;
use super::{SessionId, Unanswerable, UserId};

/// Which events are asked for: those of a session, or of all sessions of a user. Each condition that is added
/// leaves fewer.
///
/// ```
/// use session_ledger::session::EventFilter;
///
/// let by_admins = EventFilter::of_user("alice").kind("ended").by("admin");
/// assert_ne!(by_admins, EventFilter::of_user("alice"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventFilter {
    pub(crate) user: Option<UserId>,
    pub(crate) session: Option<SessionId>,
    pub(crate) kinds: Vec<String>,
    pub(crate) actor: Option<UserId>,
    pub(crate) network: Option<IpNet>,
    pub(crate) from: Option<OffsetDateTime>,
    pub(crate) until: Option<OffsetDateTime>,
}

/// The place of an event among all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EventPlace {
    pub(crate) session: SessionId,
    pub(crate) version: i64,
}

impl EventFilter {
    /// All events of a session.
    #[must_use]
    pub fn of_session(session: SessionId) -> Self {
        Self { session: Some(session), ..Self::nothing() }
    }

    /// All events of the sessions that are a user's, also those from before the login.
    #[must_use]
    pub fn of_user(user: impl Into<UserId>) -> Self {
        Self { user: Some(user.into()), ..Self::nothing() }
    }

    /// Those of this kind, as [`Event::kind`](super::Event::kind) names it, or of another one that is added.
    #[must_use]
    pub fn kind(mut self, kind: impl Into<String>) -> Self {
        self.kinds.push(kind.into());
        self
    }

    /// Those by this actor, who is not the session's user: an administrator, an impersonator.
    #[must_use]
    pub fn by(mut self, actor: impl Into<UserId>) -> Self {
        self.actor = Some(actor.into());
        self
    }

    /// Those that say that they came from this address, or from an address of this network. An event about a
    /// session's values says so only if that is news.
    #[must_use]
    pub fn from_network(mut self, network: impl Into<IpNet>) -> Self {
        self.network = Some(network.into().trunc());
        self
    }

    /// Those that occurred at this time or later.
    #[must_use]
    pub fn occurred_from(mut self, from: OffsetDateTime) -> Self {
        self.from = Some(from);
        self
    }

    /// Those that occurred before this time.
    #[must_use]
    pub fn occurred_before(mut self, until: OffsetDateTime) -> Self {
        self.until = Some(until);
        self
    }

    fn nothing() -> Self {
        Self {
            user: None,
            session: None,
            kinds: Vec::new(),
            actor: None,
            network: None,
            from: None,
            until: None,
        }
    }

    /// Makes sure that an event can fulfil it.
    pub(crate) fn check(&self) -> Result<(), Unanswerable> {
        match (self.from, self.until) {
            (Some(from), Some(until)) if from >= until => Err(Unanswerable::EmptySpan { from, until }),
            _ => Ok(()),
        }
    }

    /// The text that stands for a place in the answer to this question.
    pub(crate) fn cursor_at(&self, place: EventPlace) -> String {
        Cursor { at: 0, session: place.session, version: place.version }.write(self.mark())
    }

    /// The place that a cursor of this question stands for.
    pub(crate) fn place_of(&self, cursor: &str) -> Result<EventPlace, Unanswerable> {
        let Cursor { session, version, .. } = Cursor::read(cursor, self.mark())?;
        Ok(EventPlace { session, version })
    }

    fn mark(&self) -> [u8; 8] {
        let time = |at: Option<OffsetDateTime>| at.map(microseconds);
        let (user, actor) = (self.user.as_ref(), self.actor.as_ref());
        let question = (
            user.map(UserId::as_str),
            self.session.map(|session| session.to_string()),
            &self.kinds,
            actor.map(UserId::as_str),
            self.network,
            time(self.from),
            time(self.until),
        );
        mark(&format!("events {question:?}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_leads_to_its_place_and_to_no_other_question() {
        let filter = EventFilter::of_user("alice");
        let place = EventPlace { session: SessionId::new(OffsetDateTime::UNIX_EPOCH, [3; 10]), version: 7 };
        let cursor = filter.cursor_at(place);
        assert_eq!(filter.place_of(&cursor), Ok(place));
        let others = [
            EventFilter::of_user("bob"),
            EventFilter::of_session(place.session),
            filter.clone().kind("ended"),
            filter.clone().by("admin"),
            filter.clone().from_network("192.0.2.0/24".parse::<IpNet>().unwrap()),
            filter.clone().occurred_from(OffsetDateTime::UNIX_EPOCH),
            filter.clone().occurred_before(OffsetDateTime::UNIX_EPOCH),
        ];
        for other in others {
            assert_eq!(other.place_of(&cursor), Err(Unanswerable::ForeignCursor), "{other:?}");
        }
    }
}
