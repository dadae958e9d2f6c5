//! The statements that a pool's connections have prepared, each at a place that it has in all of them.
//!
//! deadpool's cache finds a statement by its text, which is hashed and compared as a whole each time. So it
//! is asked once for each connection and statement, and what it gives is kept here.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use deadpool_postgres::{Object, ObjectId, StatementCache};
use tokio_postgres::Statement;

/// A statement's place among those that a connection has prepared. It is given when it is first asked for.
#[derive(Debug)]
pub(super) struct Place(AtomicUsize);

/// What the connections of a pool have prepared. Clones share it.
#[derive(Clone, Default)]
pub(super) struct PreparedByPool {
    /// How often all was forgotten.
    round: Arc<AtomicU64>,
    connections: Arc<Mutex<HashMap<ObjectId, Arc<Prepared>>>>,
}

/// What one connection has prepared.
#[derive(Debug)]
pub(super) struct Prepared {
    /// That of its pool.
    round: Arc<AtomicU64>,
    /// deadpool's cache, by which a connection that is closed is known.
    cache: Weak<StatementCache>,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    round: u64,
    by_place: Vec<Option<Statement>>,
}

/// The round in which a statement is prepared. One that was prepared before all was forgotten is not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Round(u64);

impl Place {
    pub(super) const fn new() -> Self {
        Self(AtomicUsize::new(0))
    }

    fn number(&self) -> usize {
        static GIVEN: AtomicUsize = AtomicUsize::new(0);
        match self.0.load(Ordering::Relaxed) {
            0 => {
                let new = GIVEN.fetch_add(1, Ordering::Relaxed) + 1;
                self.0.compare_exchange(0, new, Ordering::Relaxed, Ordering::Relaxed).map_or_else(
                    // Another thread was faster. The number stays unused.
                    |given| given,
                    |_| new,
                )
            }
            given => given,
        }
    }
}

impl PreparedByPool {
    /// What this connection of the pool has prepared.
    pub(super) fn of(&self, connection: &Object) -> Arc<Prepared> {
        let mut connections = lock(&self.connections);
        if let Some(prepared) = connections.get(&Object::id(connection)) {
            return Arc::clone(prepared);
        }
        connections.retain(|_, prepared| prepared.cache.strong_count() > 0);
        let prepared = Arc::new(Prepared {
            round: Arc::clone(&self.round),
            cache: Arc::downgrade(&connection.statement_cache),
            kept: Mutex::default(),
        });
        connections.insert(Object::id(connection), Arc::clone(&prepared));
        prepared
    }

    /// Has each connection ask deadpool's cache again, which was cleared before.
    pub(super) fn forget(&self) {
        self.round.fetch_add(1, Ordering::AcqRel);
    }
}

impl Prepared {
    /// The statement with this place, if the connection has prepared it; else the round in which it is to be
    /// prepared.
    pub(super) fn find(&self, place: &Place) -> Result<Statement, Round> {
        let round = self.round.load(Ordering::Acquire);
        let mut kept = lock(&self.kept);
        if kept.round != round {
            *kept = Kept { round, by_place: Vec::new() };
        }
        kept.by_place.get(place.number()).cloned().flatten().ok_or(Round(round))
    }

    /// Keeps a statement that was prepared in a round.
    pub(super) fn keep(&self, place: &Place, statement: &Statement, Round(round): Round) {
        let mut kept = lock(&self.kept);
        if kept.round == round {
            let number = place.number();
            if kept.by_place.len() <= number {
                kept.by_place.resize(number + 1, None);
            }
            kept.by_place[number] = Some(statement.clone());
        }
    }

    /// Has this connection ask deadpool's cache again, which was cleared before.
    pub(super) fn forget(&self) {
        lock(&self.kept).by_place.clear();
    }

    /// Has all connections of its pool ask theirs again.
    pub(super) fn forget_all(&self) {
        self.round.fetch_add(1, Ordering::AcqRel);
    }
}

/// No panic leaves the contents half changed.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[test]
fn each_statement_has_a_place_of_its_own() {
    let (one, other) = (Place::new(), Place::new());
    assert_eq!(one.number(), one.number());
    assert_ne!(one.number(), other.number());
    assert_ne!(one.number(), 0, "which none has yet");
}
