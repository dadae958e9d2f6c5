//! The chains of sessions that were told lately: the next event of one needs no look into the log.

use std::collections::HashMap;

use session_ledger::session::{ChainHash, Recorded, SessionId};

/// How many sessions one generation holds. There are two.
const SESSIONS_MAX: usize = 8_192;

/// The version and the hash of the last event of each session that was told lately.
///
/// It lives as long as one opened subscription: a database that has lost commits at a failover has other
/// events in their places.
#[derive(Default)]
pub(crate) struct Recent {
    young: HashMap<SessionId, (i64, ChainHash)>,
    old: HashMap<SessionId, (i64, ChainHash)>,
}

impl Recent {
    /// The chain before an event, which is then the last one told of its session; `None` if it is not known.
    pub(super) fn before(&mut self, recorded: &Recorded) -> Option<ChainHash> {
        let (session, version) = (recorded.session_id, recorded.entry.version);
        let last = self.young.get(&session).or_else(|| self.old.get(&session)).copied();
        if self.young.len() >= SESSIONS_MAX {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(session, (version, recorded.entry.hash));
        match last {
            _ if version == 1 => Some(ChainHash::genesis(session)),
            Some((before, hash)) if before == version - 1 => Some(hash),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use session_ledger::session::{Encoded, Entry, EventId};
    use time::OffsetDateTime;

    use super::*;

    fn event(session: u32, version: i64) -> Recorded {
        let mut id = [0; 16];
        id[..4].copy_from_slice(&session.to_be_bytes());
        let at = OffsetDateTime::UNIX_EPOCH;
        let name = EventId::from_random([7; 16]);
        let mut entry = Entry::new(version, name, Encoded::new("cleared", 1, Vec::new()), at);
        entry.hash = ChainHash::from_bytes([u8::try_from(version).unwrap(); 32]);
        Recorded::new(SessionId::from_bytes(id), entry, at)
    }

    #[test]
    fn only_the_event_right_before_is_taken_for_the_one_before() {
        let mut recent = Recent::default();
        let first = event(1, 1);
        assert_eq!(recent.before(&first), Some(ChainHash::genesis(first.session_id)));
        assert_eq!(recent.before(&event(1, 2)), Some(first.entry.hash));
        assert_eq!(recent.before(&event(1, 4)), None, "one was left out");
        assert_eq!(recent.before(&event(1, 4)), None, "it comes again");
        assert_eq!(recent.before(&event(1, 3)), None);
        assert_eq!(recent.before(&event(1, 4)), Some(event(1, 3).entry.hash));
        assert_eq!(recent.before(&event(2, 2)), None, "of another session");
    }

    #[test]
    fn it_is_bounded_and_forgets_the_oldest_first() {
        let mut recent = Recent::default();
        let count = u32::try_from(SESSIONS_MAX * 3).unwrap();
        for session in 0..count {
            recent.before(&event(session, 1));
        }
        assert!(recent.young.len() <= SESSIONS_MAX && recent.old.len() <= SESSIONS_MAX);
        assert_eq!(recent.before(&event(count - 1, 2)), Some(event(0, 1).entry.hash));
        assert_eq!(recent.before(&event(0, 2)), None);
    }
}
