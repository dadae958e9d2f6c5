//! How often an offered token is sent again that no browser has shown yet.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use time::OffsetDateTime;

use crate::session::SessionId;

/// How many sessions are remembered. If more have an open offer, those beyond are sent it with each answer.
const SESSIONS_MAX: usize = 65_536;

/// When each session's offered token was sent again last, by the database's clock.
#[derive(Default)]
pub(crate) struct Tries(Mutex<HashMap<SessionId, OffsetDateTime>>);

impl Tries {
    /// Whether the token of a session may be sent again now. It then counts.
    pub(super) fn allow(&self, session: SessionId, every: u32, now: OffsetDateTime) -> bool {
        let is_over = |last: OffsetDateTime| (now - last).whole_seconds() >= i64::from(every);
        let mut tries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if tries.get(&session).is_some_and(|last| !is_over(*last)) {
            return false;
        }
        if tries.len() >= SESSIONS_MAX {
            tries.retain(|_, last| !is_over(*last));
        }
        if tries.len() < SESSIONS_MAX {
            tries.insert(session, now);
        }
        true
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    fn session(number: usize) -> SessionId {
        SessionId::from_bytes((number as u128).to_be_bytes())
    }

    fn at(seconds: i64) -> OffsetDateTime {
        OffsetDateTime::UNIX_EPOCH + time::Duration::seconds(seconds)
    }

    #[test]
    fn a_token_is_sent_again_after_the_time_and_not_before() {
        let tries = Tries::default();
        let sent = [0, 1, 4, 5, 9, 10, 30, 34].map(|seconds| tries.allow(session(1), 5, at(seconds)));
        assert_eq!(sent, [true, false, false, true, false, true, true, false]);
        assert!(tries.allow(session(2), 5, at(34)), "each session for itself");
    }

    #[test]
    fn no_more_than_so_many_sessions_are_remembered() {
        let tries = Tries::default();
        assert!((0..SESSIONS_MAX).all(|number| tries.allow(session(number), 5, at(0))));
        assert!((0..2).all(|_| tries.allow(session(SESSIONS_MAX), 5, at(1))), "not remembered");
        assert_eq!(tries.0.lock().unwrap().len(), SESSIONS_MAX);
        assert!(tries.allow(session(SESSIONS_MAX), 5, at(5)));
        assert_eq!(tries.0.lock().unwrap().len(), 1, "the others are forgotten");
    }
}
