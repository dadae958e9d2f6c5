//! The sessions that this process knows from a moment ago, so that a request need not load them.
//!
//! A known session serves only what COMMIT checks: the append finds the session at the version that the
//! handler has seen, or the fence does, or the request runs again with a load. A request that commits nothing
//! is checked by a load before its answer leaves. So whatever is known here may be old, and does no harm. It
//! costs a run in vain, and whoever has caused too many of those is not served from here for a while.
//!
//! Nothing here opens a session: of tokens only their hashes are known, as in the database.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use quick_cache::Weighter;
use quick_cache::sync::Cache;

use super::purse::Purse;
use crate::session::{DatabaseTime, Elapsed, KnownSession, SessionId, SessionState};
use crate::telemetry;

/// How many uses of a session are skipped when it was found to have changed elsewhere; doubled each time.
const SKIPPED_MIN: u32 = 16;

/// How many are skipped at the most.
const SKIPPED_MAX: u32 = 4096;

/// After so many sessions that were learned, those that are too old are let go.
const SWEPT_EVERY: u32 = 1024;

/// What an entry takes besides the values of its session, in bytes.
const ENTRY: usize = 1024;

/// The longest that the database may have taken to tell of a session. The process knows the database's clock
/// no better than by this.
const ANSWERED_WITHIN: Duration = Duration::from_secs(1);

/// The memory of an application's sessions.
pub(crate) struct Known {
    entries: Cache<SessionId, Entry, Bytes>,
    age_max: Duration,
    purse: Purse,
    learned: AtomicU32,
    /// For so many microseconds after it was told, what is known need not be told again.
    fresh: AtomicU64,
}

/// When the database has told of a session: by its own clock, and when it was asked and had answered by that
/// of the process, as `Ledger::uptime` tells it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Told {
    pub(crate) at: DatabaseTime,
    pub(crate) asked: Duration,
    pub(crate) answered: Duration,
}

/// A known session, and when the database has told of it.
pub(super) struct Memory {
    pub(super) session: KnownSession,
    pub(super) told: Told,
}

#[derive(Clone)]
struct Entry {
    /// None while it is not to be believed.
    memory: Option<Arc<Memory>>,
    doubt: Arc<Doubt>,
    bytes: u64,
}

/// Whether a session is worth being known: another process may write to it, too.
struct Doubt {
    /// How many more uses are skipped.
    left: AtomicU32,
    /// How many are skipped the next time.
    next: AtomicU32,
    /// Whether the last transaction of the application left it as it was.
    is_left_alone: AtomicBool,
}

impl Known {
    /// A memory of so many bytes, of what was told no longer than `age_max` ago.
    pub(crate) fn new(bytes_max: usize, age_max: Duration) -> Self {
        let entries = Cache::with_weighter(bytes_max / ENTRY, bytes_max as u64, Bytes);
        let (learned, fresh) = (AtomicU32::new(1), AtomicU64::new(micros(age_max / 2)));
        Self { entries, age_max, purse: Purse::default(), learned, fresh }
    }

    /// What is known of a session, if that may serve a request `now`.
    pub(super) fn recall(&self, session: SessionId, now: Duration) -> Option<Arc<Memory>> {
        let is_affordable = self.purse.visit();
        let entry = self.entries.get(&session);
        let memory = entry.as_ref().and_then(|entry| entry.memory.clone());
        let Some(memory) = memory.filter(|memory| memory.told.age(now) < self.age_max) else {
            telemetry::known_session("miss");
            return None;
        };
        if !is_affordable || entry.is_some_and(|entry| entry.doubt.skips()) {
            telemetry::known_session("skipped");
            return None;
        }
        Some(memory)
    }

    /// What is known of a session, if the database has told of it no longer than `bound` before `now`. It is
    /// not asked whether that is worth it: whoever may see what is old has no run in vain.
    pub(super) fn recall_stale(
        &self,
        session: SessionId,
        now: Duration,
        bound: Duration,
    ) -> Option<Arc<Memory>> {
        let bound = bound.min(self.age_max);
        if bound.is_zero() {
            return None;
        }
        self.fresh.fetch_min(micros(bound / 2), Ordering::Relaxed);
        let memory = self.entries.get(&session).and_then(|entry| entry.memory);
        let memory = memory.filter(|memory| now.saturating_sub(memory.told.asked) < bound);
        if memory.is_none() {
            telemetry::known_session("miss");
        }
        memory
    }

