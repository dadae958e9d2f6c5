//! The cost of requests as the number of live sessions grows, and the log with it.

use std::sync::Arc;

use crate::clients::{Figures, Operation, Pick};
use crate::fill::{Filling, fill};
use crate::population::Population;
use crate::report::Report;
use crate::scale::Scale;
use crate::scene::Scene;
use crate::sheet::Sheet;
use crate::{Result, cost, hot, now_us};

/// The age of the filled sessions: ids of new sessions lie above all of theirs.
const AGE_US: i64 = 10 * 24 * 3600 * 1_000_000;
const EVENTS: i64 = 2;
const CLIENTS: usize = 16;
/// Below this size the tables are vacuumed, as the sessions started meanwhile make a difference there.
const VACUUMED_BELOW: i64 = 1_000_000;

/// The sessions that are visited.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Among {
    All,
    /// The latest thousand only, as if all others slept.
    Latest,
}

const LATEST: i64 = 1_000;

#[rustfmt::skip]
const OPERATIONS: [(Operation, Among, [&str; 5]); 6] = [
    (Operation::Read, Among::All, ["read/s", "read p50", "read p99", "read aborts", "read WAL as run"]),
    (Operation::Write, Among::All, ["write/s", "write p50", "write p99", "write aborts", "write WAL as run"]),
    (Operation::Read, Among::Latest, ["latest read/s", "latest read p50", "latest read p99", "latest read aborts", "latest read WAL as run"]),
    (Operation::Write, Among::Latest, ["latest write/s", "latest write p50", "latest write p99", "latest write aborts", "latest write WAL as run"]),
    (Operation::Order, Among::All, ["order/s", "order p50", "order p99", "order aborts", "order WAL as run"]),
    (Operation::Create, Among::All, ["create/s", "create p50", "create p99", "create aborts", "create WAL as run"]),
];

pub(crate) async fn run(scene: &Arc<Scene>, scale: &Scale, report: &Report) -> Result<()> {
    let largest = scale.sessions.last().copied().unwrap_or(1);
    let mut filled =
        Population { start_us: now_us() - AGE_US, step_us: (AGE_US / largest).max(1), first: 0, count: 0 };
    let partition = "select growth.create_partition(now() - interval '10 days')";
    scene.client.execute(partition, &[]).await?;
    let mut sheet = Sheet::new("live sessions", &scale.sessions);
    for size in &scale.sessions {
        let more = Population { first: filled.count, count: size - filled.count, ..filled };
        fill(scene, Filling { sessions: more, events: EVENTS, ended: false, own_transactions: false })
            .await?;
        filled.count = *size;
        measure(scene, scale, filled, &mut sheet, report).await?;
    }
    report.section("sessions", &text(&sheet, scale))?;
    let names = [
        "read p50",
        "write p50",
        "order p50",
        "create p50",
        "pages of a load",
        "pages of an append",
        "append WAL",
    ];
    report.chart(
        "sessions",
        "Cost of a request as sessions grow, in multiples of that with the fewest",
        ("live sessions", "times"),
        &sheet.multiples(&names),
    )
}

async fn measure(
    scene: &Arc<Scene>,
    scale: &Scale,
    filled: Population,
    sheet: &mut Sheet,
    report: &Report,
) -> Result<()> {
    report.say(&format!("{} sessions: measuring", filled.count));
    let latest = Population {
        first: filled.count - LATEST.min(filled.count),
        count: LATEST.min(filled.count),
        ..filled
    };
    let (pick, pick_latest): (Pick, Pick) = (Arc::new(move || filled.any()), Arc::new(move || latest.any()));
    let pick_of = |among| if among == Among::All { &pick } else { &pick_latest };
    for (operation, among, _) in OPERATIONS {
        Figures::default().add_slice(scene, operation, pick_of(among), CLIENTS, scale.slice / 4).await?;
    }
    forget_created(scene, filled).await?;
    let updates = hot::Updates::read(scene).await?;
    let mut figures: [Figures; OPERATIONS.len()] = Default::default();
    for _ in 0..scale.rounds {
        for ((operation, among, _), figures) in OPERATIONS.iter().zip(&mut figures) {
            figures.add_slice(scene, *operation, pick_of(*among), CLIENTS, scale.slice).await?;
        }
        forget_created(scene, filled).await?;
    }
    for ((.., names), figures) in OPERATIONS.iter().zip(&figures) {
        report.expect_none_failed(names[0], figures.failed)?;
        let [rate, p50, p99, aborts, wal] = *names;
        sheet.put(rate, figures.rate());
        sheet.put(p50, figures.p50());
        sheet.put(p99, figures.p99());
        sheet.put(aborts, figures.aborts_per_commit());
        sheet.put(wal, figures.wal_bytes());
    }
    let changes = |operation| matches!(operation, Operation::Write | Operation::Order);
    let changed = OPERATIONS.iter().zip(&figures).filter(|((operation, ..), _)| changes(*operation));
    let changed = changed.map(|(_, figures)| figures.requests).sum();
    sheet.put("HOT %", updates.hot_percent_since(scene, &pick, changed).await?);
    counts(scene, &pick, sheet).await
}

