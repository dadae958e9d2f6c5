//! Work of one kind that several ask for at the same time, to be done together.
//!
//! Who comes while work is under way waits for it, and all who have waited go together next. Who finds nothing under way
//! is served at once.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Work that has been under way for so long stands in nobody's way any more: the database may be far, or what leads to
/// it broken.
const PATIENCE: Duration = Duration::from_millis(1);

/// How many may go together, so that none waits long for the others.
const TOGETHER_MAX: usize = 64;

/// Where they wait.
#[derive(Debug)]
pub(super) struct Line<T>(Arc<Mutex<Waiting<T>>>);

/// The right to do the work of those who wait, until there are none.
pub(super) struct Turn<T> {
    line: Line<T>,
    is_over: bool,
}

#[derive(Debug)]
struct Waiting<T> {
    waiting: Vec<T>,
    under_way: usize,
    /// How many turns there may be before somebody has to wait.
    turns_max: usize,
    /// When work was last begun.
    begun: Option<Instant>,
}

impl<T> Line<T> {
    /// With so many turns at a time, or more if they take long.
    pub(super) fn new(turns_max: usize) -> Self {
        Self(Arc::new(Mutex::new(Waiting { waiting: Vec::new(), under_way: 0, turns_max, begun: None })))
    }

    /// Takes one in. If it is the caller's turn, they must do the work, that of this one among it.
    pub(super) fn stand(&self, one: T) -> Option<Turn<T>> {
        let is_turn = self.waiting().stand(one, Instant::now());
        is_turn.then(|| Turn { line: Self(Arc::clone(&self.0)), is_over: false })
    }

    /// No panic leaves it half changed.
    fn waiting(&self) -> MutexGuard<'_, Waiting<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Turn<T> {
    /// Lets those come who are on their way, as requests that arrive together are: the runtime would rather go on with
    /// what the first of them has begun.
    pub(super) async fn assemble(&self) {
        tokio::task::yield_now().await;
    }

    /// Those whose work is next. None: the turn is over.
    pub(super) fn next(&mut self) -> Option<Vec<T>> {
        let next = self.line.waiting().next(Instant::now());
        self.is_over = next.is_none();
        next
    }
}

/// A runtime that stops drops tasks on their way. Those who wait, maybe on another, must not do so for ever.
impl<T> Drop for Turn<T> {
    fn drop(&mut self) {
        if !self.is_over {
            let forsaken = self.line.waiting().forsake();
            drop(forsaken);
        }
    }
}

impl<T> Waiting<T> {
    /// Whether it is the caller's turn.
    fn stand(&mut self, one: T, now: Instant) -> bool {
        self.waiting.push(one);
        let takes_long = self.begun.is_some_and(|begun| now.duration_since(begun) > PATIENCE);
        let is_turn = self.under_way < self.turns_max || takes_long;
        if is_turn {
            self.under_way += 1;
            self.begun = Some(now);
        }
        is_turn
    }

    fn next(&mut self, now: Instant) -> Option<Vec<T>> {
        if self.waiting.is_empty() {
            self.under_way -= 1;
            return None;
        }
        self.begun = Some(now);
        let together = self.waiting.len().min(TOGETHER_MAX);
        Some(self.waiting.drain(..together).collect())
    }

    /// Ends a turn on its way; those who wait are let go.
    fn forsake(&mut self) -> Vec<T> {
        self.under_way -= 1;
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

    fn line<T>() -> Waiting<T> {
        Waiting { waiting: Vec::new(), under_way: 0, turns_max: 1, begun: None }
    }

    #[test]
    fn who_comes_while_work_is_under_way_goes_with_the_next() {
        let (mut line, now) = (line(), moment(Duration::ZERO));
        assert!(line.stand("first", now));
        assert_eq!(line.next(now), Some(vec!["first"]));
        assert!(!line.stand("second", now));
        assert!(!line.stand("third", now));
        assert_eq!(line.next(now), Some(vec!["second", "third"]));
        assert_eq!(line.next(now), None);
        assert!(line.stand("fourth", now), "nothing is under way any more");
    }

    #[test]
    fn work_that_takes_long_stands_in_nobodys_way() {
        let mut line = line();
        assert!(line.stand(1, moment(Duration::ZERO)));
        assert_eq!(line.next(moment(Duration::ZERO)), Some(vec![1]));
        assert!(!line.stand(2, moment(PATIENCE)));
        let late = moment(PATIENCE + Duration::from_micros(1));
        assert!(line.stand(3, late), "another turn");
        assert!(!line.stand(4, late), "which is new");
        assert_eq!(line.next(late), Some(vec![2, 3, 4]));
        assert_eq!(line.next(late), None);
        assert!(!line.stand(5, late), "the first is still under way");
        assert_eq!(line.next(late), Some(vec![5]));
        assert_eq!(line.next(late), None);
        assert!(line.stand(6, late));
    }

    #[test]
    fn no_more_than_so_many_go_together() {
        let (mut line, now) = (line(), moment(Duration::ZERO));
        let turns = (0..=TOGETHER_MAX).filter(|one| line.stand(*one, now)).count();
        assert_eq!(turns, 1);
        assert_eq!(line.next(now).map(|together| together.len()), Some(TOGETHER_MAX));
        assert_eq!(line.next(now), Some(vec![TOGETHER_MAX]));
    }

    #[test]
    fn a_turn_that_was_dropped_lets_all_go() {
        let (mut line, now) = (line(), moment(Duration::ZERO));
        assert!(line.stand(1, now));
        assert_eq!(line.forsake(), [1]);
        assert!(line.stand(2, now));
    }
}
