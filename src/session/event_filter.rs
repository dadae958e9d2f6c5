//! Which events somebody asks for.

use ipnet::IpNet;
use time::OffsetDateTime;

use super::cursor::{Cursor, mark};
use super::microseconds::{from_microseconds, microseconds};
use super::scope::span_of;
use super::{EndReason, Scope, SessionId, Unanswerable, UserId};

/// Which events are asked for: those of a session, of all sessions of a user, or of all sessions in a span
/// of time. Each condition that is added leaves fewer.
///
/// ```
/// use session_ledger::session::EventFilter;
///
/// let by_admins = EventFilter::of_user("alice").kind("ended").by("admin");
/// assert_ne!(by_admins, EventFilter::of_user("alice"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventFilter {
    /// Of the user's sessions; the times are those of occurring.
    pub(crate) scope: Scope,
    pub(crate) session: Option<SessionId>,
    pub(crate) kinds: Vec<String>,
    pub(crate) actor: Option<UserId>,
    pub(crate) reason: Option<EndReason>,
    /// From when and until when it was recorded.
    pub(crate) recorded: Option<(OffsetDateTime, OffsetDateTime)>,
}

/// The place of an event in the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EventPlace {
    /// When it was recorded; 1970 where answers are not in the order of time.
    pub(crate) at: OffsetDateTime,
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
        Self::nothing().of(user)
    }

    /// All events of all sessions that were recorded in this span of time, `until` not counted. The time is
    /// the database's own when it wrote them: the end of a session whose time was over has
    /// [occurred](super::Entry::occurred_at) before, at the deadline.
    ///
    /// They come in the order of that time. An event that is being written may get a time before the last
    /// one of a page, so this is for the past. [`Ledger::subscription`](crate::Ledger::subscription) follows
    /// what is to come.
    #[must_use]
    pub fn recorded_between(from: OffsetDateTime, until: OffsetDateTime) -> Self {
        Self { recorded: Some((from, until)), ..Self::nothing() }
    }

    /// Those of sessions that are this user's. A session's id that a browser has sent is so asked for in the
    /// name of its user: another user's session is [not found](crate::ledger::QuestionError::NoSuchSession).
    ///
    /// ```no_run
    /// use poem::web::{Data, Path};
    /// use poem::{Result, handler};
    /// use session_ledger::session::EventFilter;
    /// use session_ledger::web::SignedIn;
    /// use session_ledger::{Ledger, SessionId};
    ///
    /// #[handler]
    /// async fn history(session: SignedIn, ledger: Data<&Ledger>, id: Path<uuid::Uuid>) -> Result<String> {
    ///     let filter = EventFilter::of_session(SessionId::from(id.0)).of(session.user().clone());
    ///     // Answered with 404 if it is somebody else's.
    ///     let page = ledger.events_page(&filter, None, 50).await?;
    ///     Ok(format!("{} events", page.events.len()))
    /// }
    /// ```
    #[must_use]
    pub fn of(mut self, user: impl Into<UserId>) -> Self {
        self.scope.user = Some(user.into());
        self
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
        self.scope.network = Some(network.into().trunc());
        self
    }

    /// Those that occurred at this time or later.
    #[must_use]
    pub fn occurred_from(mut self, from: OffsetDateTime) -> Self {
        self.scope.from = Some(from);
        self
    }

    /// Those that occurred before this time.
    #[must_use]
    pub fn occurred_before(mut self, until: OffsetDateTime) -> Self {
        self.scope.until = Some(until);
        self
    }

    /// Those that have ended a session for this reason.
    #[must_use]
    pub fn ended_because(mut self, reason: EndReason) -> Self {
        self.reason = Some(reason);
        self
    }

    fn nothing() -> Self {
        Self {
            scope: Scope::default(),
            session: None,
            kinds: Vec::new(),
            actor: None,
            reason: None,
            recorded: None,
        }
    }

    /// Makes sure that an event can fulfil it.
    pub(crate) fn check(&self) -> Result<(), Unanswerable> {
        let (from, until) = self.recorded.unzip();
        self.scope.check().and(span_of(from, until))
    }

    /// The span, if events of all sessions are asked for.
    pub(crate) fn span_of_all(&self) -> Option<(OffsetDateTime, OffsetDateTime)> {
        self.recorded.filter(|_| self.scope.user.is_none() && self.session.is_none())
    }

    /// The text that stands for a place in the answer to this question.
    pub(crate) fn cursor_at(&self, place: EventPlace) -> String {
        let EventPlace { at, session, version } = place;
        Cursor { at: microseconds(at), session, version }.write(self.mark())
    }

    /// The place that a cursor of this question stands for.
    pub(crate) fn place_of(&self, cursor: &str) -> Result<EventPlace, Unanswerable> {
        let Cursor { at, session, version } = Cursor::read(cursor, self.mark())?;
        Ok(EventPlace { at: from_microseconds(at), session, version })
    }

    fn mark(&self) -> [u8; 8] {
        let question = (
            self.scope.question(),
            self.session.map(|session| session.to_string()),
            &self.kinds,
            self.actor.as_ref().map(UserId::as_str),
            self.reason.as_ref().map(EndReason::as_str),
            self.recorded.map(|(from, until)| (microseconds(from), microseconds(until))),
        );
        mark(&format!("events {question:?}"))
    }
}

#[cfg(test)]
mod tests {
    use time::Duration;

    use super::*;

    #[test]
    fn a_cursor_leads_to_its_place_and_to_no_other_question() {
        let filter = EventFilter::of_user("alice");
        let (start, session) =
            (OffsetDateTime::UNIX_EPOCH, SessionId::new(OffsetDateTime::UNIX_EPOCH, [3; 10]));
        let place = EventPlace { at: start + Duration::microseconds(1), session, version: 7 };
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
            filter.clone().ended_because(EndReason::Revoked),
            EventFilter::of_session(place.session).of("alice"),
            EventFilter::recorded_between(start, start + Duration::DAY).of("alice"),
        ];
        for other in others {
            assert_eq!(other.place_of(&cursor), Err(Unanswerable::ForeignCursor), "{other:?}");
        }
    }

    #[test]
    fn each_span_needs_a_beginning_before_its_end() {
        let start = OffsetDateTime::UNIX_EPOCH;
        let empty = Err(Unanswerable::EmptySpan { from: start, until: start });
        assert_eq!(EventFilter::recorded_between(start, start).check(), empty);
        let of_alice = EventFilter::of_user("alice").occurred_from(start).occurred_before(start);
        assert_eq!(of_alice.check(), empty);
        assert_eq!(EventFilter::recorded_between(start, start + Duration::MICROSECOND).check(), Ok(()));
    }
}
