//! The parts that the benches share: medians of interleaved rounds, goals with their distance, tables,
//! charts, and the resources that a server has used.
//!
//! Programs that use this crate print every figure that is claimed somewhere, and publish it to
//! `benches/RESULTS.md`.
#![forbid(unsafe_code)]

mod chart;
mod goal;
mod machine;
mod page;
mod spent;
mod table;

pub use chart::{Series, bars, lines};
pub use goal::{Goal, Target, figure};
pub use machine::machine;
pub use page::publish;
pub use spent::{Counters, Usage, cpu_seconds, cpu_seconds_of_descendants};
pub use table::markdown;

/// The median of these figures; for an even number of them the mean of the two in the middle. No figure may
/// be NaN. Zero for none.
pub fn median(figures: &[f64]) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.as_slice() {
        [] => 0.0,
        all if all.len().is_multiple_of(2) => f64::midpoint(all[middle - 1], all[middle]),
        all => all[middle],
    }
}

/// The least and the greatest of these figures.
pub fn span(figures: &[f64]) -> (f64, f64) {
    let least = figures.iter().copied().fold(f64::INFINITY, f64::min);
    (least, figures.iter().copied().fold(f64::NEG_INFINITY, f64::max))
}

#[test]
fn a_median_is_the_middle_whatever_the_order() {
    assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
    assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
    assert_eq!(median(&[]), 0.0);
    assert_eq!(span(&[3.0, 1.0, 2.0]), (1.0, 3.0));
}
