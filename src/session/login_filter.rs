//! Which logins somebody asks for.

use ipnet::IpNet;
use time::{Duration, OffsetDateTime};

use super::cursor::{Cursor, mark};
use super::microseconds::{from_microseconds, microseconds};
use super::{EndReason, Scope, SessionId, Unanswerable, UserId};

/// Which logins are asked for. Without conditions: all. Each condition that is added leaves fewer.
///
/// ```
/// use session_ledger::session::{EndReason, LoginFilter};
///
/// let stolen = LoginFilter::all().of_user("alice").ended_because(EndReason::TokenReplayed);
/// assert_ne!(stolen, LoginFilter::all());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoginFilter {
    pub(crate) scope: Scope,
    pub(crate) open_at: Option<OffsetDateTime>,
    pub(crate) reason: Option<EndReason>,
}

/// The place of a login among all, in the order of their beginnings; of who was signed in at a moment that
/// of a session, in the order of the starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LoginPlace {
    pub(crate) began_at: OffsetDateTime,
    pub(crate) session: SessionId,
    pub(crate) version: i64,
}

impl LoginFilter {
    /// All logins.
    #[must_use]
    pub fn all() -> Self {
        Self::default()
    }

    /// Those of this user.
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

    /// Those that began at this time or later.
    #[must_use]
    pub fn began_from(mut self, from: OffsetDateTime) -> Self {
        self.scope.from = Some(from);
        self
    }

    /// Those that began before this time.
    #[must_use]
    pub fn began_before(mut self, until: OffsetDateTime) -> Self {
        self.scope.until = Some(until);
        self
    }

    /// Those that lasted at this moment: who was signed in then. If neither a user nor a single address is
    /// asked for, they come in the order of the starts of their sessions, the latest first, and a page looks
    /// for them for about a second: where few fulfil the other conditions, it may have fewer than its limit,
    /// or none, and a next page all the same.
    #[must_use]
    pub fn open_at(mut self, moment: OffsetDateTime) -> Self {
        self.open_at = Some(moment);
        self
    }

    /// Those that ended for this reason.
    #[must_use]
    pub fn ended_because(mut self, reason: EndReason) -> Self {
        self.reason = Some(reason);
        self
    }

    /// The moment, if it is asked who of all was signed in then: neither a user nor an address, whose logins
    /// are few, is said.
    pub(crate) fn moment_of_all(&self) -> Option<OffsetDateTime> {
        self.open_at.filter(|_| self.scope.user.is_none() && self.scope.address().is_none())
    }

    /// Makes sure that a login can fulfil it.
    pub(crate) fn check(&self) -> Result<(), Unanswerable> {
        self.scope.check()
    }

    /// Makes sure that its span has no more than `max` steps.
    pub(crate) fn check_steps(&self, step: Duration, max: i64) -> Result<(), Unanswerable> {
        self.check()?;
        let (Some(from), Some(until)) = (self.scope.from, self.scope.until) else {
            return Err(Unanswerable::NoSpan);
        };
        let step_length = step.whole_microseconds();
        if step_length <= 0 || (until - from).whole_microseconds() > step_length * i128::from(max) {
            return Err(Unanswerable::TooManySteps { step, max });
        }
        Ok(())
    }

    /// The text that stands for a place in the answer to this question.
    pub(crate) fn cursor_at(&self, place: &LoginPlace) -> String {
        let LoginPlace { began_at, session, version } = *place;
        Cursor { at: microseconds(began_at), session, version }.write(self.mark())
    }

    /// The place that a cursor of this question stands for.
    pub(crate) fn place_of(&self, cursor: &str) -> Result<LoginPlace, Unanswerable> {
        let Cursor { at, session, version } = Cursor::read(cursor, self.mark())?;
        Ok(LoginPlace { began_at: from_microseconds(at), session, version })
    }

    /// A few bytes that stand for the question.
    fn mark(&self) -> [u8; 8] {
        let reason = self.reason.as_ref().map(EndReason::as_str);
        let question = (self.scope.question(), self.open_at.map(microseconds), reason);
        mark(&format!("logins {question:?}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> LoginPlace {
        let began_at = OffsetDateTime::UNIX_EPOCH + Duration::microseconds(1_700_000_000_000_001);
        LoginPlace { began_at, session: uuid::Uuid::from_u128(7).into(), version: 2 }
    }

    #[test]
    fn a_cursor_leads_to_its_place_and_to_no_other_question() {
        let filter = LoginFilter::all().of_user("alice");
        let cursor = filter.cursor_at(&place());
        assert_eq!(filter.place_of(&cursor), Ok(place()));
        let others = [
            LoginFilter::all(),
            LoginFilter::all().of_user("bob"),
            filter.clone().open_at(OffsetDateTime::UNIX_EPOCH),
            filter.clone().began_from(OffsetDateTime::UNIX_EPOCH),
            filter.clone().began_before(OffsetDateTime::UNIX_EPOCH),
            filter.clone().ended_because(EndReason::Revoked),
            filter.clone().from_network("192.0.2.0/24".parse::<IpNet>().unwrap()),
        ];
        for other in others {
            assert_eq!(other.place_of(&cursor), Err(Unanswerable::ForeignCursor), "{other:?}");
        }
        for unknown in ["", "x", "alice", &cursor[1..], &format!("{cursor}A"), &cursor.replace('A', "=")] {
            assert_eq!(filter.place_of(unknown), Err(Unanswerable::UnknownCursor), "{unknown}");
        }
    }

    /// Of one network there are many spellings.
    #[test]
    fn networks_are_compared_by_what_they_hold() {
        let of = |network: &str| LoginFilter::all().from_network(network.parse::<IpNet>().unwrap());
        assert_eq!(of("192.0.2.77/24"), of("192.0.2.0/24"));
    }

    #[test]
    fn a_span_needs_a_beginning_before_its_end_and_few_steps() {
        let start = OffsetDateTime::UNIX_EPOCH;
        let span = |length| LoginFilter::all().began_from(start).began_before(start + length);
        assert_eq!(span(Duration::SECOND).check(), Ok(()));
        assert_eq!(span(Duration::ZERO).check(), Err(Unanswerable::EmptySpan { from: start, until: start }));
        assert_eq!(span(Duration::DAY).check_steps(Duration::HOUR, 24), Ok(()));
        for step in [Duration::MINUTE, Duration::ZERO, -Duration::HOUR] {
            let refused = Unanswerable::TooManySteps { step, max: 24 };
            assert_eq!(span(Duration::DAY).check_steps(step, 24), Err(refused));
        }
        assert_eq!(LoginFilter::all().check_steps(Duration::HOUR, 24), Err(Unanswerable::NoSpan));
    }
}
