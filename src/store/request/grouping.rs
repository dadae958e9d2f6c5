//! Grouping: requests that ask for the same kind of work at the same time share it.
//!
//! A request that comes while work is under way waits. The next round of work takes all who wait. A request
//! that finds no work under way is served at once, and becomes the leader: it does the work of all who come
//! meanwhile.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Work that takes longer than this makes nobody wait any more: the database may be far, or the connection
/// broken.
const PATIENCE: Duration = Duration::from_millis(1);

/// How many may go in one round, so that none waits long for the others.
const TOGETHER_MAX: usize = 64;

/// The place where those who want the same kind of work meet.
#[derive(Debug)]
pub(crate) struct Grouping<T>(Arc<Mutex<Waiting<T>>>);

/// The duty to do the work of all who wait, until nobody does.
pub(crate) struct Leader<T> {
    grouping: Grouping<T>,
    is_done: bool,
}

#[derive(Debug)]
struct Waiting<T> {
    waiting: Vec<T>,
    /// How many leaders are at work.
    leaders: usize,
    /// How many leaders there may be before somebody has to wait.
    leaders_max: usize,
    /// When the latest round of work began.
    begun: Option<Instant>,
}

impl<T> Grouping<T> {
    /// At most `leaders_max` leaders work at the same time. There may be more while work takes longer than
    /// [`PATIENCE`].
    pub(crate) fn new(leaders_max: usize) -> Self {
        Self(Arc::new(Mutex::new(Waiting { waiting: Vec::new(), leaders: 0, leaders_max, begun: None })))
    }

    /// Adds `one` to those who wait. If this returns a leader, the caller must do the work of all, also that
    /// of `one`.
    pub(crate) fn join(&self, one: T) -> Option<Leader<T>> {
        let leads = self.waiting().join(one, Instant::now());
        leads.then(|| Leader { grouping: Self(Arc::clone(&self.0)), is_done: false })
    }

    /// No panic leaves it half changed.
    fn waiting(&self) -> MutexGuard<'_, Waiting<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Leader<T> {
    /// Gives requests that arrived at the same moment the time to join: the runtime would rather go on with
    /// the leader.
    pub(crate) async fn assemble(&self) {
        tokio::task::yield_now().await;
    }

    /// The next round: all who wait, up to [`TOGETHER_MAX`]. None if nobody waits; then this leader is done.
    pub(crate) fn next(&mut self) -> Option<Vec<T>> {
        let next = self.grouping.waiting().next(Instant::now());
        self.is_done = next.is_none();
        next
    }
}

/// A runtime that stops drops the leader's task at any point. Those who wait, maybe on another runtime, must
/// not wait forever: they are dropped here, and notice it.
impl<T> Drop for Leader<T> {
    fn drop(&mut self) {
        if !self.is_done {
            let forsaken = self.grouping.waiting().forsake();
            drop(forsaken);
        }
    }
}

impl<T> Waiting<T> {
    /// Returns whether the caller becomes a leader.
    fn join(&mut self, one: T, now: Instant) -> bool {
        self.waiting.push(one);
        let takes_long = self.begun.is_some_and(|begun| now.duration_since(begun) > PATIENCE);
        let leads = self.leaders < self.leaders_max || takes_long;
        if leads {
            self.leaders += 1;
            self.begun = Some(now);
        }
        leads
    }

    fn next(&mut self, now: Instant) -> Option<Vec<T>> {
        if self.waiting.is_empty() {
            self.leaders -= 1;
            return None;
        }
        self.begun = Some(now);
        let together = self.waiting.len().min(TOGETHER_MAX);
        Some(self.waiting.drain(..together).collect())
    }

    /// Removes a leader whose task was dropped, and gives back all who wait.
    fn forsake(&mut self) -> Vec<T> {
        self.leaders -= 1;
        std::mem::take(&mut self.waiting)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(after: Duration) -> Instant {
        static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
        *START.get_or_init(Instant::now) + after
    }

    fn grouping<T>() -> Waiting<T> {
        Waiting { waiting: Vec::new(), leaders: 0, leaders_max: 1, begun: None }
    }

    #[test]
    fn who_comes_while_work_is_under_way_goes_with_the_next() {
        let (mut grouping, now) = (grouping(), moment(Duration::ZERO));
        assert!(grouping.join("first", now));
        assert_eq!(grouping.next(now), Some(vec!["first"]));
        assert!(!grouping.join("second", now));
        assert!(!grouping.join("third", now));
        assert_eq!(grouping.next(now), Some(vec!["second", "third"]));
        assert_eq!(grouping.next(now), None);
        assert!(grouping.join("fourth", now), "nothing is under way any more");
    }

    #[test]
    fn work_that_takes_long_stands_in_nobodys_way() {
        let mut grouping = grouping();
        assert!(grouping.join(1, moment(Duration::ZERO)));
        assert_eq!(grouping.next(moment(Duration::ZERO)), Some(vec![1]));
        assert!(!grouping.join(2, moment(PATIENCE)));
        let late = moment(PATIENCE + Duration::from_micros(1));
        assert!(grouping.join(3, late), "a second leader");
        assert!(!grouping.join(4, late), "which is new");
        assert_eq!(grouping.next(late), Some(vec![2, 3, 4]));
        assert_eq!(grouping.next(late), None);
        assert!(!grouping.join(5, late), "the first is still under way");
        assert_eq!(grouping.next(late), Some(vec![5]));
        assert_eq!(grouping.next(late), None);
        assert!(grouping.join(6, late));
    }

    #[test]
    fn no_more_than_so_many_go_together() {
        let (mut grouping, now) = (grouping(), moment(Duration::ZERO));
        let leaders = (0..=TOGETHER_MAX).filter(|one| grouping.join(*one, now)).count();
        assert_eq!(leaders, 1);
        assert_eq!(grouping.next(now).map(|together| together.len()), Some(TOGETHER_MAX));
        assert_eq!(grouping.next(now), Some(vec![TOGETHER_MAX]));
    }

    #[test]
    fn a_leader_that_was_dropped_lets_all_go() {
        let (mut grouping, now) = (grouping(), moment(Duration::ZERO));
        assert!(grouping.join(1, now));
        assert_eq!(grouping.forsake(), [1]);
        assert!(grouping.join(2, now));
    }
}
