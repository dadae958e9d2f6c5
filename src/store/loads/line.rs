//! Who waits for a statement, and when the next may be sent.

use std::time::{Duration, Instant};

/// A statement that has been under way for so long stands in nobody's way any more: the database may be far, or what
/// leads to it broken.
const PATIENCE: Duration = Duration::from_millis(1);

/// How many may go with one statement, so that none waits long for the others.
const TOGETHER_MAX: usize = 64;

/// Those who wait.
#[derive(Debug)]
pub(super) struct Line<T> {
    waiting: Vec<T>,
    under_way: usize,
    /// When the last statement was sent.
    sent: Option<Instant>,
}

impl<T> Default for Line<T> {
    fn default() -> Self {
        Self { waiting: Vec::new(), under_way: 0, sent: None }
    }
}

impl<T> Line<T> {
    /// Takes one in. Whether it is the caller's turn to send statements, until there is none to be sent.
    pub(super) fn stand(&mut self, one: T, now: Instant) -> bool {
        self.waiting.push(one);
        let is_held_up = self.sent.is_some_and(|sent| now.duration_since(sent) > PATIENCE);
        let is_turn = self.under_way == 0 || is_held_up;
        if is_turn {
            self.under_way += 1;
            self.sent = Some(now);
        }
        is_turn
    }

    /// Who goes with the next statement. Nobody: the turn is over.
    pub(super) fn next(&mut self, now: Instant) -> Option<Vec<T>> {
        if self.waiting.is_empty() {
            self.under_way -= 1;
            return None;
        }
        self.sent = Some(now);
        let together = self.waiting.len().min(TOGETHER_MAX);
        Some(self.waiting.drain(..together).collect())
    }

    /// Ends a turn on its way; those who wait are let go.
    pub(super) fn forsake(&mut self) -> Vec<T> {
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

    #[test]
    fn who_comes_while_a_statement_is_under_way_goes_with_the_next() {
        let (mut line, now) = (Line::default(), moment(Duration::ZERO));
        assert!(line.stand("first", now));
        assert_eq!(line.next(now), Some(vec!["first"]));
        assert!(!line.stand("second", now));
        assert!(!line.stand("third", now));
        assert_eq!(line.next(now), Some(vec!["second", "third"]));
        assert_eq!(line.next(now), None);
        assert!(line.stand("fourth", now), "nothing is under way any more");
    }

    #[test]
    fn a_statement_that_takes_long_stands_in_nobodys_way() {
        let mut line = Line::default();
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
    fn a_statement_takes_no_more_than_so_many() {
        let (mut line, now) = (Line::default(), moment(Duration::ZERO));
        let turns = (0..=TOGETHER_MAX).filter(|one| line.stand(*one, now)).count();
        assert_eq!(turns, 1);
        assert_eq!(line.next(now).map(|together| together.len()), Some(TOGETHER_MAX));
        assert_eq!(line.next(now), Some(vec![TOGETHER_MAX]));
    }

    #[test]
    fn a_turn_that_was_dropped_lets_all_go() {
        let (mut line, now) = (Line::default(), moment(Duration::ZERO));
        assert!(line.stand(1, now));
        assert_eq!(line.forsake(), [1]);
        assert!(line.stand(2, now));
    }
}
