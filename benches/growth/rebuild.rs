//! A rebuild beside the running application, beside a binary COPY of the same log.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bench_report::{figure, markdown};
use futures_util::TryStreamExt;
use session_ledger::Key;
use session_ledger::ledger::RebuildOptions;

use crate::fill::{Filling, fill};
use crate::population::Population;
use crate::report::Report;
use crate::scale::Scale;
use crate::scene::Scene;
use crate::{Result, now_us};

const DAY_US: i64 = 24 * 3600 * 1_000_000;
const DAYS: i64 = 30;
const EVENTS_EACH: i64 = 10;
/// One session of so many is live.
const LIVE_OF: i64 = 10;
const WRITERS: usize = 8;
/// The value that clients change. They come without a cookie: the secrets of the filled rows are not known.
const CHANGES: Key<u32> = Key::new("changes");

/// As the rebuild reads it, dropped on arrival.
const COPY: &str = "copy (select session_id, version, event_id, kind, shape, user_id, actor, client_ip, user_agent,
    occurred_at, payload, hash, recorded_at, transaction_id, position, epoch from session_ledger.event) to stdout
    (format binary)";
const COPY_BY_SESSION: &str = "copy (select session_id, version, event_id, kind, shape, user_id, actor, client_ip,
    user_agent, occurred_at, payload, hash, recorded_at, transaction_id, position, epoch from session_ledger.event
    order by session_id, version) to stdout (format binary)";
const EMPTY: &str =
    "truncate session_ledger.session, session_ledger.ended_session, session_ledger.login_step";
const SPOIL: &str = "update session_ledger.session set user_agent = 'wrong'";

/// The writers beside a rebuild.
#[derive(Default)]
struct Writers {
    changes: u64,
    failed: u64,
    longest: Duration,
}

pub(crate) async fn run(scene: &Arc<Scene>, scale: &Scale, report: &Report) -> Result<()> {
    let live = fill_log(scene, scale, report).await?;
    let events = scale.rebuild as f64;
    let rate = |since: Instant| events / since.elapsed().as_secs_f64();
    report.say("measuring");
    let copied = Instant::now();
    copy(scene, COPY).await?;
    let (copied, by_session) = (rate(copied), Instant::now());
    copy(scene, COPY_BY_SESSION).await?;
    let by_session = rate(by_session);

    let options = RebuildOptions::default();
    scene.client.batch_execute(EMPTY).await?;
    let at_rest = Instant::now();
    scene.ledger.rebuild(options.while_connected(), |_| {}).await?;
    let lost = rate(at_rest);
    let searched = Instant::now();
    let differing = scene.ledger.rebuild(options.dry_run(), |_| {}).await?;
    let searched = rate(searched);
    report.expect_none_failed("the rebuild", differing.live + differing.ended)?;
    let verified = Instant::now();
    scene.ledger.verify(|_| {}).await?;
    let verified = rate(verified);
    let nothing = async || {
        tokio::time::sleep(scale.slice).await;
        Ok(())
    };
    let alone = beside(scene, live, nothing).await?;
    scene.client.batch_execute(SPOIL).await?;
    let rebuild = async || {
        scene.ledger.rebuild(options.while_connected(), |_| {}).await?;
        Ok(())
    };
    let writers = beside(scene, live, rebuild).await?;
    report.expect_none_failed("a change beside the rebuild", alone.failed + writers.failed)?;

    let row = |what: &str, rate: f64| {
        vec![what.to_owned(), figure(rate), figure(rate / copied), figure(rate / by_session)]
    };
    let head = format!("of {} events", scale.rebuild);
    let table = markdown(
        &[&head, "events/s", "of COPY as it lies", "of COPY by session"],
        [
            row("binary COPY, as it lies", copied),
            row("binary COPY, session by session", by_session),
            row("search for rows that differ, none does", searched),
            row("verification", verified),
            row("rebuild of all rows, which were lost", lost),
        ],
    );
    let milliseconds = |time: Duration| figure(time.as_secs_f64() * 1_000.0);
    let text = format!(
        "{table}\n\n{WRITERS} clients change any of the live sessions, one after the other, while a rebuild replaces the rows of all live \
         sessions: {} changes, the longest {} ms; without a rebuild the longest of {} was {} ms. Most memory of the process, \
         clients included: {} MB.",
        writers.changes,
        milliseconds(writers.longest),
        alone.changes,
        milliseconds(alone.longest),
        memory_mb_max()
    );
    report.section("rebuild", &text)
}

/// Fills the log, and returns the live sessions.
async fn fill_log(scene: &Arc<Scene>, scale: &Scale, report: &Report) -> Result<Population> {
    report.say(&format!("filling {} events", scale.rebuild));
    let sessions = scale.rebuild / EVENTS_EACH;
    let months =
        "select growth.create_partition(now() - n * interval '10 days') from generate_series(0, 4) as n";
    scene.client.query(months, &[]).await?;
    let step_us = DAYS * DAY_US / sessions;
    let live = sessions / LIVE_OF;
    let population =
        |first: i64, count| Population { start_us: now_us() - DAYS * DAY_US, step_us, first, count };
    let (ended, live) = (population(0, sessions - live), population(sessions - live, live));
    for (sessions, ended) in [(ended, true), (live, false)] {
        fill(scene, Filling { sessions, events: EVENTS_EACH, ended, own_transactions: false }).await?;
    }
    Ok(live)
}

async fn copy(scene: &Scene, statement: &str) -> Result<()> {
    let mut rows = pin!(scene.client.copy_out(statement).await?);
    while rows.try_next().await?.is_some() {}
    Ok(())
}

/// Lets clients write while `work` is done.
async fn beside(
    scene: &Arc<Scene>,
    live: Population,
    work: impl AsyncFnOnce() -> Result<()>,
) -> Result<Writers> {
    let stop = Arc::new(AtomicBool::new(false));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..WRITERS {
        let (scene, stop) = (scene.clone(), stop.clone());
        tasks.spawn(async move {
            let mut writers = Writers::default();
            while !stop.load(Ordering::Relaxed) {
                let asked = Instant::now();
                let changed = scene
                    .ledger
                    .change(live.any(), |session| session.update(&CHANGES, |number| *number += 1));
                let changed = changed.await;
                writers.longest = writers.longest.max(asked.elapsed());
                writers.changes += 1;
                writers.failed += u64::from(changed.is_err());
            }
            Ok::<_, crate::Failure>(writers)
        });
    }
    let done = work().await;
    stop.store(true, Ordering::Relaxed);
    let mut all = Writers::default();
    while let Some(writers) = tasks.join_next().await {
        let writers = writers??;
        all.changes += writers.changes;
        all.failed += writers.failed;
        all.longest = all.longest.max(writers.longest);
    }
    done.map(|()| all)
}

/// The most memory that the process has had, or 0 where the system does not tell.
fn memory_mb_max() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) / 1024
}
