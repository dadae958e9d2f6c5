//! One session of the log, folded event by event, and what is amiss in the log itself.

use super::found::{Found, Scope};
use crate::ledger::finding::Finding;
use crate::ledger::neighbours::Neighbours;
use crate::session::{ChainHash, Entry, SessionId, SessionState};
use crate::store::log::streams::Logged;

/// One session, folded as far as its events were read.
pub(super) struct Stream<'a> {
    pub(super) session: SessionId,
    pub(super) state: SessionState,
    /// Whether all events could be read.
    pub(super) is_readable: bool,
    /// The stored hash of the event before the next one.
    head: ChainHash,
    neighbours: Option<Neighbours<'a>>,
}

impl<'a> Stream<'a> {
    pub(super) fn begin(session: SessionId, scope: &'a Scope) -> Self {
        let head = ChainHash::genesis(session);
        let around = scope.surroundings();
        let neighbours = around.map(|around| Neighbours::of(session, &around.counters));
        Self { session, state: SessionState::default(), is_readable: true, head, neighbours }
    }

    /// Whether the session had not ended by now. Nothing follows an end, not even in a log that holds more.
    pub(super) fn is_live(&self) -> bool {
        self.state.ended.is_none()
    }

    /// Folds the next event, and compares it with those before it.
    pub(super) fn extend(&mut self, logged: &Logged, found: &mut Found<'_>) {
        let entry = &logged.entry;
        self.check_place(entry, found);
        found.report.events += 1;
        found.report.unknown_events += u64::from(!entry.encoded.is_known());
        if let Err(error) = self.state.advance(entry) {
            let version = entry.version;
            self.is_readable = false;
            // The next event is still expected behind this one.
            self.state.version = version;
            found.add(self.session, Finding::Undecodable { version, error });
        }
        let about = self.neighbours.as_mut().map(|neighbours| neighbours.findings(logged));
        about.into_iter().flatten().for_each(|one| found.add(self.session, one));
    }

    /// Checks the event's version and hash. The events after a break are judged by the stored hash, so that
    /// one break is one difference.
    fn check_place(&mut self, entry: &Entry, found: &mut Found<'_>) {
        let (expected, version) = (self.state.version + 1, entry.version);
        if version != expected {
            found.add(self.session, Finding::VersionGap { expected, found: version });
        }
        if !self.is_live() {
            found.add(self.session, Finding::EventAfterEnd { version });
        }
        if self.head.then(entry) != entry.hash {
            found.add(self.session, Finding::ChainBroken { version });
        }
        self.head = entry.hash;
    }
}
