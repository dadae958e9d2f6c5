//! How often an offered token is sent again that no browser has shown yet.

use std::collections::HashMap;
use std::mem;
use std::sync::{Mutex, PoisonError};

use time::OffsetDateTime;

use crate::session::SessionId;

/// How many sessions a generation remembers.
const SESSIONS_MAX: usize = 32_768;

/// When each session's offered token was sent again last, by the database's clock.
///
/// Two generations are kept. When the young one is full, it takes the place of the old one, which is
/// forgotten: a session of it is sent its token once more than it need be.
#[derive(Default)]
pub(crate) struct Tries(Mutex<Generations>);

#[derive(Default)]
struct Generations {
    young: HashMap<SessionId, OffsetDateTime>,
    old: HashMap<SessionId, OffsetDateTime>,
}

impl Tries {
    /// Whether the token of a session may be sent again now. It then counts.
    pub(super) fn allow(&self, session: SessionId, every: u32, now: OffsetDateTime) -> bool {
        let Generations { young, old } = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let last = young.get(&session).or_else(|| old.get(&session));
        if last.is_some_and(|last| (now - *last).whole_seconds() < i64::from(every)) {
            return false;
        }
        if young.len() >= SESSIONS_MAX {
            *old = mem::take(young);
        }
        young.insert(session, now);
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
    fn no_more_than_two_generations_are_remembered() {
        let tries = Tries::default();
        assert!((0..3 * SESSIONS_MAX).all(|number| tries.allow(session(number), 5, at(0))));
        let sizes = |tries: &Tries| {
            let generations = tries.0.lock().unwrap();
            (generations.young.len(), generations.old.len())
        };
        assert_eq!(sizes(&tries), (SESSIONS_MAX, SESSIONS_MAX));
        assert!((SESSIONS_MAX..3 * SESSIONS_MAX).all(|number| !tries.allow(session(number), 5, at(1))));
        assert!(tries.allow(session(0), 5, at(1)), "forgotten, so sent once more");
        assert!(!tries.allow(session(0), 5, at(1)));
        assert_eq!(sizes(&tries), (1, SESSIONS_MAX));
    }
}
