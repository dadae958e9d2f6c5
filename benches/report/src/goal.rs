//! A figure and its goal.

use std::fmt;

/// A limit for a figure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Target {
    /// This or more.
    AtLeast(f64),
    /// This or less.
    AtMost(f64),
}

/// A goal and the measured figure. Shown as `pass`, or with the distance.
#[derive(Clone, Debug, PartialEq)]
pub struct Goal {
    /// The subject, in words.
    pub name: String,
    /// The limit.
    pub target: Target,
    /// The measured figure.
    pub measured: f64,
    /// The unit: `B`, `µs`, `events/s`; empty for a ratio.
    pub unit: &'static str,
}

impl Goal {
    /// Whether it is reached.
    pub fn is_reached(&self) -> bool {
        match self.target {
            Target::AtLeast(least) => self.measured >= least,
            Target::AtMost(most) => self.measured <= most,
        }
    }

    /// The row of a table: what, goal, measured, verdict.
    pub fn row(&self) -> Vec<String> {
        let unit = if self.unit.is_empty() { String::new() } else { format!(" {}", self.unit) };
        let (word, bound) = match self.target {
            Target::AtLeast(least) => ("at least", least),
            Target::AtMost(most) => ("at most", most),
        };
        vec![
            self.name.clone(),
            format!("{word} {}{unit}", figure(bound)),
            format!("{}{unit}", figure(self.measured)),
            self.to_string(),
        ]
    }

    /// The heads of those rows.
    pub const HEADS: [&str; 4] = ["goal", "wanted", "measured", "verdict"];
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Target::AtLeast(bound) | Target::AtMost(bound)) = self.target;
        match (self.is_reached(), bound == 0.0) {
            (true, _) => f.write_str("pass"),
            (false, true) => write!(f, "missed by {}", figure(self.measured)),
            (false, false) => {
                write!(f, "missed by {:.0} %", ((self.measured - bound) / bound * 100.0).abs().max(1.0))
            }
        }
    }
}

/// A number with three digits that matter; whole numbers in full.
pub fn figure(value: f64) -> String {
    match value.abs() {
        _ if value.fract() == 0.0 => format!("{value:.0}"),
        0.0..10.0 => format!("{value:.2}"),
        10.0..100.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

#[test]
fn a_goal_says_how_far_it_is_missed() {
    let goal = |target, measured| Goal { name: "reads".to_owned(), target, measured, unit: "" };
    assert_eq!(goal(Target::AtLeast(0.95), 0.97).row(), ["reads", "at least 0.95", "0.97", "pass"]);
    assert_eq!(goal(Target::AtLeast(2.0), 1.5).to_string(), "missed by 25 %");
    assert_eq!(goal(Target::AtMost(650.0), 700.0).to_string(), "missed by 8 %");
    assert_eq!(goal(Target::AtMost(0.0), 3.0).to_string(), "missed by 3");
    assert_eq!(goal(Target::AtLeast(0.95), 0.949).to_string(), "missed by 1 %");
}