    /// Knows a session from now on. What is known of a later version stays: the answer to a load may come
    /// after that to a commit.
    pub(super) fn learn(&self, session: KnownSession, told: Told, now: Duration) {
        if told.answered.saturating_sub(told.asked) > ANSWERED_WITHIN {
            return;
        }
        let id = session.id;
        let before = self.entries.peek(&id);
        let known = before.as_ref().and_then(|entry| entry.memory.as_deref());
        if known.is_some_and(|known| self.is_better(known, &session, now)) {
            return;
        }
        let doubt = before.map(|entry| entry.doubt).unwrap_or_default();
        let bytes = bytes_of(&session.state);
        self.entries.insert(id, Entry { memory: Some(Arc::new(Memory { session, told })), doubt, bytes });
        if self.learned.fetch_add(1, Ordering::Relaxed).is_multiple_of(SWEPT_EVERY) {
            self.sweep(now);
        }
    }

    /// Lets go what is too old to serve: whoever does not come back leaves nothing behind for long.
    fn sweep(&self, now: Duration) {
        let is_young = |memory: &Arc<Memory>| memory.told.age(now) < self.age_max;
        self.entries.retain(|_, entry| entry.memory.as_ref().is_none_or(is_young));
    }

    /// Knows a session no more.
    pub(super) fn forget(&self, session: SessionId) {
        let Some(Entry { doubt, memory: Some(_), .. }) = self.entries.peek(&session) else { return };
        if doubt.is_none() {
            self.entries.remove(&session);
        } else {
            self.entries.insert(session, Entry { memory: None, doubt, bytes: ENTRY as u64 });
        }
    }

    /// What was known of a session turned out to be current.
    pub(super) fn was_current(&self, session: SessionId) {
        self.purse.earn();
        if let Some(entry) = self.entries.peek(&session) {
            entry.doubt.ease();
        }
    }

    /// A transaction of the application left a session as it was, or did not. The next one may do the same.
    pub(super) fn note_left_alone(&self, session: SessionId, is_left_alone: bool) {
        if let Some(entry) = self.entries.peek(&session) {
            entry.doubt.is_left_alone.store(is_left_alone, Ordering::Relaxed);
        }
    }

    /// Whether the application's last transaction left a session as it was.
    pub(super) fn is_left_alone(&self, session: SessionId) -> bool {
        self.entries.peek(&session).is_some_and(|entry| entry.doubt.is_left_alone.load(Ordering::Relaxed))
    }

    /// What was known of a session turned out to be old. The memory is left alone for some uses.
    pub(super) fn was_stale(&self, session: SessionId) {
        telemetry::known_session("stale");
        self.purse.spend();
        let doubt = self.entries.peek(&session).map(|entry| entry.doubt).unwrap_or_default();
        doubt.grow();
        self.entries.insert(session, Entry { memory: None, doubt, bytes: ENTRY as u64 });
    }

    /// Whether what is known is at least as good as `session`, of which the database has told just now.
    fn is_better(&self, known: &Memory, session: &KnownSession, now: Duration) -> bool {
        let (before, after) = (&known.session, session);
        let is_same_epoch = before.told_at.epoch == after.told_at.epoch;
        let age = known.told.age(now);
        let is_later = before.state.version > after.state.version && age < self.age_max / 2;
        let is_as_late = (before.state.version, before.last_seen) >= (after.state.version, after.last_seen);
        let is_fresh = micros(age) < self.fresh.load(Ordering::Relaxed);
        is_same_epoch && (is_later || is_as_late && is_fresh)
    }
}

impl Told {
    /// The time since the answer.
    fn age(&self, now: Duration) -> Duration {
        now.saturating_sub(self.answered)
    }

    /// The time from then to `now`.
    pub(super) fn elapsed(&self, now: Duration) -> Elapsed {
        let span = |since| time::Duration::try_from(now.saturating_sub(since)).unwrap_or(time::Duration::MAX);
        Elapsed { least: span(self.answered), most: span(self.asked) }
    }
}

impl Default for Doubt {
    fn default() -> Self {
        let (left, next) = (AtomicU32::new(0), AtomicU32::new(SKIPPED_MIN));
        Self { left, next, is_left_alone: AtomicBool::new(false) }
    }
}

impl Doubt {
    fn skips(&self) -> bool {
        self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
    }

