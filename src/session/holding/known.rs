//! A session that the process knows from a moment ago, in the hands of a request that has not loaded it.
//!
//! COMMIT decides whether it was current. Until then a known session serves only where nothing about the
//! token is to be decided: any other is loaded.

use std::sync::Arc;

use time::{Duration, OffsetDateTime};

use super::Holding;
use crate::session::microseconds::{from_microseconds, microseconds};
use crate::session::{Admission, DatabaseTime, Draft, Moment, Policy, SessionId, SessionState, Shown};

/// A session is loaded when a time limit of it is as near as this.
const MARGIN: Duration = Duration::seconds(2);

/// A clock of the process may go slower than the database's, by one part of so many at the most.
const DRIFT: i32 = 1000;

/// A live session as it was when the database last told of it.
#[derive(Clone, Debug)]
pub struct KnownSession {
    /// The session.
    pub id: SessionId,
    /// Its state.
    pub state: Arc<SessionState>,
    /// When it was last seen.
    pub last_seen: OffsetDateTime,
    /// When the database told so, by its clock.
    pub told_at: DatabaseTime,
}

/// The time since the database told something, by the process's own clock: between `least`, since the answer
/// came, and `most`, since it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Elapsed {
    /// Since the answer came.
    pub least: Duration,
    /// Since it was asked.
    pub most: Duration,
}

impl Holding {
    /// The holder of an authentic token for a known session. None if it must be loaded: the token is not
    /// plainly the session's own, its browser has yet to show it, a new one is on offer or due, or a time
    /// limit is near.
    ///
    /// The request's time is behind the database's clock by as long as its answer took, at the most. It is
    /// never before the session's latest event.
    pub fn of_known(
        policy: Arc<Policy>,
        known: &KnownSession,
        shown: &Shown,
        elapsed: Elapsed,
    ) -> Option<Self> {
        let KnownSession { id, state, last_seen, told_at } = known;
        // As PostgreSQL keeps times.
        let at = from_microseconds(microseconds(told_at.at + elapsed.least));
        let now = DatabaseTime { at: at.max(state.changed_at), ..*told_at };
        let latest = elapsed.most + elapsed.most / DRIFT + MARGIN;
        let latest = DatabaseTime { at: (told_at.at + latest).max(now.at), ..*told_at };
        let is_plain = |at| state.admit(shown, policy.timeouts(), *last_seen, at) == Admission::Admitted;
        let is_settled = state.is_token_shown(*last_seen) && state.content.offered.is_none();
        if !is_settled || !is_plain(now) || !is_plain(latest) {
            return None;
        }
        let draft = Draft::stored(*id, Arc::clone(state), policy.state_bytes_max);
        let (last_seen, admission) = (Some(*last_seen), Some(Admission::Admitted));
        let holding = Self { last_seen, admission, ..Self::of(policy, Moment::Database(now), draft) };
        (!holding.leaves_work()).then_some(holding)
    }

