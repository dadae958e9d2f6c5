//! The end of a session from outside its own request: an administrator's, or that of a deadline.

use time::OffsetDateTime;

use super::{
    Client, Draft, EndReason, Expiry, Origin, SessionId, SessionState, Timeouts, TokenHash, UserId, Wish,
    WishError, Written,
};

/// A live session that is to end.
#[derive(Clone, Debug)]
pub struct Ending {
    /// The session.
    pub id: SessionId,
    /// The session as it was loaded.
    pub state: SessionState,
    /// When it was last seen.
    pub last_seen: OffsetDateTime,
    /// Why it ends.
    pub reason: EndReason,
    /// When it ends.
    pub at: OffsetDateTime,
    /// The session of the same user that brings it about, if one does.
    by: Option<SessionId>,
    /// The limits of the policy, for a session that has none of its own.
    policy: Timeouts,
}

impl Ending {
    /// Ends a session for `reason` at `at`. If its time was over before, it ends for that reason and at its
    /// true deadline. `policy` are the limits of the policy.
    pub fn new(
        id: SessionId,
        state: SessionState,
        last_seen: OffsetDateTime,
        reason: EndReason,
        at: OffsetDateTime,
        policy: Timeouts,
    ) -> Self {
        let expiry = state.expiry(policy, last_seen, at);
        let Expiry { reason, deadline } = expiry.unwrap_or(Expiry { reason, deadline: at });
        Self { id, state, last_seen, reason, at: deadline, by: None, policy }
    }

    /// The same end, brought about by this session of the same user.
    #[must_use]
    pub fn by(self, by: SessionId) -> Self {
        Self { by: Some(by), ..self }
    }

    /// The same end of the session as it is at `now`, for when others have changed it meanwhile. None if its
    /// time was over and is not any more.
    #[must_use]
    pub fn again(&self, state: SessionState, last_seen: OffsetDateTime, now: OffsetDateTime) -> Option<Self> {
        let was_expired = matches!(self.reason, EndReason::IdleTimeout | EndReason::AbsoluteTimeout);
        if was_expired && state.expiry(self.policy, last_seen, now).is_none() {
            return None;
        }
        let again = Self::new(self.id, state, last_seen, self.reason.clone(), now, self.policy);
        Some(Self { by: self.by, ..again })
    }

    /// The event to append. `actor` is who ends the session, if that is not its user.
    ///
    /// None if the session has ended already.
    ///
    /// # Errors
    ///
    /// The reason cannot be stored.
    pub fn write(
        self,
        client: Client,
        actor: Option<UserId>,
        random: impl FnMut() -> [u8; 16],
    ) -> Result<Option<Written>, WishError> {
        let origin = Origin { at: self.at, client, actor };
        let mut draft = Draft::stored(self.id, self.state, usize::MAX);
        draft.wish(Wish::End { reason: self.reason, last_seen: self.last_seen, by: self.by }, origin.at)?;
        Ok(draft.write(TokenHash::default(), &origin, random))
    }
}
