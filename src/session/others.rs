//! What a commit means for the other sessions of its user: the limit of their number, and a changed factor.

use time::OffsetDateTime;

use super::{EndReason, Ending, Live, SessionId, SessionsExcess, Timeouts, UserId};

/// What a commit of one session may mean for the other sessions of its user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Others {
    /// The user.
    pub user: UserId,
    /// The session.
    pub by: SessionId,
    /// The sessions that the same request ends: by the same commit, or in any case.
    pub leaving: Vec<SessionId>,
    /// Sessions that the user has chosen to be ended.
    pub instead_of: Vec<SessionId>,
    /// How many sessions the user may have with this one, and what follows if there are more.
    pub room: Option<(u32, SessionsExcess)>,
    /// Whether all of them end, as a factor has changed.
    pub end_all: bool,
}

/// A user has as many live sessions as they may have, and none of them is to be ended.
#[derive(Clone, Debug)]
pub struct Crowded {
    /// How many they may have.
    pub max: u32,
    /// Their live sessions, the oldest login first.
    pub live: Vec<Live>,
    /// Whether the user may choose which of them to end.
    pub may_choose: bool,
}

impl Others {
    /// The ends that go with the commit, of the sessions that are stored as live. `policy` are the limits of
    /// those that have none. A session whose time is over takes no room.
    ///
    /// # Errors
    ///
    /// There is no room for one more.
    pub fn ends(
        &self,
        stored: Vec<Live>,
        now: OffsetDateTime,
        policy: Timeouts,
    ) -> Result<Vec<Ending>, Crowded> {
        let end = |one: Live, reason: &EndReason| {
            Ending::new(one.id, one.state, one.last_seen, reason.clone(), now, policy).by(self.by)
        };
        let others = stored.into_iter().filter(|one| one.id != self.by && !self.leaving.contains(&one.id));
        if self.end_all {
            return Ok(others.map(|one| end(one, &EndReason::CredentialChanged)).collect());
        }
        let mut live: Vec<Live> =
            others.filter(|one| one.state.expiry(policy, one.last_seen, now).is_none()).collect();
        live.sort_by_key(|one| (one.state.authenticated_at, one.id));
        let denies = matches!(self.room, Some((_, SessionsExcess::Deny)));
        let is_chosen = |one: &mut Live| !denies && self.instead_of.contains(&one.id);
        let mut ending: Vec<Live> = live.extract_if(.., is_chosen).collect();
        if let Some((max, excess)) = self.room {
            let room = usize::try_from(max.saturating_sub(1)).unwrap_or(usize::MAX);
            let surplus = live.len().saturating_sub(room);
            match excess {
                SessionsExcess::EndOldest => ending.extend(live.drain(..surplus)),
                SessionsExcess::Deny | SessionsExcess::Ask if surplus > 0 => {
                    return Err(Crowded { max, live, may_choose: !denies });
                }
                SessionsExcess::Deny | SessionsExcess::Ask => {}
            }
        }
        Ok(ending.into_iter().map(|one| end(one, &EndReason::LimitExceeded)).collect())
    }
}
