//! The cost of requests, and of reading history, as sessions grow long.

use std::sync::Arc;

use crate::clients::{Figures, Operation, Pick};
use crate::fill::{Filling, fill, settle};
use crate::population::Population;
use crate::report::Report;
use crate::scale::Scale;
use crate::scene::Scene;
use crate::sheet::Sheet;
use crate::{Result, cost, now_us};

const AGE_US: i64 = 9 * 24 * 3600 * 1_000_000;
/// Between the starts of two sessions.
const STEP_US: i64 = 1_000_000;
/// Numbers of the sessions of one length.
const NUMBERS: i64 = 100_000;
const CLIENTS: usize = 16;

/// The operations on sessions that began with so many events.
fn operations(events: i64) -> [(Operation, [&'static str; 4]); 4] {
    [
        (Operation::Read, ["read/s", "read p50", "read p99", "read aborts"]),
        (Operation::Write, ["write/s", "write p50", "write p99", "write aborts"]),
        (Operation::History, ["history/s", "history p50", "history p99", "history aborts"]),
        (Operation::StateAt(events), ["state/s", "state p50", "state p99", "state aborts"]),
    ]
}

pub(crate) async fn run(scene: &Arc<Scene>, scale: &Scale, report: &Report) -> Result<()> {
    let partition = "select growth.create_partition(now() - interval '10 days')";
    scene.client.execute(partition, &[]).await?;
    let mut picks: Vec<Pick> = Vec::new();
    for (nth, events) in (0..).zip(&scale.events) {
        let first = nth * NUMBERS;
        let start_us = now_us() - AGE_US;
        let crowd = Population { start_us, step_us: STEP_US, first, count: scale.crowd(*events) };
        fill(scene, Filling { sessions: crowd, events: *events, ended: false, own_transactions: false })
            .await?;
        picks.push(Arc::new(move || crowd.any()));
    }
    let sheet = measure(scene, scale, &picks, report).await?;
    report.section("events", &text(&sheet))?;
    report.chart(
        "events",
        "Cost of a request as sessions grow long, in multiples of that of the shortest",
        ("events of the session", "times"),
        &sheet.multiples(&["read p50", "write p50", "pages of a load", "pages of an append"]),
    )?;
    report.chart(
        "history",
        "Reading all events of a session, 16 clients",
        ("events of the session", "milliseconds"),
        &sheet.lines(&["history p50", "history p99"]),
    )
}

/// All lengths in each round.
async fn measure(scene: &Arc<Scene>, scale: &Scale, picks: &[Pick], report: &Report) -> Result<Sheet> {
    report.say("sessions of all lengths: measuring");
    let mut figures: Vec<[Figures; 4]> = picks.iter().map(|_| Default::default()).collect();
    settle(scene).await?;
    for round in 0..=scale.rounds {
        for ((pick, events), figures) in picks.iter().zip(&scale.events).zip(&mut figures) {
            for ((operation, _), figures) in operations(*events).into_iter().zip(figures) {
                figures.add_slice(scene, operation, pick, CLIENTS, scale.slice).await?;
                if round == 0 {
                    *figures = Figures::default();
                }
            }
        }
    }
    let mut sheet = Sheet::new("events of a session", &scale.events);
    for ((pick, events), figures) in picks.iter().zip(&scale.events).zip(&figures) {
        for ((_, names), figures) in operations(*events).into_iter().zip(figures) {
            report.expect_none_failed(names[0], figures.failed)?;
            let [rate, p50, p99, aborts] = names;
            sheet.put(rate, figures.rate());
            sheet.put(p50, figures.p50());
            sheet.put(p99, figures.p99());
            sheet.put(aborts, figures.aborts_per_commit());
        }
        let cost = cost::of_requests(scene, pick).await?;
        sheet.put("pages of a load", cost.load);
        sheet.put("pages of an append", cost.append);
        sheet.put("append WAL", cost.append_wal);
    }
    Ok(sheet)
}

fn text(sheet: &Sheet) -> String {
    let table = sheet.table(
        &[
            ("read/s", &["read/s"]),
            ("read p50 / p99, ms", &["read p50", "read p99"]),
            ("write/s", &["write/s"]),
            ("write p50 / p99, ms", &["write p50", "write p99"]),
            ("write: aborts a commit", &["write aborts"]),
            ("pages of a load / of an append", &["pages of a load", "pages of an append"]),
            ("WAL of an append, B", &["append WAL"]),
            ("history/s", &["history/s"]),
            ("history p50 / p99, ms", &["history p50", "history p99"]),
            ("state at the end p50 / p99, ms", &["state p50", "state p99"]),
        ],
        &[],
    );
    let verdicts = Report::verdicts(
        sheet,
        &[
            "read p50",
            "write p50",
            "pages of a load",
            "pages of an append",
            "append WAL",
            "history p50",
            "state p50",
        ],
    );
    format!("{table}\n\n{verdicts}")
}
