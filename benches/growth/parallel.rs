//! The cost of requests as more of one session come at the same time.

use std::sync::Arc;

use crate::clients::{Figures, Operation, Pick};
use crate::fill::{Filling, fill};
use crate::population::Population;
use crate::report::Report;
use crate::scale::Scale;
use crate::scene::Scene;
use crate::sheet::Sheet;
use crate::{Result, now_us};

/// The number of sessions beside the one that is visited.
const SESSIONS: i64 = 1_000;
const STEP_US: i64 = 1_000_000;

const OPERATIONS: [(Operation, [&str; 4]); 2] = [
    (Operation::Write, ["write/s", "write p50", "write p99", "write aborts"]),
    (Operation::Read, ["read/s", "read p50", "read p99", "read aborts"]),
];

pub(crate) async fn run(scene: &Arc<Scene>, scale: &Scale, report: &Report) -> Result<()> {
    let start_us = now_us() - 2 * SESSIONS * STEP_US;
    let sessions = Population { start_us, step_us: STEP_US, first: 0, count: SESSIONS };
    fill(scene, Filling { sessions, events: 3, ended: false, own_transactions: false }).await?;
    report.say("parallel requests of one session: measuring");
    let pick: Pick = Arc::new(move || sessions.id(SESSIONS / 2));
    let mut figures: Vec<[Figures; 2]> = scale.parallel.iter().map(|_| Default::default()).collect();
    for round in 0..=scale.rounds {
        for (clients, figures) in scale.parallel.iter().zip(&mut figures) {
            for ((operation, _), figures) in OPERATIONS.iter().zip(figures) {
                figures.add_slice(scene, *operation, &pick, *clients as usize, scale.slice).await?;
                if round == 0 {
                    *figures = Figures::default();
                }
            }
        }
    }
    let mut sheet = Sheet::new("parallel requests", &scale.parallel);
    for figures in &figures {
        for ((_, names), figures) in OPERATIONS.iter().zip(figures) {
            report.expect_none_failed(names[0], figures.failed)?;
            let [rate, p50, p99, aborts] = *names;
            sheet.put(rate, figures.rate());
            sheet.put(p50, figures.p50());
            sheet.put(p99, figures.p99());
            sheet.put(aborts, figures.aborts_per_commit());
        }
    }
    report.section("parallel", &text(&sheet))?;
    report.chart(
        "parallel",
        "Requests of one session at the same time",
        ("clients", "requests/s"),
        &sheet.lines(&["write/s", "read/s"]),
    )
}

fn text(sheet: &Sheet) -> String {
    let table = sheet.table(
        &[
            ("write/s", &["write/s"]),
            ("write p50 / p99, ms", &["write p50", "write p99"]),
            ("write: aborts a commit", &["write aborts"]),
            ("read/s", &["read/s"]),
            ("read p50 / p99, ms", &["read p50", "read p99"]),
            ("read: aborts a commit", &["read aborts"]),
        ],
        &[],
    );
    let verdicts = Report::verdicts(
        sheet,
        &["write/s", "write p50", "write aborts", "read/s", "read p50", "read aborts"],
    );
    format!("{table}\n\n{verdicts}")
}