    /// The session as it was loaded, for the process to know. None unless the request's token is the
    /// session's own.
    pub fn to_know(&self) -> Option<KnownSession> {
        let (Some(last_seen), Moment::Database(told_at)) = (self.last_seen, self.now) else { return None };
        let is_untouched = !self.is_changed() && !self.draft.is_new();
        (is_untouched && self.admission == Some(Admission::Admitted)).then(|| KnownSession {
            id: self.draft.id(),
            state: self.draft.shared_state(),
            last_seen,
            told_at,
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;
    use crate::session::{EndReason, Superseded, Timeouts, TokenHash, Wish, Witness};

    const START: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

    /// A session that started and was last changed so many seconds after the start of time.
    fn session(changed_at: i64) -> KnownSession {
        let at = START + Duration::seconds(changed_at);
        let state = SessionState {
            version: 3,
            started_at: START,
            changed_at: at,
            token_hash: TokenHash::from_bytes([1; 32]),
            ..SessionState::default()
        };
        let id = SessionId::from(uuid::Uuid::from_u128(7));
        KnownSession { id, state: Arc::new(state), last_seen: at, told_at: DatabaseTime { at, epoch: 1 } }
    }

    fn changed(known: &KnownSession, change: impl FnOnce(&mut SessionState)) -> KnownSession {
        let mut known = known.clone();
        change(Arc::make_mut(&mut known.state));
        known
    }

    fn opened(known: &KnownSession, token: u8, policy: Policy, seconds: i64) -> Option<Holding> {
        let witness = Witness::of(&known.state, 1);
        let shown = Shown { token_hash: TokenHash::from_bytes([token; 32]), witness };
        let elapsed = Elapsed { least: Duration::seconds(seconds), most: Duration::seconds(seconds) };
        Holding::of_known(Arc::new(policy), known, &shown, elapsed)
    }

    #[test]
    fn a_known_session_serves_the_holder_of_its_present_token() {
        let known = session(100);
        let holding = opened(&known, 1, Policy::default(), 5).expect("it is known");
        assert_eq!(holding.loaded_version(), Some((known.id, 3)));
        assert_eq!(holding.admission(), Some(&Admission::Admitted));
        assert!(holding.has_database_time());
    }

    #[test]
    fn any_other_token_and_one_that_is_about_to_change_make_it_be_loaded() {
        let known = session(100);
        let is_loaded = |known: &KnownSession, token| opened(known, token, Policy::default(), 5).is_none();
        assert!(is_loaded(&known, 2), "a token that it does not know");
        let until = START + Duration::HOUR;
        let old = Superseded { token_hash: TokenHash::from_bytes([2; 32]), until, accepted: true };
        assert!(is_loaded(&changed(&known, |state| state.superseded = Some(old)), 2), "a latecomer");
        let offered = |state: &mut SessionState| {
            state.content.offered = Some(TokenHash::from_bytes([2; 32]));
        };
        assert!(is_loaded(&changed(&known, offered), 1), "while another is on offer");
        assert!(is_loaded(&changed(&known, offered), 2), "the one on offer");
        let unshown = |state: &mut SessionState| state.content.renewed_at = Some(known.last_seen);
        assert!(is_loaded(&changed(&known, unshown), 1), "its browser has yet to show it");
        let due = Policy { renewal_timeout: Some(60), ..Policy::default() };
        assert!(opened(&known, 1, due, 5).is_none(), "another is due");
    }

    #[test]
    fn a_session_near_a_limit_is_loaded_before_it_is_over() {
        let limits = |timeouts: Timeouts| changed(&session(100), |state| state.content.timeouts = timeouts);
        let idle = limits(Timeouts::default().idle(10));
        let serves = |known: &KnownSession, seconds| opened(known, 1, Policy::default(), seconds).is_some();
        assert_eq!(
            [0, 6, 7, 8, 10, 11].map(|seconds| serves(&idle, seconds)),
            [true, true, true, false, false, false]
        );
        let absolute = limits(Timeouts::default().idle(1_000).absolute(110));
        assert_eq!([0, 6, 8, 10].map(|seconds| serves(&absolute, seconds)), [true, true, false, false]);
    }

    #[test]
    fn its_time_goes_on_from_what_the_database_told_and_is_never_before_its_latest_event() {
        let known = session(100);
        let now = |known: &KnownSession, seconds| opened(known, 1, Policy::default(), seconds).unwrap().now();
        assert_eq!(now(&known, 0), known.told_at.at);
        assert_eq!(now(&known, 10), known.told_at.at + Duration::seconds(10));
        let ahead = known.told_at.at + Duration::MINUTE;
        assert_eq!(now(&changed(&known, |state| state.changed_at = ahead), 5), ahead);
    }

    #[test]
    fn only_what_was_loaded_by_its_own_token_and_left_as_it_was_is_known() {
        let known = session(100);
        let holding = opened(&known, 1, Policy::default(), 5).unwrap();
        assert_eq!(holding.to_know().map(|known| known.state), Some(known.state));
        let mut changed = holding.clone();
        changed.wish(Wish::End { reason: EndReason::Revoked, last_seen: START, by: None }).unwrap();
        assert!(changed.to_know().is_none());
    }
}
