//! Medians over rounds, ratios between peers, and their format.

use bench_report::{median, span};

use crate::closed::Slice;
use crate::contest::{Event, Findings};
use crate::contestant::Spent;
use crate::operation::Operation;

/// An unknown figure, in a table.
pub(crate) const NONE: &str = "–";

impl Findings {
    fn slices(&self, event: Event) -> &[Slice] {
        self.closed.get(&event).map_or(&[], Vec::as_slice)
    }

    fn rates(&self, event: Event) -> Vec<f64> {
        self.slices(event).iter().map(Slice::rate).collect()
    }

    /// Answers a second of the closed loop: median, least, greatest.
    pub(crate) fn rate(&self, event: Event) -> Option<(f64, f64, f64)> {
        let rates = self.rates(event);
        let (least, greatest) = span(&rates);
        (!rates.is_empty()).then(|| (median(&rates), least, greatest))
    }

    /// How many times as many answers a second `peer` gave as `other`.
    pub(crate) fn ratio(&self, operation: Operation, peer: &'static str, other: &'static str) -> Option<f64> {
        paired(&self.rates((operation, peer)), &self.rates((operation, other)))
    }

    /// The median over rounds of one figure of each slice.
    pub(crate) fn median_of(&self, event: Event, of: impl Fn(&Slice) -> f64) -> f64 {
        median(&self.slices(event).iter().map(of).collect::<Vec<_>>())
    }

    /// The median over rounds of one resource that a request has used.
    pub(crate) fn per_request(&self, event: Event, of: impl Fn(&Spent) -> f64) -> f64 {
        self.median_of(event, |slice| slice.per_request(&of))
    }

    /// All requests of the closed loop that were not answered with 200, and the first of these answers.
    pub(crate) fn errors(&self, event: Event) -> (u64, Option<&str>) {
        let slices = self.slices(event);
        let first = slices.iter().find_map(|slice| slice.tally.first_error.as_deref());
        (slices.iter().map(|slice| slice.tally.errors).sum(), first)
    }
}

/// The median of the ratios of each round: a slow round slows both sides.
fn paired(rates: &[f64], others: &[f64]) -> Option<f64> {
    let ratios: Vec<_> =
        rates.iter().zip(others).filter(|(_, other)| **other > 0.0).map(|(a, b)| a / b).collect();
    (!ratios.is_empty()).then(|| median(&ratios))
}

/// `1.52`, and `0.034` where two digits would say little.
pub(crate) fn ratio(value: Option<f64>) -> String {
    match value {
        None => NONE.to_owned(),
        Some(value) if value < 0.1 => format!("{value:.3}"),
        Some(value) if value < 100.0 => format!("{value:.2}"),
        Some(value) => format!("{value:.0}"),
    }
}

/// Milliseconds, with as many digits as matter.
pub(crate) fn milliseconds(value: f64) -> String {
    if value < 100.0 { format!("{value:.2}") } else { format!("{value:.0}") }
}

/// Seconds of CPU as microseconds.
pub(crate) fn microseconds(seconds: f64) -> String {
    format!("{:.0}", seconds * 1e6)
}

#[test]
fn a_ratio_is_taken_within_each_round() {
    assert_eq!(paired(&[200.0, 20.0, 300.0], &[100.0, 10.0, 100.0]), Some(2.0));
    assert_eq!(paired(&[200.0], &[]), None);
    assert_eq!(paired(&[200.0], &[0.0]), None);
}

#[test]
fn figures_have_the_digits_that_matter() {
    assert_eq!([None, Some(1.517), Some(0.0312), Some(123.4)].map(ratio), [NONE, "1.52", "0.031", "123"]);
    assert_eq!([0.512, 1234.2].map(milliseconds), ["0.51", "1234"]);
    assert_eq!(microseconds(0.000_123_4), "123");
}
