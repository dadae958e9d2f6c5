//! The cost of requests and of the feed as the log grows, beside the same number of live sessions.

use std::sync::Arc;

use crate::clients::{Figures, Operation, Pick};
use crate::feed::{self, Tip};
use crate::fill::{Filling, fill};
use crate::population::Population;
use crate::report::Report;
use crate::scale::Scale;
use crate::scene::Scene;
use crate::sessions::counts;
use crate::sheet::Sheet;
use crate::{Result, now_us};

const DAY_US: i64 = 24 * 3600 * 1_000_000;
/// Ended sessions began in the half year before the live ones.
const LIVE_DAYS: i64 = 10;
const ENDED_DAYS: i64 = 180;
/// The number of events of an ended session, from its start to its end.
const ENDED_EVENTS: i64 = 10;
const LIVE_EVENTS: i64 = 2;
const CLIENTS: usize = 16;

const OPERATIONS: [(Operation, [&str; 5]); 3] = [
    (Operation::Read, ["read/s", "read p50", "read p99", "read aborts", "read WAL as run"]),
    (Operation::Write, ["write/s", "write p50", "write p99", "write aborts", "write WAL as run"]),
    (Operation::History, ["history/s", "history p50", "history p99", "history aborts", "history WAL as run"]),
];

pub(crate) async fn run(scene: &Arc<Scene>, scale: &Scale, report: &Report) -> Result<()> {
    let months =
        "select growth.create_partition(now() - n * interval '10 days') from generate_series(0, 20) as n";
    scene.client.query(months, &[]).await?;
    let live = Population {
        start_us: now_us() - LIVE_DAYS * DAY_US,
        step_us: LIVE_DAYS * DAY_US / scale.log_sessions,
        first: 0,
        count: scale.log_sessions,
    };
    fill(scene, Filling { sessions: live, events: LIVE_EVENTS, ended: false, own_transactions: true })
        .await?;
    let mut sheet = Sheet::new("events in the log", &scale.log);
    let (mut sessions, mut events) = (live.count, live.count * LIVE_EVENTS);
    for size in &scale.log {
        let count = (size - events) / ENDED_EVENTS;
        let step_us = ENDED_DAYS * DAY_US / count.max(1);
        let start_us = now_us() - (LIVE_DAYS + ENDED_DAYS) * DAY_US - sessions * step_us;
        let ended = Population { start_us, step_us, first: sessions, count };
        fill(scene, Filling { sessions: ended, events: ENDED_EVENTS, ended: true, own_transactions: true })
            .await?;
        (sessions, events) = (sessions + count, events + count * ENDED_EVENTS);
        measure(scene, scale, (live, ended), &mut sheet, report).await?;
    }
    report.section("log", &text(&sheet, scale))?;
    report.chart(
        "log",
        "Cost as the log grows, in multiples of that of the shortest",
        ("events in the log", "times"),
        &sheet.multiples(&[
            "read p50",
            "write p50",
            "history p50",
            "100 events p50",
            "nothing new p50",
            "pages of an append",
            "pages of a batch",
        ]),
    )
}

/// Requests visit the live sessions; the history is read of ended ones.
async fn measure(
    scene: &Arc<Scene>,
    scale: &Scale,
    (live, ended): (Population, Population),
    sheet: &mut Sheet,
    report: &Report,
) -> Result<()> {
    report.say(&format!("{} more sessions in the log: measuring", ended.count));
    let (pick, past): (Pick, Pick) = (Arc::new(move || live.any()), Arc::new(move || ended.any()));
    let pick_for = |operation| if operation == Operation::History { &past } else { &pick };
    for (operation, _) in OPERATIONS {
        Figures::default().add_slice(scene, operation, pick_for(operation), CLIENTS, scale.slice / 4).await?;
    }
    let (mut figures, mut tip): ([Figures; 3], Tip) = Default::default();
    for _ in 0..scale.rounds {
        for ((operation, _), figures) in OPERATIONS.iter().zip(&mut figures) {
            figures.add_slice(scene, *operation, pick_for(*operation), CLIENTS, scale.slice).await?;
        }
        tip.add_slice(scene, &pick, scale.slice).await?;
    }
    for ((_, names), figures) in OPERATIONS.iter().zip(&figures) {
        report.expect_none_failed(names[0], figures.failed)?;
        let [rate, p50, p99, aborts, wal] = *names;
        sheet.put(rate, figures.rate());
        sheet.put(p50, figures.p50());
        sheet.put(p99, figures.p99());
        sheet.put(aborts, figures.aborts_per_commit());
        sheet.put(wal, figures.wal_bytes());
    }
    report.expect_none_failed("the feed", tip.failed)?;
    sheet.put("100 events p50", tip.full());
    sheet.put("nothing new p50", tip.empty());
    sheet.put("pages of a batch", feed::buffers(scene, &pick).await?);
    counts(scene, &pick, sheet).await
}

fn text(sheet: &Sheet, scale: &Scale) -> String {
    let beyond = &scale.log_beyond;
    let times = sheet.table(
        &[
            ("read/s", &["read/s"]),
            ("read p50 / p99, ms", &["read p50", "read p99"]),
            ("write/s", &["write/s"]),
            ("write p50 / p99, ms", &["write p50", "write p99"]),
            ("write: aborts a commit", &["write aborts"]),
            ("history of 10 events p50 / p99, ms", &["history p50", "history p99"]),
            ("feed at its tip: 100 events / nothing new, p50 ms", &["100 events p50", "nothing new p50"]),
        ],
        beyond,
    );
    let counts = sheet.table(
        &[
            ("pages of a load", &["pages of a load"]),
            ("pages of an append", &["pages of an append"]),
            ("pages of a batch of 100", &["pages of a batch"]),
            ("WAL of an append, B", &["append WAL"]),
            ("write: WAL as run, B", &["write WAL as run"]),
            ("B an event", &["bytes an event"]),
        ],
        beyond,
    );
    let verdicts = Report::verdicts(
        sheet,
        &[
            "read p50",
            "write p50",
            "history p50",
            "100 events p50",
            "nothing new p50",
            "pages of a load",
            "pages of an append",
            "pages of a batch",
            "append WAL",
            "write aborts",
            "bytes an event",
        ],
    );
    format!("{times}\n\n{counts}\n\n{verdicts}")
}
