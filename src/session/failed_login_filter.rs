//! Which failed logins somebody asks for.

use ipnet::IpNet;
use time::OffsetDateTime;

use super::cursor::{Cursor, mark};
use super::microseconds::{from_microseconds, microseconds};
use super::{EventId, LoginFailure, Scope, SessionId, Unanswerable, UserId};

/// Which failed logins are asked for. Without conditions: all. Each condition that is added leaves fewer.
///
/// ```
/// use session_ledger::session::{FailedLoginFilter, LoginFailure};
///
/// let guessed = FailedLoginFilter::all().of_user("alice").because(LoginFailure::WrongSecret);
/// assert_ne!(guessed, FailedLoginFilter::all());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FailedLoginFilter {
    pub(crate) scope: Scope,
    pub(crate) reason: Option<LoginFailure>,
}

/// The place of a failed login among all, in the order of their times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FailedLoginPlace {
    pub(crate) failed_at: OffsetDateTime,
    pub(crate) event_id: EventId,
}

impl FailedLoginFilter {
    /// All failed logins.
    #[must_use]
    pub fn all() -> Self {
        Self::default()
    }

    /// Those as this user.
    #[must_use]
    pub fn of_user(mut self, user: impl Into<UserId>) -> Self {
        self.scope.user = Some(user.into());
        self
    }

    /// Those from this address, or from an address of this network.
    #[must_use]
    pub fn from_network(mut self, network: impl Into<IpNet>) -> Self {
        self.scope.network = Some(network.into().trunc());
        self
    }

    /// Those at this time or later.
    #[must_use]
    pub fn failed_from(mut self, from: OffsetDateTime) -> Self {
        self.scope.from = Some(from);
        self
    }

    /// Those before this time.
    #[must_use]
    pub fn failed_before(mut self, until: OffsetDateTime) -> Self {
        self.scope.until = Some(until);
        self
    }

    /// Those for this reason.
    #[must_use]
    pub fn because(mut self, reason: impl Into<LoginFailure>) -> Self {
        self.reason = Some(reason.into());
        self
    }

    /// Makes sure that a failed login can fulfil it.
    pub(crate) fn check(&self) -> Result<(), Unanswerable> {
        self.scope.check()
    }

    /// The text that stands for a place in the answer to this question.
    pub(crate) fn cursor_at(&self, place: &FailedLoginPlace) -> String {
        let FailedLoginPlace { failed_at, event_id } = *place;
        let session = SessionId::from(event_id.as_uuid());
        Cursor { at: microseconds(failed_at), session, version: 0 }.write(self.mark())
    }

    /// The place that a cursor of this question stands for.
    pub(crate) fn place_of(&self, cursor: &str) -> Result<FailedLoginPlace, Unanswerable> {
        let Cursor { at, session, .. } = Cursor::read(cursor, self.mark())?;
        Ok(FailedLoginPlace { failed_at: from_microseconds(at), event_id: session.as_uuid().into() })
    }

    /// A few bytes that stand for the question.
    fn mark(&self) -> [u8; 8] {
        let question = (self.scope.question(), self.reason.as_ref().map(LoginFailure::as_str));
        mark(&format!("failed logins {question:?}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_leads_to_its_place_and_to_no_other_question() {
        let start = OffsetDateTime::UNIX_EPOCH;
        let event_id = EventId::from_random([7; 16]);
        let place = FailedLoginPlace { failed_at: start + time::Duration::microseconds(5), event_id };
        let filter = FailedLoginFilter::all().of_user("alice");
        let cursor = filter.cursor_at(&place);
        assert_eq!(filter.place_of(&cursor), Ok(place));
        let others = [
            FailedLoginFilter::all(),
            FailedLoginFilter::all().of_user("bob"),
            filter.clone().failed_from(start),
            filter.clone().failed_before(start),
            filter.clone().because(LoginFailure::Locked),
            filter.clone().from_network(IpNet::from(std::net::IpAddr::from([192, 0, 2, 1]))),
        ];
        for other in others {
            assert_eq!(other.place_of(&cursor), Err(Unanswerable::ForeignCursor), "{other:?}");
        }
        assert_eq!(filter.place_of("x"), Err(Unanswerable::UnknownCursor));
    }

    #[test]
    fn a_span_needs_a_beginning_before_its_end() {
        let start = OffsetDateTime::UNIX_EPOCH;
        let empty = FailedLoginFilter::all().failed_from(start).failed_before(start);
        assert_eq!(empty.check(), Err(Unanswerable::EmptySpan { from: start, until: start }));
        assert_eq!(empty.failed_before(start + time::Duration::SECOND).check(), Ok(()));
    }
}
