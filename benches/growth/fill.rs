//! Filling the tables in bulk with rows like the library's.

use std::sync::{Arc, Mutex};

use tokio_postgres::Client;
use tokio_postgres::types::ToSql;

use crate::Result;
use crate::population::Population;
use crate::progress::Progress;
use crate::scene::Scene;

const EVENTS: &str = include_str!("sql/fill_events.sql");
const SESSIONS: &str = include_str!("sql/fill_sessions.sql");
const ENDED_SESSIONS: &str = include_str!("sql/fill_ended_sessions.sql");

/// About the number of rows that one statement writes.
const ROWS_AT_ONCE: i64 = 200_000;

/// Live or ended sessions to be made.
#[derive(Clone, Copy)]
pub(crate) struct Filling {
    pub(crate) sessions: Population,
    /// Events of each session, at least 1; for ended ones at least 3.
    pub(crate) events: i64,
    pub(crate) ended: bool,
    /// Whether each session has a transaction id of its own, as the feed needs; that takes long. Requests
    /// don't read the log, so elsewhere all events of one statement share its id. A planner that expects a
    /// hundred thousand events of each id would scan the log for a batch of the feed.
    pub(crate) own_transactions: bool,
}

/// Writes events and rows at the same time, and returns when all is vacuumed and on the disk.
pub(crate) async fn fill(scene: &Arc<Scene>, filling: Filling) -> Result<()> {
    if filling.sessions.count <= 0 {
        return Ok(());
    }
    let first_id = match filling.own_transactions {
        true => Some(spend_transaction_ids(scene, filling.sessions.count).await?),
        false => None,
    };
    let progress = Progress::new("filling", filling.sessions.count * filling.events);
    let (odd, even, rows) = (connect(scene).await?, connect(scene).await?, connect(scene).await?);
    // Two connections share the events, which take longer.
    let batches = Mutex::new(batches(filling.sessions, filling.events));
    tokio::try_join!(
        fill_log(&odd, filling, first_id, &batches, &progress),
        fill_log(&even, filling, first_id, &batches, &progress),
        fill_rows(&rows, scene, filling)
    )?;
    progress.finish();
    settle(scene).await
}

/// Leaves no dead row, no missing hint and no dirty page behind.
pub(crate) async fn settle(scene: &Scene) -> Result<()> {
    scene.client.batch_execute("vacuum (analyze)").await?;
    scene.client.batch_execute("checkpoint").await?;
    Ok(())
}

/// Raises the server's next transaction id by `count`. Returns the first of the ids that nobody has then.
async fn spend_transaction_ids(scene: &Scene, count: i64) -> Result<i64> {
    let first = scene.number("select pg_current_xact_id()::text::bigint + 1").await?;
    let client = connect(scene).await?;
    client.batch_execute(&format!("call growth.spend_transaction_ids({})", first + count)).await?;
    Ok(first)
}

/// Without JIT: compiling a statement for each batch costs more than it saves.
async fn connect(scene: &Scene) -> Result<Client> {
    let client = scene.database.connect().await;
    client.batch_execute("set synchronous_commit = off; set jit = off").await?;
    Ok(client)
}

async fn fill_log(
    client: &Client,
    filling: Filling,
    first_id: Option<i64>,
    batches: &Mutex<impl Iterator<Item = (i64, i64)>>,
    progress: &Progress,
) -> Result<()> {
    let statement = client.prepare(EVENTS).await?;
    let Population { start_us, step_us, .. } = filling.sessions;
    let next = || batches.lock().ok()?.next();
    while let Some((from, to)) = next() {
        let id = first_id.map(|first| first + from - filling.sessions.first);
        let parameters: [&(dyn ToSql + Sync); 7] =
            [&from, &to, &start_us, &step_us, &filling.events, &filling.ended, &id];
        client.execute(&statement, &parameters).await?;
        progress.add((to - from + 1) * filling.events);
    }
    Ok(())
}

async fn fill_rows(client: &Client, scene: &Scene, filling: Filling) -> Result<()> {
    let statement = client.prepare(if filling.ended { ENDED_SESSIONS } else { SESSIONS }).await?;
    let Population { start_us, step_us, .. } = filling.sessions;
    let (hash, state) = (scene.secret.hash(), &scene.states[filling.events.min(3) as usize - 1]);
    let seconds = |limit: Option<u32>| limit.and_then(|seconds| i32::try_from(seconds).ok());
    let (idle, absolute) = (seconds(scene.policy.idle_timeout), seconds(scene.policy.absolute_timeout));
    let hash = &hash.as_bytes()[..];
    for (from, to) in batches(filling.sessions, 1) {
        let mut parameters: Vec<&(dyn ToSql + Sync)> = vec![&from, &to, &start_us, &step_us, &filling.events];
        if !filling.ended {
            parameters.extend([&hash as &(dyn ToSql + Sync), state, &idle, &absolute]);
        }
        client.execute(&statement, &parameters).await?;
    }
    Ok(())
}

/// The first and the last session of each statement.
fn batches(sessions: Population, rows_each: i64) -> impl Iterator<Item = (i64, i64)> {
    let (size, end) = ((ROWS_AT_ONCE / rows_each).max(1), sessions.first + sessions.count);
    (0..)
        .map(move |nth| sessions.first + nth * size)
        .take_while(move |from| *from < end)
        .map(move |from| (from, (from + size).min(end) - 1))
}
