//! A span of time along a drawing: places in percent, and the times that are written at its edge.

use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{Duration, OffsetDateTime};

/// The distances of ticks. The last one serves all that is longer.
const STEPS: [Duration; 20] = [
    Duration::seconds(1),
    Duration::seconds(5),
    Duration::seconds(15),
    Duration::minutes(1),
    Duration::minutes(5),
    Duration::minutes(15),
    Duration::minutes(30),
    Duration::hours(1),
    Duration::hours(3),
    Duration::hours(6),
    Duration::hours(12),
    Duration::days(1),
    Duration::days(2),
    Duration::days(7),
    Duration::days(14),
    Duration::days(30),
    Duration::days(90),
    Duration::days(365),
    Duration::days(3650),
    Duration::days(36_500),
];

/// The most ticks, so that their times do not touch on a wide screen.
const TICKS_MAX: i128 = 6;

const TO_SECOND: &[BorrowedFormatItem<'_>] = format_description!("[hour]:[minute]:[second]");
const TO_MINUTE: &[BorrowedFormatItem<'_>] = format_description!("[hour]:[minute]");
const TO_DAY: &[BorrowedFormatItem<'_>] = format_description!("[day padding:none] [month repr:short]");
const TO_YEAR: &[BorrowedFormatItem<'_>] = format_description!("[month repr:short] [year]");

/// A span of time along a drawing, from its left edge to its right one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    from: OffsetDateTime,
    microseconds: i128,
}

/// A time that is written below a drawing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tick {
    /// In percent.
    pub(super) x: String,
    pub(super) label: String,
    /// Whether a narrow screen does without its label.
    pub(super) is_minor: bool,
}

impl Scale {
    /// A span of a second at the least.
    pub(super) fn of(from: OffsetDateTime, until: OffsetDateTime) -> Self {
        let microseconds = (until - from).max(Duration::SECOND).whole_microseconds();
        Self { from, microseconds }
    }

    /// The place of a moment, in percent.
    pub(super) fn place(&self, at: OffsetDateTime) -> f64 {
        let share = (at - self.from).whole_microseconds() as f64 / self.microseconds as f64;
        share.clamp(0.0, 1.0) * 100.0
    }

    /// Ticks at round times.
    pub(super) fn ticks(&self) -> Vec<Tick> {
        let step = STEPS.into_iter().find(|step| self.microseconds <= step.whole_microseconds() * TICKS_MAX);
        let step = step.unwrap_or(STEPS[STEPS.len() - 1]);
        let format = |at: OffsetDateTime| match step {
            // Midnight says which day begins.
            step if step >= Duration::HOUR && step < Duration::DAY && at.hour() == 0 => TO_DAY,
            step if step < Duration::MINUTE => TO_SECOND,
            step if step < Duration::DAY => TO_MINUTE,
            step if step < Duration::days(30) => TO_DAY,
            _ => TO_YEAR,
        };
        let (from, length) = (self.from.unix_timestamp_nanos() / 1000, step.whole_microseconds());
        let first = -(-from).div_euclid(length);
        let ticks = (first..).map_while(|nth| {
            let at = nth * length;
            let at = (at <= from + self.microseconds)
                .then(|| OffsetDateTime::from_unix_timestamp_nanos(at * 1000).ok())??;
            let label = at.format(format(at)).unwrap_or_default();
            Some(Tick { x: percent(self.place(at)), label, is_minor: (nth - first) % 2 == 1 })
        });
        ticks.take(TICKS_MAX as usize + 1).collect()
    }
}

/// A place as an attribute of a drawing.
pub(super) fn percent(place: f64) -> String {
    format!("{place:.2}%")
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    fn labels(from: OffsetDateTime, until: OffsetDateTime) -> Vec<String> {
        Scale::of(from, until).ticks().into_iter().map(|tick| tick.label).collect()
    }

    #[test]
    fn ticks_stand_at_round_times() {
        let from = datetime!(2026-03-04 09:07:30 UTC);
        assert_eq!(labels(from, from + Duration::hours(2)), ["09:30", "10:00", "10:30", "11:00"]);
        assert_eq!(
            labels(from, from + Duration::seconds(3)),
            ["09:07:30", "09:07:31", "09:07:32", "09:07:33"]
        );
        assert_eq!(labels(from, from + Duration::days(4)), ["5 Mar", "6 Mar", "7 Mar", "8 Mar"]);
        assert_eq!(labels(from, from + Duration::days(1)), ["12:00", "18:00", "5 Mar", "06:00"]);
    }

    #[test]
    fn a_drawing_of_any_length_has_few_ticks_within_it() {
        let from = datetime!(1999-12-31 23:59:59.999999 UTC);
        for seconds in [0, 1, 59, 3600, 86_400, 86_400 * 400, 86_400 * 365 * 90] {
            let scale = Scale::of(from, from + Duration::seconds(seconds));
            assert!(scale.ticks().len() <= 7, "{seconds}");
        }
        let scale = Scale::of(from, from + Duration::hours(1));
        assert_eq!(
            [from, from + Duration::minutes(30), from + Duration::DAY].map(|at| scale.place(at)),
            [0.0, 50.0, 100.0]
        );
    }
}
