//! Instructions and allocations of the in-process hot path, counted by callgrind and compared with the
//! recorded budget. Unlike times, counts are the same in every run.
//!
//! `cargo bench --bench instructions` counts each case in a process of its own under valgrind. A word behind
//! `--` picks the cases whose names contain it. With `UPDATE_BUDGET=1` the counts become the budget.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../database/application.rs"]
#[allow(dead_code, reason = "orders need a part of it")]
mod application;
mod budget;
mod callgrind;
mod cases;
#[path = "../database/drive.rs"]
#[allow(dead_code, reason = "orders need a part of it")]
mod drive;
#[path = "../database/events.rs"]
#[allow(dead_code, reason = "orders need a part of it")]
mod events;
#[path = "../database/ground.rs"]
#[allow(dead_code, reason = "orders need a part of it")]
mod ground;
#[path = "../database/hand/mod.rs"]
#[allow(dead_code, reason = "orders need a part of it")]
mod hand;
mod orders;
mod region;
mod requests;
#[path = "../scene/mod.rs"]
mod scene;

use std::env;
use std::process::ExitCode;

use budget::Budget;
use cases::CASES;

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).filter(|word| word != "--bench").collect();
    match &words[..] {
        [flag, name] if flag == callgrind::RUN => run(name),
        words => compare(words),
    }
}

/// Runs one case, as the process that callgrind watches.
fn run(name: &str) -> ExitCode {
    let (_, case) = CASES.iter().find(|(known, _)| *known == name).expect("a case of this name");
    case();
    ExitCode::SUCCESS
}

fn compare(words: &[String]) -> ExitCode {
    let is_meant = |name: &str| words.is_empty() || words.iter().any(|word| name.contains(word.as_str()));
    let names = CASES.iter().map(|(name, _)| *name).filter(|name| is_meant(name));
    let mut budget = Budget::read();
    for name in names {
        budget.hold(name, callgrind::count(name));
    }
    budget.settle()
}
