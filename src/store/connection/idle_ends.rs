//! The transactions that the server has ended because their application was silent for too long.
//!
//! The server says so on the connection, and then closes it. Whoever uses the connection next is only told
//! that it is closed. So the reason is kept here until the transaction asks for it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// How many ends are kept. Each transaction that was ended so asks for its own, most within seconds.
const KEPT_MAX: usize = 64;

/// When transactions were ended whose owners have not asked yet. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct IdleEnds(Arc<Mutex<Vec<Instant>>>);

impl IdleEnds {
    /// Notes an end.
    pub(super) fn note(&self, at: Instant) {
        let mut ends = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if ends.len() >= KEPT_MAX {
            ends.remove(0);
        }
        ends.push(at);
    }

    /// Whether a transaction that began at `begun`, and whose connection is lost, was ended so. Each end is
    /// told to one transaction.
    pub(super) fn claim(&self, begun: Instant) -> bool {
        let mut ends = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = ends.iter().position(|at| *at >= begun);
        found.map(|nth| ends.remove(nth)).is_some()
    }
}

#[test]
fn an_end_is_told_to_one_transaction_that_had_begun_before_it() {
    use std::time::Duration;

    let (ends, start) = (IdleEnds::default(), Instant::now());
    let second = Duration::from_secs(1);
    ends.note(start + second);
    assert!(!ends.claim(start + 2 * second), "it began later");
    assert!(ends.claim(start));
    assert!(!ends.claim(start));
    (0..100).for_each(|_| ends.note(start + second));
    assert_eq!((0..100).filter(|_| ends.claim(start)).count(), KEPT_MAX);
}
