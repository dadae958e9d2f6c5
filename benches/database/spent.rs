//! The process's own cost of an order: its CPU time by the kernel's account, and how often its threads wait.
//! Times depend on the machine's neighbours. The waits say how often an order goes from thread to thread.

use bench_report::{Goal, Target, Usage, markdown, median};
use poem::http::Method;

use crate::application::CONNECTIONS;
use crate::drive::{Failure, Line, each};
use crate::ground::Share;
use crate::hand::Task;
use crate::requests::{BY_HAND, Field};

/// The CPU time and waits of one line for each order, by round.
pub(crate) struct Spent {
    name: &'static str,
    rounds: Vec<Usage>,
}

/// Lets each client place this number of orders, line beside line in each round. The first round warms up.
pub(crate) async fn measure(field: &Field, rounds: usize, times: u64) -> Result<Vec<Spent>, Failure> {
    let lines = [
        field.library(Share::Library, Method::POST, "/order"),
        field.by_hand(BY_HAND, Task::Order),
        field.library(Share::LibraryKnown, Method::POST, "/order").named("library, known session"),
        field.by_hand("the same by hand, known session", Task::KnownOrder),
        field.by_hand("without a session", Task::Purchase),
    ];
    let mut spent: Vec<_> = lines.iter().map(|line| Spent { name: line.name, rounds: Vec::new() }).collect();
    for round in 0..=rounds {
        for (line, spent) in lines.iter().zip(&mut spent) {
            let usage = place(line, round as u64 * times, times).await?;
            spent.rounds.extend((round > 0).then_some(usage));
        }
    }
    Ok(spent)
}

async fn place(line: &Line, begin: u64, times: u64) -> Result<Usage, Failure> {
    let before = Usage::read();
    each(line, CONNECTIONS, begin, times).await?;
    Ok(Usage::read().since(before, (CONNECTIONS as u64 * times) as f64))
}

impl Spent {
    fn median(&self, of: impl Fn(&Usage) -> f64) -> f64 {
        median(&self.rounds.iter().map(of).collect::<Vec<_>>())
    }

    fn microseconds(&self) -> f64 {
        self.median(|usage| (usage.user_seconds + usage.system_seconds) * 1e6)
    }
}

pub(crate) fn table(spent: &[Spent]) -> String {
    let row = |line: &Spent| {
        vec![
            line.name.to_owned(),
            format!("{:.0}", line.microseconds()),
            format!("{:.0}", line.median(|usage| usage.user_seconds * 1e6)),
            format!("{:.0}", line.median(|usage| usage.system_seconds * 1e6)),
            format!("{:.2}", line.median(|usage| usage.waits)),
        ]
    };
    markdown(&["an order in the process", "CPU µs", "user", "system", "waits"], spent.iter().map(row))
}

pub(crate) fn goals(spent: &[Spent]) -> Vec<Goal> {
    let [library, by_hand, known, known_by_hand, ..] = spent else { return Vec::new() };
    let goal = |library: &Spent, by_hand: &Spent, name: &str| Goal {
        name: name.to_owned(),
        target: Target::AtMost(1.3),
        measured: library.microseconds() / by_hand.microseconds().max(1.0),
        unit: "",
    };
    vec![
        goal(library, by_hand, "CPU of the process for an order, in terms of the same SQL by hand"),
        goal(known, known_by_hand, "CPU of the process for an order of a known session, likewise"),
    ]
}
