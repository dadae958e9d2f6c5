//! When it is time to note that a session was seen, which extends its life: rarely, so that reading costs no
//! write, and often enough, so that nobody who reads is signed out.

use super::Policy;

impl Policy {
    /// Whether a visit should be noted, of a session with the `idle` limit whose last noted visit is
    /// `unseen` seconds ago. `draw` draws a number from 1 to 100.
    ///
    /// A note is due for certain when half of the idle limit is over, whatever the settings are: a session's
    /// own limit may be far shorter than the policy's.
    pub(super) fn extends(&self, idle: Option<u32>, unseen: i64, draw: impl FnOnce() -> u8) -> bool {
        let half = idle.map_or(u32::MAX, |idle| idle / 2);
        let is_certain =
            if self.extension_chance >= 100 { self.extension_delay } else { self.extension_deadline };
        if unseen >= i64::from(is_certain.min(half)) {
            return true;
        }
        unseen >= i64::from(self.extension_delay) && draw() <= self.extension_chance
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn never() -> u8 {
        unreachable!("nothing is left to chance")
    }

    #[test]
    fn without_a_chance_each_visit_after_the_delay_is_noted() {
        let policy = Policy::default().extension_delay(60);
        let noted = [0, 59, 60, 61].map(|unseen| policy.extends(Some(600), unseen, never));
        assert_eq!(noted, [false, false, true, true]);
    }

    #[test]
    fn between_delay_and_deadline_the_draw_decides() {
        let policy = Policy::default().extension_delay(60).extension_chance(10).extension_deadline(120);
        let noted = |unseen, drawn| policy.extends(Some(600), unseen, || drawn);
        assert!(!policy.extends(Some(600), 59, never));
        assert_eq!([1, 10, 11, 100].map(|drawn| noted(60, drawn)), [true, true, false, false]);
        assert_eq!([1, 10, 11, 100].map(|drawn| noted(119, drawn)), [true, true, false, false]);
        assert!(policy.extends(Some(600), 120, never));
    }

    #[test]
    fn in_the_second_half_of_the_idle_limit_each_visit_is_noted() {
        let delayed = Policy::default().extension_delay(60);
        let noted = [9, 10, 20].map(|unseen| delayed.extends(Some(20), unseen, never));
        assert_eq!(noted, [false, true, true], "a limit of the session's own, below the delay");
        let chancy = delayed.extension_chance(1).extension_deadline(1_000);
        assert!(!chancy.extends(Some(600), 299, || 100));
        assert!(chancy.extends(Some(600), 300, never));
    }

    #[test]
    fn a_session_without_an_idle_limit_is_noted_by_the_same_settings() {
        let policy = Policy::default().extension_delay(60);
        assert_eq!([59, 60].map(|unseen| policy.extends(None, unseen, never)), [false, true]);
        assert!(!policy.extension_delay(u32::MAX).extends(None, 1_000_000, never));
    }
}