    fn is_none(&self) -> bool {
        self.left.load(Ordering::Relaxed) == 0 && self.next.load(Ordering::Relaxed) == SKIPPED_MIN
    }

    fn grow(&self) {
        let next = self.next.load(Ordering::Relaxed);
        self.left.store(next, Ordering::Relaxed);
        self.next.store(next.saturating_mul(2).min(SKIPPED_MAX), Ordering::Relaxed);
    }

    fn ease(&self) {
        let next = self.next.load(Ordering::Relaxed);
        self.next.store((next / 2).max(SKIPPED_MIN), Ordering::Relaxed);
    }
}

/// Weighs entries by the bytes that they take.
#[derive(Clone)]
struct Bytes;

impl Weighter<SessionId, Entry> for Bytes {
    fn weight(&self, _: &SessionId, entry: &Entry) -> u64 {
        entry.bytes
    }
}

fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}

fn bytes_of(state: &SessionState) -> u64 {
    (ENTRY + state.content.size()) as u64
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    const AGE: Duration = Duration::from_secs(3_600);
    const NOW: Duration = Duration::from_secs(100);

    fn session(number: u128, version: i64) -> KnownSession {
        let state = Arc::new(SessionState { version, ..SessionState::default() });
        let (last_seen, told_at) = (state.changed_at, told().at);
        KnownSession { id: SessionId::from(uuid::Uuid::from_u128(number)), state, last_seen, told_at }
    }

    fn told() -> Told {
        let at = DatabaseTime { at: time::OffsetDateTime::UNIX_EPOCH, epoch: 1 };
        Told { at, asked: NOW, answered: NOW }
    }

    fn version(known: &Known, number: u128) -> Option<i64> {
        known.recall(session(number, 0).id, NOW).map(|memory| memory.session.state.version)
    }

    #[test]
    fn a_load_that_was_overtaken_by_a_commit_takes_nothing_back() {
        let known = Known::new(1 << 20, AGE);
        known.learn(session(1, 2), told(), NOW);
        known.learn(session(1, 1), told(), NOW);
        assert_eq!(version(&known, 1), Some(2));
        known.learn(session(1, 3), told(), NOW);
        assert_eq!(version(&known, 1), Some(3));
        known.forget(session(1, 0).id);
        assert_eq!(version(&known, 1), None);
    }

    #[test]
    fn what_was_told_long_ago_or_slowly_is_not_known() {
        let known = Known::new(1 << 20, Duration::ZERO);
        known.learn(session(1, 1), told(), NOW);
        assert_eq!(version(&known, 1), None, "too old");
        let known = Known::new(1 << 20, AGE);
        known.learn(session(1, 1), Told { asked: NOW - 2 * ANSWERED_WITHIN, ..told() }, NOW);
        assert_eq!(version(&known, 1), None, "nobody knows when it was true");
    }

    #[test]
    fn a_session_that_is_stale_again_and_again_is_skipped_ever_longer() {
        let known = Known::new(1 << 20, AGE);
        let skipped = |known: &Known| {
            known.learn(session(1, 1), told(), NOW);
            (0..).take_while(|_| version(known, 1).is_none()).count()
        };
        assert_eq!(skipped(&known), 0);
        for expected in [16, 32, 64, 128] {
            known.was_stale(session(1, 0).id);
            assert_eq!(skipped(&known), expected);
        }
        for _ in 0..4 {
            known.was_current(session(1, 0).id);
        }
        known.was_stale(session(1, 0).id);
        assert_eq!(skipped(&known), 16, "it has served well in between");
    }

    #[test]
    fn whoever_does_not_come_back_is_let_go() {
        let known = Known::new(16 << 20, AGE);
        known.learn(session(1, 1), told(), NOW);
        let later = NOW + AGE;
        let told = Told { asked: later, answered: later, ..told() };
        (0..SWEPT_EVERY).for_each(|number| known.learn(session(u128::from(number) + 2, 1), told, later));
        assert!(!known.entries.contains_key(&session(1, 0).id));
        assert!(known.entries.contains_key(&session(2, 0).id));
    }

    #[test]
    fn the_memory_is_bounded_in_bytes() {
        let known = Known::new(64 * ENTRY, AGE);
        (0..10_000).for_each(|number| known.learn(session(number, 1), told(), NOW));
        assert!(known.entries.weight() <= 64 * ENTRY as u64, "{}", known.entries.weight());
        assert!(known.entries.len() <= 64);
    }
}