/// The server's counts, by statement and by table.
pub(crate) async fn counts(scene: &Arc<Scene>, pick: &Pick, sheet: &mut Sheet) -> Result<()> {
    let cost = cost::of_requests(scene, pick).await?;
    sheet.put("pages of a load", cost.load);
    sheet.put("fetched by a load", cost.load_fetched);
    sheet.put("pages of an append", cost.append);
    sheet.put("append WAL", cost.append_wal);
    let bytes = scene.client.query_one(include_str!("sql/bytes.sql"), &[]).await?;
    sheet.put("bytes a session", bytes.try_get("session")?);
    sheet.put("bytes an event", bytes.try_get("event")?);
    Ok(())
}

/// Takes newly created sessions out of the projection again, so that the number of live sessions stays the
/// same. Their events stay in the log.
async fn forget_created(scene: &Scene, filled: Population) -> Result<()> {
    let last = filled.id(filled.first + filled.count - 1).as_uuid();
    scene.client.execute("delete from session_ledger.session where session_id > $1", &[&last]).await?;
    if filled.count < VACUUMED_BELOW {
        scene.client.batch_execute("vacuum session_ledger.session").await?;
    }
    Ok(())
}

fn text(sheet: &Sheet, scale: &Scale) -> String {
    let beyond = &scale.sessions_beyond;
    let rates = sheet.table(
        &[
            ("read/s", &["read/s"]),
            ("write/s", &["write/s"]),
            ("order/s", &["order/s"]),
            ("create/s", &["create/s"]),
            (
                "aborts a commit: read / write / order / create",
                &["read aborts", "write aborts", "order aborts", "create aborts"],
            ),
            ("HOT updates, %", &["HOT %"]),
        ],
        beyond,
    );
    let times = sheet.table(
        &[
            ("read p50 / p99, ms", &["read p50", "read p99"]),
            ("write", &["write p50", "write p99"]),
            ("order", &["order p50", "order p99"]),
            ("create", &["create p50", "create p99"]),
            ("read of the latest 1k", &["latest read p50", "latest read p99"]),
            ("write of the latest 1k", &["latest write p50", "latest write p99"]),
        ],
        beyond,
    );
    let counts = sheet.table(
        &[
            ("pages of a load", &["pages of a load"]),
            ("of those not in shared_buffers (mean)", &["fetched by a load"]),
            ("pages of an append", &["pages of an append"]),
            ("WAL of an append, B", &["append WAL"]),
            (
                "WAL as run, B: write / write of the latest / order / create",
                &["write WAL as run", "latest write WAL as run", "order WAL as run", "create WAL as run"],
            ),
            ("B a session", &["bytes a session"]),
            ("B an event", &["bytes an event"]),
        ],
        beyond,
    );
    let verdicts = Report::verdicts(
        sheet,
        &[
            "read p50",
            "write p50",
            "order p50",
            "create p50",
            "pages of a load",
            "pages of an append",
            "append WAL",
            "write WAL as run",
            "latest write p50",
            "latest write WAL as run",
            "write aborts",
            "order aborts",
            "create aborts",
            "HOT %",
            "bytes a session",
            "bytes an event",
        ],
    );
    format!("{rates}\n\n{times}\n\n{counts}\n\n{verdicts}")
}
